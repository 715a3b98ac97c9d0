package interop

import (
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/result/resulttest"
	"github.com/reprise-lab/reprise/topologies/origin"
)

func TestMatrixRunOptions(t *testing.T) {
	type asked = clitest.Asked[matrixRunOptions]
	otherwise := matrixChoices{Suite: "s", Repeats: 1, RepeatFailing: 2}
	const which = "give a suite (reprise matrix list), or --resume with the folder of a matrix"
	const bounds = "--repeats takes 1 to 10000, --repeat-failing 0 to 10000"
	chosen := func(flag string) string {
		return "--" + flag + " has no meaning with --resume: a matrix is gone on with by the choices that it was begun with"
	}
	clitest.Options(t, newMatrixRun, []asked{
		{Args: []string{"s"}, Want: matrixRunOptions{matrixChoices: otherwise, labs: 1, dir: "matrices"}},
		{
			Args: []string{
				"s", "--only", "dut=a@1,peer=b@*", "--only", "dut=b@1", "--test", "a*", "--repeats", "3", "--repeat-failing", "0", "--labs", "2", "--budget", "20m",
				"--only-changed", "old", "--reset", "config", "--speed", "10", "--provider", "mixed", "--dir", "d", "--dry-run", "--trust", "labs",
			},
			Want: matrixRunOptions{App: &cli.App{Trust: []string{"labs"}}, labs: 2, budget: 20 * time.Minute, dir: "d", dryRun: true, matrixChoices: matrixChoices{
				Suite: "s", Only: []string{"dut=a@1,peer=b@*", "dut=b@1"}, Tests: []string{"a*"}, Repeats: 3, OnlyChanged: "old", Reset: "config", Speed: 10, Provider: "mixed",
			}},
		},
		{Args: []string{"--resume", "d"}, Want: matrixRunOptions{matrixChoices: matrixChoices{Repeats: 1, RepeatFailing: 2}, labs: 1, dir: "matrices", resume: "d"}},
		{Args: nil, Err: which},
		{Args: []string{"s", "--resume", "d"}, Err: which},
		{Args: []string{"--resume", "d", "--dry-run"}, Err: "--dry-run tells of a matrix that is not there yet: it has no meaning with --resume"},
		{Args: []string{"--resume", "d", "--labs", "2", "--budget", "1m"}, Want: matrixRunOptions{matrixChoices: matrixChoices{Repeats: 1, RepeatFailing: 2}, labs: 2, budget: time.Minute, dir: "matrices", resume: "d"}},
		{Args: []string{"--resume", "d", "--repeats", "1"}, Err: chosen("repeats")},
		{Args: []string{"--resume", "d", "--repeat-failing", "1"}, Err: chosen("repeat-failing")},
		{Args: []string{"--resume", "d", "--only", "dut=a@1"}, Err: chosen("only")},
		{Args: []string{"--resume", "d", "--test", "a"}, Err: chosen("test")},
		{Args: []string{"--resume", "d", "--only-changed", "old"}, Err: chosen("only-changed")},
		{Args: []string{"--resume", "d", "--reset", "config"}, Err: chosen("reset")},
		{Args: []string{"--resume", "d", "--speed", "10"}, Err: chosen("speed")},
		{Args: []string{"--resume", "d", "--provider", "mixed"}, Err: chosen("provider")},
		{Args: []string{"s", "s"}, Err: "accepts at most 1 arg(s), received 2"},
		{Args: []string{"s", "--labs", "0"}, Err: "--labs takes 1 to 64"},
		{Args: []string{"s", "--repeats", "0"}, Err: bounds},
		{Args: []string{"s", "--repeat-failing", "-1"}, Err: bounds},
		{
			Args: []string{"s", "--lab", "lab.yaml", "--only-changed", "old"},
			Err:  "--only-changed takes over what images came to, and --lab is for devices, of which nobody knows whether they are what they were: leave one of them out",
		},
		{Args: []string{"s", "--budget", "-1m"}, Err: "--budget -1m0s: want a time, as 20m"},
	})
}

// The matrix that cells are taken over from is held to what a matrix can be, and what is made of it is as foreign.
func TestMatrixOnlyChanged(t *testing.T) {
	m := resulttest.Matrix(2, 1)
	old := resulttest.Write(t, m)
	of := experiment.MatrixSuite{Head: result.Matrix{Suite: m.Suite}}
	o := &matrixRunOptions{dir: t.TempDir(), matrixChoices: matrixChoices{Suite: m.Suite, OnlyChanged: old, Repeats: 1}}
	if how, err := o.options(of); err != nil || len(how.Since.Cells) != len(m.Cells) {
		t.Fatal(err)
	}
	if err := origin.Write(old, "digest-of-a-bundle"); err != nil {
		t.Fatal(err)
	}
	dir, err := o.create(of)
	if err != nil {
		t.Fatal(err)
	}
	if mark, foreign, err := origin.Find(dir.Path); err != nil || !foreign || mark.Bundle != "digest-of-a-bundle" {
		t.Errorf("%+v, %v, %v", mark, foreign, err)
	}
	m.Cells[0].Run = "../../etc"
	o.OnlyChanged = resulttest.Write(t, m)
	if _, err := o.options(of); err == nil || !strings.Contains(err.Error(), `the path "../../etc" leads out of its folder`) {
		t.Errorf("a run elsewhere: %v", err)
	}
}

func TestMatrixExplainOptions(t *testing.T) {
	const bounds = "--labs takes 1 to 64, --repeats 3 to 10000: fewer trials decide nothing"
	clitest.Options(t, newMatrixExplain, []clitest.Asked[matrixExplainOptions]{
		{Args: []string{"m", "c"}, Want: matrixExplainOptions{matrix: "m", key: "c", labs: 1, repeats: 3}},
		{
			Args: []string{"m", "c", "--suite", "s", "--repeats", "10", "--labs", "2", "--provider", "mixed"},
			Want: matrixExplainOptions{matrix: "m", key: "c", suite: "s", labs: 2, repeats: 10, provider: "mixed"},
		},
		{Args: []string{"m"}, Err: "accepts 2 arg(s), received 1"},
		{Args: []string{"m", "c", "--repeats", "2"}, Err: bounds},
		{Args: []string{"m", "c", "--labs", "65"}, Err: bounds},
	})
}

func TestMatrixShowOptions(t *testing.T) {
	clitest.Options(t, newMatrixShow, []clitest.Asked[matrixShowOptions]{
		{Args: []string{"s"}, Want: matrixShowOptions{suite: "s"}},
		{Args: nil, Err: "accepts 1 arg(s), received 0"},
	})
}

func TestMatrixNewOptions(t *testing.T) {
	clitest.Options(t, newMatrixNew, []clitest.Asked[matrixNewOptions]{
		{Args: []string{"d"}, Want: matrixNewOptions{dir: "d", from: "smoke"}},
		{Args: []string{"d", "--from", "lacp", "--id", "mine"}, Want: matrixNewOptions{dir: "d", from: "lacp", id: "mine"}},
		{Args: nil, Err: "accepts 1 arg(s), received 0"},
	})
}

func TestMatrixListOptions(t *testing.T) {
	clitest.Options(t, newMatrixList, []clitest.Asked[matrixListOptions]{{Args: nil, Want: matrixListOptions{}}})
}
