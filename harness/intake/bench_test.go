package intake_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/intake"
)

// tech is a collection of about 250 kB: a port's counters for each of many rows.
func tech(tb testing.TB) []byte {
	tb.Helper()
	var rows strings.Builder
	for i := range 3200 {
		fmt.Fprintf(&rows, "%-5d %-5s %10d %10d %10d %10d %8d %8d\n", i, "A", i*7, i*11, 0, 0, 0, i%3)
	}
	return bytes.Replace(capture(tb, "exos-x1.txt"), []byte("\n@@@ vlan:"), []byte("\n@@@ port:\n\n->show ports rxerrors no-refresh\nPort Rx Error monitor\n"+rows.String()+"\n@@@ vlan:"), 1)
}

// BenchmarkTechSupport is the import of a collection of 250 kB.
func BenchmarkTechSupport(b *testing.B) {
	data := tech(b)
	path := filepath.Join(b.TempDir(), "tech.txt")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.Fatal(err)
	}
	g := grammar(b)
	o := asked(b)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		im, err := g.Files([]string{path}, o)
		if err != nil || len(im.Files[0].Parts[0].Commands) != 9 {
			b.Fatal(err)
		}
	}
}

// BenchmarkLog is the import of a log of 32 MB, of which no more than an answer is held.
func BenchmarkLog(b *testing.B) {
	line := []byte("03/01/2026 13:58:02.11 <Noti:vlan.msgs.portLinkStateDown> Port 10 link down, as it was before\n")
	data := bytes.Repeat(line, 32<<20/len(line))
	path := filepath.Join(b.TempDir(), "log.txt")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.Fatal(err)
	}
	g := grammar(b)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := g.Files([]string{path}, intake.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
