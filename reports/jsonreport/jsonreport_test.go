package jsonreport_test

import (
	"encoding/json"
	"flag"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/jsonreport"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestWrite(t *testing.T) {
	for name, run := range map[string]func(testing.TB) string{"whole": reportstest.Whole, "broken-off": reportstest.BrokenOff} {
		t.Run(name, func(t *testing.T) {
			reportstest.Golden(t, name+".json", reportstest.Render(t, run(t), jsonreport.Write), *update)
		})
	}
}

func TestReadBack(t *testing.T) {
	var d jsonreport.Document
	if err := json.Unmarshal(reportstest.Render(t, reportstest.Whole(t), jsonreport.Write), &d); err != nil {
		t.Fatal(err)
	}
	if d.Reprise != jsonreport.Format || len(d.Trials) != 5 || d.Verdict.Verdict != evidence.Reproduced || d.Rate.Valid != 3 {
		t.Errorf("read back %s, %d trials, verdict %+v, rate %+v", d.Reprise, len(d.Trials), d.Verdict, d.Rate)
	}
}
