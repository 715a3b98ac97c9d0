package analyse

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
)

// inLogs makes a verb below "logs".
func inLogs[O any](newVerb func(*cli.App, func(context.Context, *O) error) *cobra.Command) func(*cli.App, func(context.Context, *O) error) *cobra.Command {
	return func(a *cli.App, runF func(context.Context, *O) error) *cobra.Command {
		c := logsGroup()
		c.AddCommand(newVerb(a, runF))
		return c
	}
}

func TestLogsOptions(t *testing.T) {
	clitest.Options(t, inLogs(newLogsParse), []clitest.Asked[parseOptions]{
		{Args: []string{"parse", "a", "b", "--year", "2025"}, Want: parseOptions{files: []string{"a", "b"}, year: 2025}},
		{Args: []string{"parse"}, Err: "requires at least 1 arg(s), only received 0"},
		{Args: []string{"parse", "a", "--year", "25"}, Err: "--year 25: want 1970 to 9999"},
	})
	clitest.Options(t, inLogs(newLogsSearch), []clitest.Asked[logsSearchOptions]{
		{Args: []string{"search", "x", "runs/r", "f"}, Want: logsSearchOptions{pattern: "x", subjects: []string{"runs/r", "f"}, limit: 100}},
		{Args: []string{"search", "", "f", "--template", "0123456789ab", "--limit", "3"}, Want: logsSearchOptions{subjects: []string{"f"}, template: "0123456789ab", limit: 3}},
		{Args: []string{"search", "x"}, Err: "requires at least 2 arg(s), only received 1"},
		{Args: []string{"search", "x", "f", "--limit", "0"}, Err: "--limit 0: want 1 to 100000"},
	})
}

func TestLogsTimelineOptions(t *testing.T) {
	clitest.Options(t, inLogs(newLogsTimeline), []clitest.Asked[logsTimelineOptions]{
		{Args: []string{"timeline", "runs/r:2"}, Want: logsTimelineOptions{subjects: []string{"runs/r:2"}, limit: 1000, see: regexp.MustCompile("")}},
		{
			Args: []string{"timeline", "a", "b", "--offset", "b=-3.5s", "--limit", "7"},
			Want: logsTimelineOptions{subjects: []string{"a", "b"}, offsets: []string{"b=-3.5s"}, limit: 7, see: regexp.MustCompile(""), by: map[string]time.Duration{"b": -3500 * time.Millisecond}},
		},
		{Args: []string{"timeline"}, Err: "requires at least 1 arg(s), only received 0"},
		{Args: []string{"timeline", "a", "--limit", "0"}, Err: "--limit 0: want 1 to 200000"},
		{Args: []string{"timeline", "a", "--offset", "b"}, Err: "--offset b: want FILE=DURATION, as core2.log=-3.5s for a clock that is 3.5 s ahead"},
		{Args: []string{"timeline", "a", "--grep", "("}, Err: "--grep: error parsing regexp: missing closing ): `(`"},
	})
}

func TestLogsCheckOptions(t *testing.T) {
	clitest.Options(t, inLogs(newLogsCheck), []clitest.Asked[logsCheckOptions]{
		{Args: []string{"check", "runs/r", "f"}, Want: logsCheckOptions{subjects: []string{"runs/r", "f"}}},
		{Args: []string{"check"}, Err: "requires at least 1 arg(s), only received 0"},
	})
}

func TestLogsDiffOptions(t *testing.T) {
	clitest.Options(t, inLogs(newLogsDiff), []clitest.Asked[logsDiffOptions]{
		{Args: []string{"diff", "r", "--against", "c"}, Want: logsDiffOptions{runs: []string{"r"}, against: []string{"c"}, limit: 20}},
		{Args: []string{"diff", "--failing", "a", "--clean", "b", "--limit", "5"}, Want: logsDiffOptions{failing: "a", clean: "b", limit: 5}},
		{Args: []string{"diff", "r", "--window", "-5s..30s"}, Want: logsDiffOptions{runs: []string{"r"}, window: "-5s..30s", limit: 20, bounds: &[2]time.Duration{-5 * time.Second, 30 * time.Second}}},
		{Args: []string{"diff"}, Err: "what is compared? name a run, or --failing and --clean"},
		{Args: []string{"diff", "--failing", "a"}, Err: "--failing and --clean go together: a folder of logs each"},
		{Args: []string{"diff", "r", "--failing", "a", "--clean", "b"}, Err: "either runs, or --failing and --clean"},
		{Args: []string{"diff", "r", "--window", "30s"}, Err: "--window 30s: want two times since the stimulus, as -5s..30s"},
		{Args: []string{"diff", "r", "--limit", "0"}, Err: "--limit 0: want 1 to 10000"},
	})
}

// TestLogsStatus: the answer is the exit status.
func TestLogsStatus(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"good": "2026-03-01 10:00:00 <INFO> it works\n", "none": "no format\n", "bug": "2026-03-01 10:00:00 <BUG> x\n", "bad/1": "2026-03-01 10:00:00 <WARN> it fails\n", "clean/1": "2026-03-01 10:00:00 <INFO> it works\n"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"parse", "good"}, cli.ExitYes},
		{[]string{"parse", "none"}, cli.ExitNo},
		{[]string{"parse", "absent"}, cli.ExitInput},
		{[]string{"search", "works", "good"}, cli.ExitYes},
		{[]string{"search", "fails", "good"}, cli.ExitNo},
		{[]string{"search", "(", "good"}, cli.ExitInput},
		{[]string{"search", "x", "absent"}, cli.ExitInput},
		{[]string{"check", "good"}, cli.ExitYes},
		{[]string{"check", "none"}, cli.ExitInconclusive},
		{[]string{"check", "bug"}, cli.ExitNo},
		{[]string{"check", "absent"}, cli.ExitInput},
		{[]string{"check", "bad"}, cli.ExitInput}, // a folder that is no run
		{[]string{"diff", "absent"}, cli.ExitInput},
		{[]string{"diff", "--failing", "bad", "--clean", "clean"}, cli.ExitInconclusive},
	} {
		cmd := newLogs(&cli.App{Out: t.Output(), Err: t.Output()})
		cmd.SetArgs(c.args)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		if got := cli.ExitCode(cmd.ExecuteContext(t.Context())); got != c.want {
			t.Errorf("%v: status %d, want %d", c.args, got, c.want)
		}
	}
}
