package known_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/known"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// A run is matched by the functions that its crashes ended in, and no record of a core that is damaged keeps it from that.
func TestMatchByCrash(t *testing.T) {
	db := open(t)
	doc, err := known.ReadDocument("list.csv", []byte("id,summary,found in,fixed in\n"+
		"7001,bgpd stops when a peer sends a prefix SID (backtrace names bgp_attr_psid_sub),8.4.4,10.0\n"+
		"7002,bgpd stops when a peer sends a prefix and a router id,8.4.4,10.0\n"), known.ReadOptions{Products: products(t), Product: "frr"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Import(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
	dir := reportstest.Make(t, reportstest.Info("20260301-101500-ospf-mtu-0f0f", 1), reportstest.Trial{Verdict: evidence.Reproduced})
	trial := evidence.Dir{Path: dir}.Trial(1)
	if err := evidence.WriteJSON(trial.File("cores", "r1-bgpd.json"), evidence.Core{
		Process: "bgpd", Title: "SIGSEGV in bgp_attr_psid_sub | bgp_attr_parse | main | libc.so.6+0x3c", Signature: "x",
	}); err != nil {
		t.Fatal(err)
	}
	if err := evidence.WriteFile(trial.File("cores", "r2-cut.json"), []byte(`{"process": "b`)); err != nil {
		t.Fatal(err)
	}
	if err := evidence.WriteFile(trial.File("cores", "core.bgpd.7"), []byte("bgp_secret_key in memory")); err != nil {
		t.Fatal(err)
	}
	s := known.Subject{Products: products(t), Product: "frr", Version: "8.4.4"}
	if err := s.AddRun(dir); err != nil {
		t.Fatal(err)
	}
	const where = "trials/0001/cores/r1-bgpd.json"
	if d := cmp.Diff(map[string]string{"bgp_attr_psid_sub": where, "bgp_attr_parse": where}, s.Functions); d != "" {
		t.Errorf("functions (-want +got):\n%s", d)
	}
	if !strings.Contains(strings.Join(s.Notes, "\n"), "core record trials/0001/cores/r2-cut.json: ") {
		t.Errorf("notes %q", s.Notes)
	}
	m, err := db.Match(t.Context(), s, 3)
	if err != nil || len(m.Candidates) == 0 {
		t.Fatal(err, m)
	}
	best := m.Candidates[0]
	if best.Key != "7001" || best.Reasons[0].Says != "the crash is in bgp_attr_psid_sub, in "+where {
		t.Errorf("%s: %+v", best.Key, best.Reasons)
	}
}

// A function is named where its name stands as it is written, and not where a text has its words.
func TestMatchByNameOfFunction(t *testing.T) {
	db := open(t)
	doc, err := known.ReadDocument("list.csv", []byte("id,summary,found in,fixed in\n"+
		"7001,BGP stopped after an update,8.4.4,10.0\n"+
		"7002,The timer of bgp_stop_timer_run is late,8.4.4,10.0\n"+
		"7003,Crash in bgp_stop(),8.4.4,10.0\n"), known.ReadOptions{Products: products(t), Product: "frr"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Import(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
	s := known.Subject{Products: products(t), Product: "frr", Version: "8.4.4"}
	s.AddCore("a core", evidence.Core{Process: "bgpd", Title: "SIGSEGV in bgp_stop | main"})
	m, err := db.Match(t.Context(), s, 3)
	if err != nil || len(m.Candidates) != 1 || m.Candidates[0].Key != "7003" {
		t.Errorf("%v: %+v", err, m.Candidates)
	}
}
