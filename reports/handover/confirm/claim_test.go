package confirm_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
	"github.com/reprise-lab/reprise/reports/handover/confirm"
)

// handedOn is a claim of three trials, two of which show it.
func handedOn() bundle.Claim {
	trials := []bundle.TrialClaim{{Number: 1, Verdict: evidence.Reproduced}, {Number: 2, Verdict: evidence.NotReproduced}, {Number: 3, Verdict: evidence.Reproduced}, {Number: 4, Verdict: evidence.Inconclusive}}
	return bundle.Claim{Runs: []bundle.RunClaim{{
		ID: "run-1", Scenario: "s", Variant: evidence.VariantMain, Run: "d1", Trials: trials, Failures: []bundle.FailureSignature{{ID: "b"}, {ID: "a"}},
	}}}
}

func TestShownOf(t *testing.T) {
	got := confirm.ShownOf(handedOn().Runs[0])
	interval := got.Interval
	got.Interval = [2]float64{}
	want := confirm.Shown{Scenario: "s", Run: "run-1", Digest: "d1", Reproduced: 2, Valid: 3, Signatures: []string{"a", "b"}}
	if d := cmp.Diff(want, got); d != "" || interval[0] <= 0 || interval[1] >= 1 || interval[0] >= interval[1] {
		t.Errorf("%s interval %v", d, interval)
	}
	if none := confirm.ShownOf(bundle.RunClaim{}); none.Interval != [2]float64{} || none.Signatures == nil {
		t.Errorf("of a run without trials: %+v", none)
	}
}

// A confirmation answers what was claimed, to the last figure.
func TestAnswers(t *testing.T) {
	claim := handedOn()
	withControl := handedOn()
	withControl.Runs = append(withControl.Runs, bundle.RunClaim{Variant: evidence.VariantControl})
	const otherwise = "it does not repeat what the bundle claims"
	for _, tt := range []struct {
		name   string
		claim  bundle.Claim
		change func(*confirm.Shown)
		want   string
	}{
		{"the claim", claim, func(*confirm.Shown) {}, ""},
		{"another run", claim, func(s *confirm.Shown) { s.Run = "run-2" }, otherwise},
		{"another digest", claim, func(s *confirm.Shown) { s.Digest = "d2" }, otherwise},
		{"more hits", claim, func(s *confirm.Shown) { s.Reproduced = 3 }, otherwise},
		{"more trials", claim, func(s *confirm.Shown) { s.Valid = 4 }, otherwise},
		{"another clock", claim, func(s *confirm.Shown) { s.Clock.Speed = 10 }, otherwise},
		{"a narrower interval", claim, func(s *confirm.Shown) { s.Interval[0] += 0.1 }, otherwise},
		{"no run of the scenario", bundle.Claim{}, func(*confirm.Shown) {}, otherwise},
		{"with its control", withControl, func(s *confirm.Shown) { s.HasControl = true }, ""},
		{"without its control", withControl, func(*confirm.Shown) {}, "it says nothing of the control, which the bundle has a run of"},
	} {
		c := confirm.Confirmation{Claim: confirm.ShownOf(claim.Runs[0])}
		tt.change(&c.Claim)
		err := c.Answers(tt.claim)
		if (err == nil) != (tt.want == "") || err != nil && err.Error() != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestDifferences(t *testing.T) {
	info := func(change func(*evidence.RunInfo)) evidence.RunInfo {
		i := evidence.RunInfo{
			Fidelity: "container", Reset: "none", Labs: 2, Host: evidence.HostInfo{OS: "Debian 12", Kernel: "6.1.0-28-amd64", Arch: "amd64", CPUs: 4, Engine: "28"}, Tool: evidence.Tool{Version: "v1"},
			Nodes: []evidence.NodeInfo{{Name: "r1", Platform: "frr", Image: "x:1", Digest: "d1", Packages: map[string]string{"frr": "8.4.4"}}},
		}
		if change != nil {
			change(&i)
		}
		return i
	}
	for _, tt := range []struct {
		name   string
		change func(*evidence.RunInfo)
		want   []confirm.Difference
	}{
		{"none", nil, nil},
		{"the lab", func(i *evidence.RunInfo) { i.Fidelity = "vm" }, []confirm.Difference{{What: "the kind of lab", Claim: "container", Here: "vm", Matters: true}}},
		{"the image", func(i *evidence.RunInfo) { i.Nodes[0].Image = "x:2" }, []confirm.Difference{{What: "the image of r1", Claim: "frr x:1", Here: "frr x:2", Matters: true}}},
		{"a package", func(i *evidence.RunInfo) { i.Nodes[0].Packages = map[string]string{"frr": "8.5"} }, []confirm.Difference{{What: "the package frr of r1", Claim: "8.4.4", Here: "8.5", Matters: true}}},
		{"another build of the same", func(i *evidence.RunInfo) { i.Nodes[0].Digest = "d2" }, []confirm.Difference{{What: "the build of r1's image", Claim: "d1", Here: "d2"}}},
		{"another build, which does not say of what", func(i *evidence.RunInfo) { i.Nodes[0].Digest, i.Nodes[0].Packages = "d2", nil }, []confirm.Difference{{What: "the build of r1's image", Claim: "d1", Here: "d2", Matters: true}}},
		{"a kernel's fix", func(i *evidence.RunInfo) { i.Host.Kernel = "6.1.9" }, []confirm.Difference{{What: "kernel", Claim: "6.1.0-28-amd64", Here: "6.1.9"}}},
		{"another kernel", func(i *evidence.RunInfo) { i.Host.Kernel = "6.12.1" }, []confirm.Difference{{What: "kernel", Claim: "6.1.0-28-amd64", Here: "6.12.1", Matters: true}}},
		{"how it was run", func(i *evidence.RunInfo) { i.Reset, i.Labs = "config", 1 }, []confirm.Difference{{What: "reset", Claim: "none", Here: "config", Matters: true}, {What: "labs side by side", Claim: "2", Here: "1", Matters: true}}},
		{"what is of no matter", func(i *evidence.RunInfo) { i.Host.CPUs, i.Host.Engine = 8, "29" }, []confirm.Difference{{What: "processors", Claim: "4", Here: "8"}, {What: "engine", Claim: "28", Here: "29"}}},
	} {
		if d := cmp.Diff(tt.want, confirm.Differences(info(nil), info(tt.change))); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
	segment := info(func(i *evidence.RunInfo) { i.Nodes = append(i.Nodes, evidence.NodeInfo{Name: "lan", Segment: true}) })
	if d := confirm.Differences(info(nil), segment); len(d) != 0 {
		t.Errorf("a segment runs nothing: %v", d)
	}
}
