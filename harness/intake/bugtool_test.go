package intake_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// bugtool is a report of Open vSwitch's own collector, packed as that packs it.
func bugtool(tb testing.TB) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range txtar.Parse(capture(tb, "ovs-bugtool.txtar")).Files {
		if err := w.WriteHeader(&tar.Header{Name: f.Name, Mode: 0o600, Size: int64(len(f.Data)), Format: tar.FormatUSTAR}); err != nil {
			tb.Fatal(err)
		}
		if _, err := w.Write(f.Data); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return gzipped(tb, b.Bytes())
}

// TestBugtool: each file of a report is the answer of one command, or one of the machine's files, and all are of one
// device.
func TestBugtool(t *testing.T) {
	want := [][]string{
		{"support-bundle ovs ovs5 3.1.0", "1 ovs-vsctl show: answered"},
		{"support-bundle ovs ovs5", "1 ovs-ofctl dump-flows br0: answered"},
		{"support-bundle ovs ovs5", "1 ovs-appctl lacp/show: answered"},
		{"support-bundle ovs ovs5", "1 ovs-appctl fdb/show br0: answered"},
		{"support-bundle ovs ovs5", "1 ovs-dpctl show -s: answered"},
		{"support-bundle ovs ovs5", "1 ip addr show: answered"},
		{"support-bundle ovs ovs5", "1 tc -s qdisc: answered"},
		{"support-bundle ovs ovs5", "1 inventory.xml: answered"},
		{"log  ovs5", "1 log: answered"},
		{"support-bundle ovs ovs5", "1 cat /proc/net/softnet_stat: answered"},
	}
	data := bugtool(t)
	for name, packed := range map[string][]byte{"r.tgz": data, "in.zip": zipped(t, "r.tgz", data), "r.tar": unzipped(t, data), "in.tgz": gzipped(t, tarred(t, "case/r.tgz", data))} {
		f := imported(t, name, packed)
		var got [][]string
		for _, p := range f.Parts {
			got = append(got, said(p))
			if len(p.Cut) > 0 || p.NotUnderstood > 0 {
				t.Errorf("%s, %s: cut %v, not understood %v", name, p.Name, p.Cut, p.Examples)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || f.Error != "" {
			t.Errorf("%s: %s %s", name, f.Error, diff)
		}
	}
}

// TestBugtoolCut: of a report that ends anywhere, what came before is there, or that nothing did is told.
func TestBugtoolCut(t *testing.T) {
	data := bugtool(t)
	whole := len(imported(t, "r.tgz", data).Parts)
	most := 0
	for at := 20; at < len(data)-9; at += len(data) / 40 {
		f := imported(t, "r.tgz", data[:at])
		if at > len(data)*9/10 && len(f.Parts) < whole/2 {
			t.Errorf("cut at %d of %d: %d of %d parts", at, len(data), len(f.Parts), whole)
		}
		if f.Error == "" {
			t.Errorf("cut at %d: %d parts, and not told", at, len(f.Parts))
		}
		most = max(most, len(f.Parts))
	}
	t.Logf("%d of %d parts came back of the longest cut", most, whole)
}

// unzipped is the tar within.
func unzipped(tb testing.TB, data []byte) []byte {
	tb.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		tb.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		tb.Fatal(err)
	}
	return plain
}
