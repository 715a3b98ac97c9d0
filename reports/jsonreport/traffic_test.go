package jsonreport_test

import (
	"encoding/json"
	"testing"

	"github.com/reprise-lab/reprise/reports/jsonreport"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// What became of a flow is in the document.
func TestTraffic(t *testing.T) {
	var doc jsonreport.Document
	data := reportstest.Render(t, reportstest.Make(t, reportstest.Info("20260301T141500Z-flow-5f6a", 1), reportstest.Flowing()), jsonreport.Write)
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	if f := doc.Trials[0].Flows; len(f) != 1 || f[0].Reading == nil || f[0].Reading.Lost != 1000 || f[0].Reading.Gap.Most != 1.02 {
		t.Errorf("%s", data)
	}
}
