package fix

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
	"github.com/reprise-lab/reprise/harness/result"
)

// chosen are the choices that flags leave as they are, but for what change does.
func chosen(change func(*choices)) choices {
	c := choices{confidence: 0.95, before: 10, maxTrials: 100, labs: 1, dir: "runs"}
	change(&c)
	return c
}

func TestVerifyFixOptions(t *testing.T) {
	type asked = clitest.Asked[verifyFixOptions]
	image := func(c *choices) { c.images = []string{"r1=x"} }
	clitest.Options(t, newVerifyFix, []asked{
		{Args: []string{"s", "--image", "r1=x"}, Want: verifyFixOptions{scenario: "s", choices: chosen(image)}},
		{Args: []string{"s", "--workaround"}, Want: verifyFixOptions{scenario: "s", choices: chosen(func(c *choices) { c.workaround = true })}},
		{
			Args: []string{"s", "--image", "r1=x", "--image", "r2=y", "--confidence", "0.99", "--before", "3", "--max-trials", "7", "--labs", "2", "--set", "r1.env.A=b", "--reset", "none", "--dir", "d", "--junit", "j.xml", "--provider", "mixed", "--trust", "env.A"},
			Want: verifyFixOptions{App: &cli.App{Trust: []string{"env.A"}}, scenario: "s", choices: choices{
				images: []string{"r1=x", "r2=y"}, set: []string{"r1.env.A=b"}, confidence: 0.99, before: 3, maxTrials: 7, labs: 2, reset: "none", dir: "d", junit: "j.xml", provider: "mixed",
			}},
		},
		{Args: []string{"--resume", "runs/r"}, Want: verifyFixOptions{resume: "runs/r", choices: chosen(func(*choices) {})}},
		{Args: nil, Err: "give a scenario, or --resume with a run directory of a comparison"},
		{Args: []string{"s", "--resume", "r"}, Err: "give a scenario, or --resume with a run directory of a comparison"},
		{Args: []string{"--resume", "r", "--before", "3"}, Err: "--before has no meaning with --resume: a comparison is gone on with by the choices that it was begun with"},
		{Args: []string{"s"}, Err: "say what is new: --image NODE=IMAGE, or --workaround alone"},
		{Args: []string{"s", "--image", "r1=x", "--workaround"}, Err: "say what is new: --image NODE=IMAGE, or --workaround alone"},
		{Args: []string{"s", "--image", "r1"}, Err: "--image r1: want NODE=IMAGE, as r1=reprise/frr:10.3"},
		{Args: []string{"s", "--image", "r1=x", "--image", "r1=y"}, Err: "--image r1=y: node r1 is given twice"},
		{Args: []string{"s", "--image", "r1=x", "--confidence", "0.9"}, Err: "--confidence 0.9: want 0.95 or 0.99"},
		{Args: []string{"s", "--image", "r1=x", "--before", "0"}, Err: "--before 0, --max-trials 100: want 1 or more, and --max-trials at least --before and at most 10000"},
		{Args: []string{"s", "--image", "r1=x", "--max-trials", "9"}, Err: "--before 10, --max-trials 9: want 1 or more, and --max-trials at least --before and at most 10000"},
	})
}

func TestRegressOptions(t *testing.T) {
	type asked = clitest.Asked[regressOptions]
	clitest.Options(t, newRegress, []asked{
		{Args: []string{"bgp,frr", "--image", "r1=x", "--labs", "2", "--trust", "labs"}, Want: regressOptions{App: &cli.App{Trust: []string{"labs"}}, which: "bgp,frr", choices: chosen(func(c *choices) {
			c.images, c.labs = []string{"r1=x"}, 2
		})}},
		{Args: []string{"a", "b"}, Err: "accepts 1 arg(s), received 2"},
		{Args: []string{"bgp"}, Err: "say what is new: --image NODE=IMAGE, or --workaround alone"},
		{Args: []string{"bgp", "--workaround"}, Err: "unknown flag: --workaround"},
		{Args: []string{"bgp", "--image", "=x"}, Err: "--image =x: want NODE=IMAGE, as r1=reprise/frr:10.3"},
	})
}

// compared are one comparison of each kind.
func compared() []result.Comparison {
	share := func(hits, of int) result.Tally { return result.Tally{Share: result.NewProportion("", hits, of)} }
	return []result.Comparison{
		{Scenario: "a", Ruling: result.Fixed, Reason: "no hit", Confidence: 0.95, Needed: 3, P: 0.05, Watched: time.Second, ControlUntried: true, Old: result.Side{Tally: share(3, 3)}, New: result.Side{Tally: share(0, 3)}},
		{Scenario: "b", Ruling: result.Changed, Reason: "it\nFIXED: died", Old: result.Side{Tally: share(3, 3)}, New: result.Side{Tally: result.Tally{Share: share(0, 0).Share, Other: 2}}},
		{Scenario: "c", Skipped: true, Reason: "it has no node r1"},
	}
}

func TestPrintVerified(t *testing.T) {
	list := compared()
	got := clitest.View(func(w io.Writer) { printVerified(w, list[0]) })
	want := "\nFIXED: no hit\nold  " + list[0].Old.Share.String() + "\nnew  " + list[0].New.Share.String() + "\nneeded 3 clean trials at 95 %; one-sided p = 0.05\nnot seen within 1s of the stimulus\nthe control was not tried\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	relief := list[0]
	relief.Relief = true
	if got := clitest.View(func(w io.Writer) { printVerified(w, relief) }); !strings.Contains(got, "\ncounted are the trials in which the problem was still there afterwards, of those that showed it") {
		t.Errorf("of a workaround it says\n%s", got)
	}
	fast := list[0]
	fast.Clock.Speed = 10
	if got := clitest.View(func(w io.Writer) { printVerified(w, fast) }); !strings.Contains(got, "\nold  "+fast.Old.Share.String()+" at speed 10\nnew  "+fast.New.Share.String()+" at speed 10\n") {
		t.Errorf("printed:\n%s", got)
	}
	got = clitest.View(func(w io.Writer) { printVerified(w, list[1]) })
	if !strings.Contains(got, "CHANGED: it\n    FIXED: died\n") || !strings.Contains(got, "; beside it 0 void, 0 unhealthy, 2 failed in another way\n") {
		t.Errorf("printed:\n%s", got)
	}
}

func TestPrintRegressed(t *testing.T) {
	got := clitest.View(func(w io.Writer) { printRegressed(w, compared()) })
	want := "\n" +
		"fixed         a                                  old 3/3   new 0/3   no hit; not seen within 1s of the stimulus; the control was not tried\n" +
		"changed       b                                  old 3/3   new 0/0   it\n    FIXED: died\n" +
		"skipped       c                                  old 0/0   new 0/0   it has no node r1\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestExitOfComparisons(t *testing.T) {
	list := compared()
	for _, tt := range []struct {
		name string
		got  int
		want int
	}{
		{"fixed", verifiedAs(list[0], nil).Exit, cli.ExitYes},
		{"changed", verifiedAs(list[1], nil).Exit, cli.ExitOther},
		{"skipped", verifiedAs(list[2], nil).Exit, cli.ExitYes},
		{"interrupted", verifiedAs(list[0], errors.Join(context.Canceled)).Exit, cli.ExitInterrupted},
		{"of all the worst", regressedAs(list).Exit, cli.ExitOther},
		{"of none", regressedAs(nil).Exit, cli.ExitInconclusive},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: exit status %d, want %d", tt.name, tt.got, tt.want)
		}
	}
}
