package intake_test

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"github.com/reprise-lab/reprise/harness/intake"
)

// TestLargeSession: a session of many megabytes, with CRLF and lines of a log in the midst of its answers, is read with no
// more held than an answer. 300 MB are read with REPRISE_LARGE=300, which takes a minute or two.
func TestLargeSession(t *testing.T) {
	megabytes, err := strconv.Atoi(cmp.Or(os.Getenv("REPRISE_LARGE"), "10"))
	if err != nil || megabytes < 10 {
		t.Fatalf("REPRISE_LARGE is %q: want a number of megabytes from 10", os.Getenv("REPRISE_LARGE"))
	}
	path := filepath.Join(t.TempDir(), "session.txt")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(file)
	size, logged := 0, 0
	line := func(format string, args ...any) {
		n, err := fmt.Fprintf(w, format+"\r\n", args...)
		if err != nil {
			t.Fatal(err)
		}
		size += n
	}
	line("c1#show interfaces counters")
	for i := 0; size < megabytes<<20; i++ {
		line("Gi%d/0/%-6d %12d %12d %12d %12d", i%8, i, i*7, i*11, i%3, 0)
		if i%40 == 20 {
			line("*Mar  5 18:00:50.111: %%LINK-3-UPDOWN: Interface GigabitEthernet1/0/%d, changed state to down", i)
			logged++
		}
	}
	line("c1#show version")
	line("Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E3, RELEASE SOFTWARE (fc3)")
	line("c1#")
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	var most uint64
	o := asked(t)
	o.Visit = func(*intake.Part, *intake.Command, string) error {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapAlloc)
		return nil
	}
	im, err := grammar(t).Files([]string{path}, o)
	if err != nil {
		t.Fatal(err)
	}
	p := im.Files[0].Parts[0]
	if got, want := said(p), []string{"session ios c1 15.2(7)E3", "2 show interfaces counters: answered", fmt.Sprintf("%d show version: answered", p.Lines-1)}; !slices.Equal(got, want) || len(p.Cut) > 0 || im.Files[0].Error != "" {
		t.Errorf("%q, want %q; cut %v %s", got, want, p.Cut, im.Files[0].Error)
	}
	if c := p.Commands[0]; p.Cleaned.Interleaved != logged || c.Bytes-c.Beyond > intake.MaxAnswer || c.Beyond == 0 {
		t.Errorf("%d of %d lines of the log taken out, %d of %d bytes beyond", p.Cleaned.Interleaved, logged, c.Beyond, c.Bytes)
	}
	const bound = 256 << 20
	t.Logf("%d MB, %d lines: %d MB held at most", size>>20, p.Lines, most>>20)
	if most > bound {
		t.Errorf("%d MB are held, of a bound of %d", most>>20, bound>>20)
	}
}
