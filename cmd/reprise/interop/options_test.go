package interop

import (
	"testing"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
)

func TestMatrixRunOptions(t *testing.T) {
	type asked = clitest.Asked[matrixRunOptions]
	otherwise := matrixChoices{Suite: "s", Repeats: 1, RepeatFailing: 2}
	const which = "give a suite (reprise matrix list), or --resume with the folder of a matrix"
	const bounds = "--repeats takes 1 to 10000, --repeat-failing 0 to 10000"
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
		{Args: []string{"s", "s"}, Err: "accepts at most 1 arg(s), received 2"},
		{Args: []string{"s", "--labs", "0"}, Err: "--labs takes 1 to 64"},
		{Args: []string{"s", "--repeats", "0"}, Err: bounds},
		{Args: []string{"s", "--repeat-failing", "-1"}, Err: bounds},
		{Args: []string{"s", "--budget", "-1m"}, Err: "--budget -1m0s: want a time, as 20m"},
	})
}

func TestMatrixShowOptions(t *testing.T) {
	clitest.Options(t, newMatrixShow, []clitest.Asked[matrixShowOptions]{
		{Args: []string{"s"}, Want: matrixShowOptions{suite: "s"}},
		{Args: nil, Err: "accepts 1 arg(s), received 0"},
	})
}

func TestMatrixListOptions(t *testing.T) {
	clitest.Options(t, newMatrixList, []clitest.Asked[matrixListOptions]{{Args: nil, Want: matrixListOptions{}}})
}
