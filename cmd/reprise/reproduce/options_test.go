package reproduce

import (
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
)

func TestRunOptions(t *testing.T) {
	type asked = clitest.Asked[runOptions]
	const kept = "--keep is for labs of containers: real devices are always given back (reprise lab reserve takes them by hand)"
	clitest.Options(t, newRun, []asked{
		{Args: []string{"s"}, Want: runOptions{scenario: "s", PlanFlags: cli.PlanFlags{Labs: 1}, dir: "runs"}},
		{
			Args: []string{"s", "-n", "4", "--labs", "2", "--control", "--set", "r1.image=x", "--set", "r1.env.A=b", "--reset", "none", "--dir", "d", "--keep", "--all", "--pull", "--provider", "namespaces", "--trust", "env.A,labs"},
			Want: runOptions{
				App: &cli.App{Trust: []string{"env.A", "labs"}}, scenario: "s", dir: "d", keep: true, all: true, pull: true,
				PlanFlags: cli.PlanFlags{Trials: 4, Labs: 2, Control: true, Set: []string{"r1.image=x", "r1.env.A=b"}, Reset: "none"},
				lab:       cli.LabFlags{Provider: "namespaces"},
			},
		},
		{
			Args: []string{"s", "--lab", "lab.yaml", "--wait", "--priority", "3", "--accept-new", "--dry-run", "--keep"},
			Want: runOptions{scenario: "s", PlanFlags: cli.PlanFlags{Labs: 1}, dir: "runs", dryRun: true, keep: true, lab: cli.LabFlags{File: "lab.yaml", Wait: true, Priority: 3, AcceptNew: true}},
		},
		{Args: []string{"s", "--lab", "lab.yaml", "--rehearse"}, Want: runOptions{scenario: "s", PlanFlags: cli.PlanFlags{Labs: 1}, dir: "runs", rehearse: true, lab: cli.LabFlags{File: "lab.yaml"}}},
		{Args: []string{"s", "--lab", "lab.yaml", "--keep"}, Err: kept},
		{Args: nil, Err: "accepts 1 arg(s), received 0"},
		{Args: []string{"s", "--trials", "0"}, Err: `invalid argument "0" for "-n, --trials" flag: want 1 to 10000`},
		{Args: []string{"s", "--labs", "many"}, Err: `invalid argument "many" for "--labs" flag: strconv.ParseInt: parsing "many": invalid syntax`},
	})
}

func TestDemoOptions(t *testing.T) {
	type asked = clitest.Asked[runOptions]
	clitest.Options(t, newDemo, []asked{
		{Args: nil, Want: runOptions{scenario: demoScenario, PlanFlags: cli.PlanFlags{Trials: 2, Labs: 2}, dir: "runs"}},
		{Args: []string{"-n", "1", "--dir", "d"}, Want: runOptions{scenario: demoScenario, PlanFlags: cli.PlanFlags{Trials: 1, Labs: 2}, dir: "d"}},
		{Args: []string{"s"}, Err: `unknown command "s" for "demo"`},
	})
}

