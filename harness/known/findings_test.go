package known_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/known"
	"github.com/reprise-lab/reprise/harness/logs"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// TestFindingsOfARun: a run is matched by the message that its failing trials alone logged, whichever these are, and by
// known bad signs; one whose findings are damaged says so, and is matched by the rest.
func TestFindingsOfARun(t *testing.T) {
	var trials []reportstest.Trial
	for i := range 10 {
		trials = append(trials, reportstest.Trial{Verdict: map[bool]evidence.Verdict{true: evidence.NotReproduced, false: evidence.Reproduced}[i < 5]})
	}
	dir := reportstest.Make(t, reportstest.Info("20260301-101500-ospf-mtu-0f0f", 10), trials...)
	const (
		start = "2026/03/01 10:15:01 OSPF: [T83RR-8SM5G] ospfd 8.4.4 starting: vty@2604\n"
		bad   = "2026/03/01 10:15:%02d OSPF: [QR85S-H564P][EC 134217740] interface eth1:10.0.0.1: ospf_check_md5 bad sequence %d (expect -1), Router-ID: 2.2.2.2\n"
		late  = "2026/03/01 10:15:%02d OSPF: [YZRX4-ZXG0C][EC 100663315] Thread Starvation: {(thread *)0x1 arg=0x0 timer  r=-4.9 x() from y.c:1} was scheduled to pop greater than 4s ago\n"
	)
	for i := range 10 {
		text := start
		if i >= 5 {
			text += fmt.Sprintf(bad, 10, i) + fmt.Sprintf(bad, 20, i) + fmt.Sprintf(late, 21) + fmt.Sprintf(late, 22) + fmt.Sprintf(late, 23)
		}
		if err := evidence.WriteFile(evidence.Dir{Path: dir}.Trial(i+1).File("logs", "r1", "ospfd.log"), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := logs.Annotate(evidence.Dir{Path: dir}); err != nil {
		t.Fatal(err)
	}
	read := func() known.Subject {
		s := known.Subject{Products: products(t), Product: "frr", Version: "8.4.4"}
		if err := s.AddRun(dir); err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := read()
	if where := s.Mnemonics["QR85S-H564P"]; where != "logs.json, in failing trials alone" {
		t.Errorf("the message of failing trials is in %q of %v", where, s.Mnemonics)
	}
	if !slices.ContainsFunc(s.Text, func(x known.Saying) bool {
		return strings.Contains(x.Text, "ospf_check_md5 bad sequence") && !strings.Contains(x.Text, "<")
	}) {
		t.Errorf("its words are not said: %+v", s.Text)
	}
	if !slices.ContainsFunc(s.Text, func(x known.Saying) bool { return x.Where == "bad sign in the logs: frr-starved" }) {
		t.Errorf("the bad sign is not said: %+v", s.Text)
	}
	if err := evidence.WriteFile(evidence.Dir{Path: dir}.File(evidence.LogFindingsFile), []byte(`{"checks": [`)); err != nil {
		t.Fatal(err)
	}
	if s = read(); !slices.ContainsFunc(s.Notes, func(n string) bool { return strings.HasPrefix(n, "logs.json: ") }) || s.Mnemonics["T83RR-8SM5G"] == "" {
		t.Errorf("notes %q, mnemonics %v", s.Notes, s.Mnemonics)
	}
}
