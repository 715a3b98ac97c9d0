package redact_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// TestCaptureDigests: a redacted capture is another file, and the record says which.
func TestCaptureDigests(t *testing.T) {
	const address, name = "62.81.14.78", "captures/r1-eth1.pcapng"
	frame := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(
		frame, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		&layers.Ethernet{SrcMAC: []byte{0, 0x1b, 0x21, 1, 2, 3}, DstMAC: []byte{0, 0x1b, 0x21, 4, 5, 6}, EthernetType: layers.EthernetTypeIPv4},
		&layers.IPv4{Version: 4, TTL: 1, Protocol: layers.IPProtocolOSPF, SrcIP: []byte{62, 81, 14, 78}, DstIP: []byte{62, 81, 14, 79}}, gopacket.Payload("12345678"),
	)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	w, err := pcapgo.NewNgWriterInterface(
		&file, pcapgo.NgInterface{Name: "r1:eth1", Filter: "host " + address, LinkType: layers.LinkTypeEthernet}, pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Comment: "of " + address}},
	)
	if err != nil {
		t.Fatal(err)
	}
	ci := gopacket.CaptureInfo{Timestamp: time.Unix(1, 0), CaptureLength: len(frame.Bytes()), Length: len(frame.Bytes())}
	if err := w.WritePacketWithOptions(ci, frame.Bytes(), pcapgo.NgPacketOptions{Comments: []string{"neighbor " + address + " is down"}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	run, err := evidence.CreateDir(t.TempDir(), "x", time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	trial := run.Trial(1)
	lines, err := evidence.CreateLines(trial.File("timeline.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	for _, sum := range []string{evidence.SHA256(file.Bytes()), evidence.SHA256(nil)} { // the second never held
		e := evidence.Event{Kind: evidence.EventCollect, Lane: "r1:eth1", Detail: "from " + address, Capture: &evidence.Capture{File: name, SHA256: sum}}
		if err := lines.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := lines.Close(); err != nil {
		t.Fatal(err)
	}
	digest, err := trial.Digest()
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		evidence.WriteFile(trial.File(filepath.FromSlash(name)), file.Bytes()), evidence.WriteJSON(run.File("run.json"), evidence.RunInfo{Reprise: evidence.Format}),
		run.AppendLedger(evidence.Entry{Trial: 1, Verdict: evidence.Reproduced, Digest: digest}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	r := newRedactor(t, owner)
	dst := filepath.Join(t.TempDir(), "out")
	if _, err := r.Dir(t.Context(), run.Path, dst); err != nil {
		t.Fatal(err)
	}
	if err := r.Gate(address).Check(t.Context(), dst); err != nil {
		t.Error(err)
	}
	out := evidence.Dir{Path: dst}
	data, err := os.ReadFile(out.Trial(1).File(filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	record, err := out.Trial(1).Read()
	if err != nil || len(record.Events) != 2 || bytes.Equal(data, file.Bytes()) {
		t.Fatalf("%d events, %v", len(record.Events), err)
	}
	if got := record.Events[0].Capture.SHA256; got != evidence.SHA256(data) {
		t.Errorf("the record says %s of another file", got)
	}
	if got := record.Events[1].Capture.SHA256; got != evidence.SHA256(nil) {
		t.Errorf("a digest that did not hold is now %s", got)
	}
	entries, err := out.Ledger()
	if now, failed := out.Trial(1).Digest(); err != nil || failed != nil || entries[0].Digest != now {
		t.Errorf("the ledger's digest is not the trial's: %v %v", err, failed)
	}
}
