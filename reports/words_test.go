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

// What a scenario declares is left to it, and what a run had otherwise is said.
func TestRerunAsItWas(t *testing.T) {
	for _, c := range []struct {
		name          string
		speed         float64
		reset         string
		declared      float64
		declaredReset string
		want          string
	}{
		{"as declared", 10, "config", 10, "config", ""},
		{"real time, as declared", 0, "redeploy", 0, "redeploy", ""},
		{"real time, declared as 1", 0, "redeploy", 1, "redeploy", ""},
		{"fast", 10, "redeploy", 0, "redeploy", " --speed 10"},
		{"real time of a fast one", 0, "redeploy", 10, "redeploy", " --speed 1"},
		{"slower than declared", 2.5, "redeploy", 10, "redeploy", " --speed 2.5"},
		{"another reset", 0, "none", 0, "redeploy", " --reset none"},
		{"both", 0, "config", 5, "daemons", " --reset config --speed 1"},
		{"an older record, which knows nothing of what was declared", 0, "redeploy", 0, "", " --reset redeploy"},
	} {
		r := &reports.Run{Info: evidence.RunInfo{
			Trials: 1, Reset: c.reset, Clock: evidence.Clock{Speed: c.speed},
			Scenario: evidence.ScenarioInfo{Reset: c.declaredReset, Speed: c.declared},
		}}
		if got, want := r.Rerun(), "reprise run input/scenario.yaml --trials 1"+c.want; got != want {
			t.Errorf("%s: Rerun() = %s, want %s", c.name, got, want)
		}
	}
}
