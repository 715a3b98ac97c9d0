package escalate

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/cases"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// A case whose problem was only seen at another speed is not escalated for any reason; in real time
// the reason counts, and all that is unmet stands in what is handed on.
func TestUnrealIsNotEscalated(t *testing.T) {
	run := func(speed float64) string {
		info := reportstest.Info(fmt.Sprintf("20260301T101500Z-ospf-mtu-%04d", int(speed)), 1)
		info.Clock.Speed = speed
		return reportstest.Make(t, info, reportstest.Trial{Verdict: evidence.Reproduced})
	}
	o := &escalateOptions{App: &cli.App{Out: io.Discard, Err: io.Discard}, despite: "the window is tonight"}
	for _, tt := range []struct {
		speed float64
		code  int
		says  string
	}{
		{10, cli.ExitRefused, "no reason allows it: the problem was reproduced in 1 of 1 trials "},
		{0, cli.ExitYes, ""},
	} {
		dir := t.TempDir()
		text := fmt.Sprintf("reprise: case/v1\nid: acme\ntitle: x\nstate: open\nruns:\n  - {dir: %q}\n", run(tt.speed))
		if err := os.WriteFile(filepath.Join(dir, cases.FileName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		folder, err := cases.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		e, err := owed(o, folder)
		if cli.ExitCode(err) != tt.code || err != nil && !strings.HasPrefix(err.Error(), tt.says) {
			t.Errorf("at speed %g: %v", tt.speed, err)
		}
		if err == nil && (e.Despite != o.despite || len(e.Owed) == 0) {
			t.Errorf("%+v", e)
		}
	}
}
