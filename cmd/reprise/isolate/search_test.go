package isolate

import (
	"errors"
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
