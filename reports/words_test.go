package reports_test

import (
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
)

func TestSpan(t *testing.T) {
	for in, want := range map[time.Duration]string{
		20 * time.Microsecond: "20 µs", 15 * time.Millisecond: "15 ms", 31825 * time.Millisecond: "31.8 s",
		125 * time.Second: "2 min 5 s", 90 * time.Minute: "1 h 30 min",
	} {
		if got := reports.Span(in); got != want {
			t.Errorf("Span(%d) = %q, want %q", in, got, want)
		}
	}
}

func TestVersion(t *testing.T) {
	for in, want := range map[string]string{
		"reprise/frr:8.4.4": "8.4.4", "host:5000/frr": "", "host:5000/frr:9": "9", "frr@sha256:ab": "", "frr:9@sha256:ab": "9", "": "",
	} {
		if got := reports.Version(in); got != want {
			t.Errorf("Version(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestRerun(t *testing.T) {
	r := &reports.Run{Info: evidence.RunInfo{
		Trials: 3, Labs: 2, Variant: evidence.VariantControl,
		Set: map[string]string{"r1.image": "a:1", "title": "it's; rm -rf $HOME"}, Scenario: evidence.ScenarioInfo{File: "my case.yaml"},
	}}
	want := `reprise run 'input/my case.yaml' --trials 3 --labs 2 --control --set r1.image=a:1 --set 'title=it'\''s; rm -rf $HOME'`
	if got := r.Rerun(); got != want {
		t.Errorf("Rerun() = %s, want %s", got, want)
	}
}
