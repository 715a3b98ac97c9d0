package cli_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/topologies"
)

// An answer is no failure and prints nothing; a failure beside one is printed, and there is no answer.
func TestPrintError(t *testing.T) {
	t.Parallel()
	broken := errors.New("the engine went away")
	for _, tt := range []struct {
		name string
		err  error
		want string
		exit int
	}{
		{"nothing", nil, "", cli.ExitYes},
		{"a node without an image", fmt.Errorf("node r1: %w", topologies.ErrNoImage), "node r1: no image is given\n", cli.ExitInput},
		{"an answer", cli.Answer(cli.ExitNo), "", cli.ExitNo},
		{"a failure", broken, "the engine went away\n", cli.ExitInconclusive},
		{"a failure beside an answer", errors.Join(broken, cli.Answer(cli.ExitNo)), "the engine went away\n", cli.ExitInconclusive},
		{"a coded one beside an answer", errors.Join(cli.WithCode(cli.ExitInterrupted, broken), nil, cli.Answer(cli.ExitNo)), "the engine went away\n", cli.ExitInterrupted},
		{"one behind an answer", errors.Join(cli.Answer(cli.ExitNo), errors.Join(nil, broken)), "the engine went away\n", cli.ExitInconclusive},
	} {
		var out strings.Builder
		if cli.PrintError(&out, tt.err, false); out.String() != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, out.String(), tt.want)
		}
		if exit := cli.ExitCode(tt.err); exit != tt.exit {
			t.Errorf("%s: exit status %d, want %d", tt.name, exit, tt.exit)
		}
	}
}
