package evidence_test

import (
	"os"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// A core file that is read later gives the death of its own process another name, and no other death.
func TestDeathsNamedByCores(t *testing.T) {
	dir := evidence.TrialDir{Dir: evidence.Dir{Path: t.TempDir()}, Number: 1}
	lines := []string{
		`{"kind":"death","lane":"r1","name":"bgpd","failure":{"title":"bgpd: SIGSEGV","kind":"crash","process":"bgpd","node":"r1"}}`,
		`{"kind":"death","lane":"r2","name":"bgpd","failure":{"title":"bgpd: SIGSEGV","kind":"crash","process":"bgpd","node":"r2"}}`,
		`{"kind":"death","lane":"r1","name":"bgpd","failure":{"title":"bgpd: SIGSEGV","kind":"crash","process":"bgpd","node":"r1"}}`,
		`{"kind":"collect","lane":"r1","failure":{"title":"bgpd: SIGSEGV in f()","kind":"crash","process":"bgpd","node":"r1","alt":["bgpd: SIGSEGV"]}}`,
		`{"kind":"collect","lane":"r1","failure":{"title":"bgpd: SIGSEGV in g()","kind":"crash","process":"bgpd","node":"r1","alt":["bgpd: SIGSEGV"]}}`,
		`{"kind":"death","lane":"r1","name":"bgpd","failure":{"title":"bgpd: SIGSEGV","kind":"crash","process":"bgpd","node":"r1"}}`,
	}
	if err := os.WriteFile(dir.File("timeline.ndjson"), []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir.File("observations.ndjson"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := dir.Read()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range r.Events {
		if e.Kind == evidence.EventDeath {
			got = append(got, e.Failed().String())
		}
	}
	want := "r1: bgpd: SIGSEGV in f(), r2: bgpd: SIGSEGV, r1: bgpd: SIGSEGV in g(), r1: bgpd: SIGSEGV"
	if strings.Join(got, ", ") != want {
		t.Errorf("%s\nwant %s", strings.Join(got, ", "), want)
	}
}