func TestRateOptions(t *testing.T) {
	type asked = clitest.Asked[rateOptions]
	const one = "--trials, --target-width and --sprt are three rules: give one"
	const chosen = "--choose-reset takes --trials, the valid trials of each reset; --target-width, --sprt, --reset and --control-trials have no meaning with it"
	const speed = "--choose-speed takes --trials, the valid trials of each speed; --target-width, --sprt, --speed and --control-trials have no meaning with it"
	clitest.Options(t, newRate, []asked{
		{Args: []string{"s"}, Want: rateOptions{rateChoices: rateChoices{Max: 200, Controls: -1, Labs: 1}, scenario: "s", dir: "runs"}},
		{Args: []string{"--resume", "runs/r"}, Want: rateOptions{rateChoices: rateChoices{Max: 200, Controls: -1, Labs: 1}, resume: "runs/r", dir: "runs"}},
		{Args: nil, Err: "give a scenario, or --resume with a run directory of a measurement"},
		{Args: []string{"--resume", "r", "--trials", "3"}, Err: "--trials has no meaning with --resume: a measurement is gone on with by the choices that it was begun with"},
		{
			Args: []string{"s", "--target-width", "0.3", "--max-trials", "50", "--control-trials", "0", "--labs", "2", "--set", "r1.image=x", "--reset", "none", "--dir", "d", "--provider", "containers", "--trust", "labs"},
			Want: rateOptions{App: &cli.App{Trust: []string{"labs"}}, rateChoices: rateChoices{Width: 0.3, Max: 50, Labs: 2}, lab: cli.LabFlags{Provider: "containers"}, scenario: "s", set: []string{"r1.image=x"}, reset: "none", dir: "d"},
		},
		{Args: []string{"s", "--sprt", "0.05, 0.5"}, Want: rateOptions{rateChoices: rateChoices{SPRT: "0.05, 0.5", Max: 200, Controls: -1, Labs: 1}, scenario: "s", dir: "runs"}},
		{Args: []string{"s", "--choose-reset", "-n", "7"}, Want: rateOptions{rateChoices: rateChoices{Trials: 7, Max: 200, Controls: -1, Labs: 1}, scenario: "s", chooseReset: true, dir: "runs"}},
		{Args: []string{"s", "--choose-speed", "--reset", "none"}, Want: rateOptions{rateChoices: rateChoices{Max: 200, Controls: -1, Labs: 1}, scenario: "s", chooseSpeed: true, reset: "none", dir: "runs"}},
		{Args: []string{"s", "--speed", "auto"}, Want: rateOptions{rateChoices: rateChoices{Max: 200, Controls: -1, Labs: 1}, scenario: "s", speed: cli.AutoSpeed, dir: "runs"}},
		{Args: []string{"s", "-n", "5", "--sprt", "0.1,0.5"}, Err: one},
		{Args: []string{"s", "--target-width", "0.3", "--sprt", "0.1,0.5"}, Err: one},
		{Args: []string{"s", "--max-trials", "0"}, Err: "--trials and --max-trials take 1 to 10000"},
		{Args: []string{"s", "--target-width", "0"}, Err: "--target-width 0: want 0.05 to 1"},
		{Args: []string{"s", "--sprt", ""}, Err: "--sprt : want p0,p1 with 0 < p0 < p1 < 1, as 0.05,0.5"},
		{Args: []string{"s", "--target-width", "NaN"}, Err: "--target-width NaN: want 0.05 to 1"},
		{Args: []string{"s", "--target-width", "0.01"}, Err: "--target-width 0.01: want 0.05 to 1"},
		{Args: []string{"s", "--target-width", "0.3", "--max-trials", "0"}, Err: "--trials and --max-trials take 1 to 10000"},
		{Args: []string{"s", "--sprt", "0.5,0.1"}, Err: "--sprt 0.5,0.1: want p0,p1 with 0 < p0 < p1 < 1, as 0.05,0.5"},
		{Args: []string{"s", "--sprt", "x"}, Err: "--sprt x: want p0,p1 with 0 < p0 < p1 < 1, as 0.05,0.5"},
		{Args: []string{"s", "--control-trials", "-2"}, Err: "--control-trials takes 0 to 10000"},
		{Args: []string{"s", "--choose-reset", "--sprt", "0.1,0.5"}, Err: chosen},
		{Args: []string{"s", "--choose-reset", "--reset", "none"}, Err: chosen},
		{Args: []string{"s", "--choose-reset", "--control-trials", "3"}, Err: chosen},
		{Args: []string{"s", "--choose-speed", "--sprt", "0.1,0.5"}, Err: speed},
		{Args: []string{"s", "--choose-speed", "--speed", "10"}, Err: speed},
		{Args: []string{"s", "--choose-speed", "-n", "3"}, Err: "--choose-speed takes --trials of 4 or more: fewer tell no rate from another"},
		{Args: []string{"s", "--choose-speed", "--control-trials", "0"}, Err: speed},
		{Args: []string{"s", "--choose-speed", "--choose-reset"}, Err: "--choose-reset and --choose-speed are two measurements: give one"},
		{Args: []string{"s", "--speed", "0"}, Err: `invalid argument "0" for "--speed" flag: want a number from 0.01 to 1000; 1 is real time`},
		{Args: []string{"s", "--speed", "fast"}, Err: `invalid argument "fast" for "--speed" flag: want a number from 0.01 to 1000; 1 is real time`},
	})
}

func TestJudgeOptions(t *testing.T) {
	clitest.Options(t, newJudge, []clitest.Asked[judgeOptions]{
		{Args: []string{"runs/1"}, Want: judgeOptions{run: "runs/1"}},
		{Args: nil, Err: "accepts 1 arg(s), received 0"},
	})
}

func TestReportOptions(t *testing.T) {
	clitest.Options(t, newReport, []clitest.Asked[reportOptions]{
		{Args: []string{"runs/1"}, Want: reportOptions{run: "runs/1", format: "html"}},
		{Args: []string{"runs/1", "-f", "junit", "-o", "-"}, Want: reportOptions{run: "runs/1", format: "junit", output: "-"}},
		{Args: []string{"runs/1", "--format", "pdf"}, Err: "--format pdf: want html, md, junit or json"},
		{Args: []string{"a", "b"}, Err: "accepts 1 arg(s), received 2"},
	})
	if f, err := (&reportOptions{App: &cli.App{JSON: true}, format: "html"}).chosen(); err != nil || f.Name != "json" {
		t.Errorf("with --json the format is %s, %v", f.Name, err)
	}
}
