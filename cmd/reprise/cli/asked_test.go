package cli_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies/origin"
)

// What a run directory says of how it is gone on with is refused where it is not this machine's, or names what
// it may not.
func TestOpenAskedRefuses(t *testing.T) {
	asked := func(text string) string {
		dir := filepath.Join(t.TempDir(), "run")
		if err := evidence.WriteFile(filepath.Join(dir, "asked.json"), []byte(text)); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	foreign := asked(`{"verb": "rate", "choices": {}, "sides": [{"side": "main", "run": "run"}]}`)
	if err := origin.Write(foreign, strings.Repeat("a", 64)); err != nil {
		t.Fatal(err)
	}
	for says, dir := range map[string]string{
		"it has no asked.json":           t.TempDir(),
		"was made by reprise verify-fix": asked(`{"verb": "verify-fix"}`),
		"asked.json":                     asked(`{"verb": `),
		"which is no run beside it":      asked(`{"verb": "rate", "choices": {}, "sides": [{"side": "main", "run": "../x"}]}`),
		`has no side "main"`:             asked(`{"verb": "rate", "choices": {}, "sides": []}`),
		"came out of a bundle":           foreign,
		"cannot unmarshal":               asked(`{"verb": "rate", "choices": {"n": "x"}, "sides": []}`),
	} {
		var choices struct {
			N int `json:"n"`
		}
		if _, err := new(cli.App).OpenAsked("rate", dir, &choices, "main"); err == nil || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%v, want …%s…", err, says)
		}
	}
	for labs, fine := range map[int]bool{0: false, 1: true, 64: true, 65: false} {
		if err := cli.CheckLabs(labs); (err == nil) != fine {
			t.Errorf("%d labs: %v", labs, err)
		}
	}
}
