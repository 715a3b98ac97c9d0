package experiment_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/result/resulttest"
)

// hello is a Hello of OSPF (RFC 2328, A.3.2) with an interval of 5 s, as it goes over a cable.
const hello = "01005e000005" + "020000000001" + "0800" +
	"45c00040000100000159aead0a000001e0000005" +
	"0201002c01010101" + "00000000000000000000000000000000" + "ffffff00" + "0005" + "02" + "01" + "00000014" + "0a000001" + "00000000"

// capture is a pcapng file of so many frames of ARP and then the Hello.
func capture(t *testing.T, before int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriter(&b, layers.LinkTypeEthernet)
	if err != nil {
		t.Fatal(err)
	}
	arp := "ffffffffffff" + "020000000001" + "0806" + "0001080006040001" + "0200000000010a000001" + "0000000000000a000002"
	for _, text := range append(slices.Repeat([]string{arp}, before), hello) {
		data, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: time.Unix(1, 0), CaptureLength: len(data), Length: len(data)}, data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The frames that decided a cell are decoded from the captures below the matrix's folder, and from no other.
func TestDecodeDecisive(t *testing.T) {
	whole := capture(t, 6)
	outside := filepath.Join(t.TempDir(), "x.pcapng")
	if err := os.WriteFile(outside, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		put    func(file string) error
		frames []int
		want   []bool
	}{
		{"whole", func(f string) error { return os.WriteFile(f, whole, 0o600) }, []int{7, 1}, []bool{true, true}},
		{"a frame that is not there", func(f string) error { return os.WriteFile(f, whole, 0o600) }, []int{8, 7}, []bool{false, true}},
		{"cut off", func(f string) error { return os.WriteFile(f, whole[:len(whole)-20], 0o600) }, []int{7, 2}, []bool{false, true}},
		{"no capture", func(f string) error { return os.WriteFile(f, []byte("text"), 0o600) }, []int{7}, []bool{false}},
		{"a link out of it", func(f string) error { return os.Symlink(outside, f) }, []int{7}, []bool{false}},
		{"nothing", func(string) error { return nil }, []int{7}, []bool{false}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := resulttest.Matrix(3, 4)
			c := resulttest.Of(t, m, "test-03[dut=frr@9.1,peer=bird@8.1]")
			c.Decisive = nil
			for _, n := range tt.frames {
				c.Decisive = append(c.Decisive, result.Decisive{Capture: "trials/0001/captures/r1.pcapng", Frame: n, Words: "a frame"})
			}
			dir := resulttest.Write(t, m)
			file := filepath.Join(dir, c.Run, "trials/0001/captures/r1.pcapng")
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := tt.put(file); err != nil {
				t.Fatal(err)
			}
			if err := experiment.DecodeDecisive(dir, m); err != nil {
				t.Fatal(err)
			}
			for i, d := range c.Decisive {
				if (d.Seen != nil) != tt.want[i] {
					t.Fatalf("frame %d: seen %+v", d.Frame, d.Seen)
				}
				if d.Frame != 7 || d.Seen == nil {
					continue
				}
				interval := slices.IndexFunc(d.Seen.Layout, func(f evidence.FrameField) bool { return f.Name == "HelloInterval" })
				if d.Seen.Number != 7 || !strings.HasPrefix(d.Seen.Summary, "OSPF hello") || interval < 0 || d.Seen.Layout[interval].Value != "5" {
					t.Errorf("the Hello is %+v", d.Seen)
				}
			}
		})
	}
}
