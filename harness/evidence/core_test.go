package evidence_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// A core file that is read later gives the death of its own process another name, and no other death.
func TestDeathsNamedByCores(t *testing.T) {
	dir := evidence.TrialDir{Dir: evidence.Dir{Path: t.TempDir()}, Number: 1}
	died := func(node, detail string) string {
		return fmt.Sprintf(`{"kind":"death","lane":%[1]q,"name":"bgpd","detail":%[2]q,"failure":{"title":"bgpd: SIGSEGV","kind":"crash","process":"bgpd","node":%[1]q}}`, node, detail)
	}
	told := func(core, function string) string {
		return fmt.Sprintf(`{"kind":"collect","lane":"r1","ref":%q,"failure":{"title":"bgpd: SIGSEGV in %s()","kind":"crash","process":"bgpd","node":"r1","alt":["bgpd: SIGSEGV"]}}`, core, function)
	}
	lines := []string{
		died("r1", "SIGSEGV, no core file: its limit is 0, last words: dumped, core /c/core.bgpd.7, core /c/core.bgpd.9"),
		strings.Replace(died("r1", "SIGSEGV"), `"node":"r1"}}`, `"node":"r1","core":"/c/core.bgpd.9"}}`, 1),
		died("r1", "SIGSEGV, core /c/core.bgpd.7, last words: x"),
		died("r2", "SIGSEGV, core /c/core.bgpd.7, last words: x"),
		died("r1", "SIGSEGV, core /c/core.bgpd.77"),
		told("/c/core.bgpd.77", "g"), told("/c/core.bgpd.7", "f"), told("", "h"), told("/c/core.bgpd.9", "k"),
		died("r1", "SIGSEGV, core /c/core.bgpd.7, last words: x"),
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
	want := "r1: bgpd: SIGSEGV, r1: bgpd: SIGSEGV in k(), r1: bgpd: SIGSEGV in f(), r2: bgpd: SIGSEGV, r1: bgpd: SIGSEGV in g(), r1: bgpd: SIGSEGV"
	if strings.Join(got, ", ") != want {
		t.Errorf("%s\nwant %s", strings.Join(got, ", "), want)
	}
}
