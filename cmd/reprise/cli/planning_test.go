package cli

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// A plan says what will be done, node by node and step by step, and what this machine lacks.
func TestPrintPlan(t *testing.T) {
	a := &App{Out: io.Discard, Err: io.Discard}
	p, err := a.Plan("bird-case-empty-crash", &PlanFlags{Trials: 3, Labs: 2, Control: true, Reset: "redeploy"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	printPlan(&out, p, plannedAs(p, "no image"))
	for _, want := range []string{
		"bird-case-empty-crash: A filter with an empty case branch crashes BIRD when it is loaded (control)\n",
		"  node      a          dut     bird   ",
		"  baseline  a: ",
		"  stimulus  ",
		"  symptom   a: ",
		"  control   ",
		"3 trials in 2 labs, reset redeploy; the windows of one trial last ",
		"\nit cannot be run here as it is: no image\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
	if got := plannedAs(p, ""); got.Variant != string(evidence.VariantControl) || got.Trials != 3 || got.Labs != 2 || len(got.Nodes) != 1 || got.Lacks != "" {
		t.Errorf("for machines: %+v", got)
	}
}

// Plans refuse what no flag may say.
func TestPlanFlags(t *testing.T) {
	a := &App{Out: io.Discard, Err: io.Discard}
	for _, tt := range []struct {
		flags PlanFlags
		want  string
	}{
		{PlanFlags{Labs: 0}, "--trials takes 1 to 10000, --labs 1 to 64"},
		{PlanFlags{Labs: 65}, "--trials takes 1 to 10000, --labs 1 to 64"},
		{PlanFlags{Labs: 1, Reset: "wash"}, "--reset wash: want "},
		{PlanFlags{Labs: 1, Set: []string{"r1.image"}}, "--set r1.image: want node.field=value"},
	} {
		if _, err := a.Plan("bird-case-empty-crash", &tt.flags); err == nil || !strings.HasPrefix(err.Error(), tt.want) || ExitCode(err) != ExitInput {
			t.Errorf("%+v: %v", tt.flags, err)
		}
	}
}

func TestPrintBuilt(t *testing.T) {
	for _, tt := range []struct {
		b    Built
		want string
	}{
		{Built{evidence.Tool{Name: "reprise", Version: "v1", Revision: "abc", Go: "go1.26"}, "linux", "amd64"}, "reprise v1 (revision abc, go1.26, linux/amd64)\n"},
		{Built{evidence.Tool{Name: "reprise", Version: "devel", Go: "go1.26"}, "linux", "arm64"}, "reprise devel (go1.26, linux/arm64)\n"},
	} {
		var out bytes.Buffer
		if printBuilt(&out, tt.b); out.String() != tt.want {
			t.Errorf("printed %q", out.String())
		}
	}
}
