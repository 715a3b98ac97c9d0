package isolate

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/result"
)

// A problem that shows only now and then is not cut by one run each, and who asked for that reads why.
func TestSearchErrorOfOneRun(t *testing.T) {
	sometimes := &isolate.SometimesError{Measured: result.Count{Hits: 2, Misses: 2, Invalid: 1}}
	err := searchError(t.Context(), &cli.Testbed{}, "isolate", evidence.Dir{}, errors.Join(sometimes, nil))
	const want = "--one-run is for a problem that shows every time: it showed in 2 of 4; leave it out"
	if err == nil || err.Error() != want || cli.ExitCode(err) != cli.ExitInconclusive {
		t.Errorf("%v, status %d", err, cli.ExitCode(err))
	}
}

// A search that ended without its answer is a document for machines all the same; people read why on standard error.
func TestShowBroken(t *testing.T) {
	for name, tt := range map[string]struct {
		json bool
		dir  string
		want string
	}{
		"for machines":      {true, "d", `"reason": "it does not show"`},
		"for people":        {false, "d", ""},
		"nothing was begun": {true, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := showBroken(&cli.App{Out: &out, JSON: tt.json}, result.Bisection{Dir: tt.dir, Reason: "it does not show"}, tt.dir)
			if err != nil || (tt.want == "") != (out.Len() == 0) || !strings.Contains(out.String(), tt.want) {
				t.Errorf("%q, %v", out.String(), err)
			}
		})
	}
}
