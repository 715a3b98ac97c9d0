package lab

import (
	"context"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
)

func TestDoctorOptions(t *testing.T) {
	clitest.Options(t, newDoctor, []clitest.Asked[doctorOptions]{
		{Args: nil},
		{Args: []string{"--fix", "--vm"}, Want: doctorOptions{fix: true, machines: true}},
		{Args: []string{"lab.clab.yml", "--fix", "--trust", "binds"}, Want: doctorOptions{App: &cli.App{Trust: []string{"binds"}}, file: "lab.clab.yml", fix: true}},
		{Args: []string{"lab.clab.yml"}, Want: doctorOptions{file: "lab.clab.yml"}},
		{Args: []string{"x", "y"}, Err: "accepts at most 1 arg(s), received 2"},
	})
}

func TestGCOptions(t *testing.T) {
	clitest.Options(t, newGC, []clitest.Asked[gcOptions]{
		{Args: nil},
		{Args: []string{"--run", "r"}, Want: gcOptions{run: "r"}},
		{Args: []string{"r"}, Err: `unknown command "r" for "gc"`},
	})
}

func TestSimOptions(t *testing.T) {
	type asked = clitest.Asked[simOptions]
	const bounds = "--exos and --voss take 1 to 64 together, --links 0 to 14"
	clitest.Options(t, newSim, []asked{
		{Args: nil, Want: simOptions{dir: "sim-lab", exos: 2, links: 2, reboot: 3 * time.Second}},
		{
			Args: []string{"--dir", "d", "--exos", "0", "--voss", "3", "--links", "1", "--reboot", "1s", "-v"},
			Want: simOptions{dir: "d", voss: 3, links: 1, reboot: time.Second, verbose: true},
		},
		{
			Args: []string{"--scenario", "s", "--exos", "0", "--trust", "env.A"},
			Want: simOptions{App: &cli.App{Trust: []string{"env.A"}}, dir: "sim-lab", scenario: "s", links: 2, reboot: 3 * time.Second},
		},
		{Args: []string{"--exos", "0"}, Err: bounds},
		{Args: []string{"--exos", "60", "--voss", "5"}, Err: bounds},
		{Args: []string{"--links", "15"}, Err: bounds},
		{Args: []string{"--voss", "-1"}, Err: bounds},
	})
}

func TestTopologyOptions(t *testing.T) {
	trusting := func(file string, without bool) fileOptions {
		return fileOptions{App: &cli.App{Trust: []string{"binds.r1"}}, file: file, without: without}
	}
	clitest.Options(t, newInfer, []clitest.Asked[inferOptions]{
		{Args: []string{"a", "b", "-o", "d", "--name", "lab-1"}, Want: inferOptions{files: []string{"a", "b"}, output: "d", name: "lab-1"}},
		{Args: []string{"--case", "c"}, Want: inferOptions{folder: "c", name: "inferred"}},
		{Args: nil, Err: "of what? name files, or --case FOLDER"},
		{Args: []string{"a", "--name", "../x"}, Err: `--name "../x": want small letters, digits and hyphens`},
	})
	clitest.Options(t, newGraph, []clitest.Asked[graphOptions]{
		{Args: []string{"f"}, Want: graphOptions{fileOptions: fileOptions{file: "f"}}},
		{Args: []string{"f", "-o", "f.svg", "--trust", "binds.r1", "--without-external-links"}, Want: graphOptions{fileOptions: trusting("f", true), output: "f.svg"}},
		{Args: nil, Err: "accepts 1 arg(s), received 0"},
	})
	clitest.Options(t, newUp, []clitest.Asked[upOptions]{
		{Args: []string{"f"}, Want: upOptions{fileOptions: fileOptions{file: "f"}, ttl: 24 * time.Hour}},
		{Args: []string{"f", "--ttl", "1h", "--provider", "namespaces", "--trust", "binds.r1"}, Want: upOptions{fileOptions: trusting("f", false), ttl: time.Hour, where: cli.LabFlags{Provider: "namespaces"}}},
		{Args: []string{"f", "--ttl", "long"}, Err: `invalid argument "long" for "--ttl" flag: time: invalid duration "long"`},
		{Args: []string{"f", "--ttl", "-1h"}, Err: "--ttl -1h0m0s: want more than nothing, as 24h"},
	})
	clitest.Options(t, newDown, []clitest.Asked[downOptions]{
		{Args: []string{"f", "--trust", "binds.r1"}, Want: downOptions{trusting("f", false)}},
		{Args: []string{"f", "g"}, Err: "accepts 1 arg(s), received 2"},
	})
}

func TestImagesOptions(t *testing.T) {
	clitest.Options(t, newBuild, []clitest.Asked[buildOptions]{
		{Args: nil},
		{Args: []string{"bookworm", "trixie", "--provider", "namespaces"}, Want: buildOptions{suites: []string{"bookworm", "trixie"}, provider: "namespaces"}},
		{Args: []string{"--guest", "bookworm"}, Want: buildOptions{suites: []string{"bookworm"}, guests: true}},
		{Args: []string{"potato"}, Err: `invalid argument "potato" for "build"`},
	})
	clitest.Options(t, newExport, []clitest.Asked[exportOptions]{
		{Args: []string{"reprise/frr:8.4.4", "-o", "f.tar"}, Want: exportOptions{ref: "reprise/frr:8.4.4", output: "f.tar"}},
		{Args: nil, Err: "accepts 1 arg(s), received 0"},
	})
	clitest.Options(t, newImport, []clitest.Asked[importOptions]{
		{Args: nil},
		{Args: []string{"-"}, Want: importOptions{file: "-"}},
		{Args: []string{"a", "b"}, Err: "accepts at most 1 arg(s), received 2"},
	})
	clitest.Options(t, newImageList, []clitest.Asked[imageListOptions]{
		{Args: nil},
		{Args: []string{"x"}, Err: `unknown command "x" for "list"`},
	})
	clitest.Options(t, newRemove, []clitest.Asked[removeOptions]{
		{Args: []string{"a", "b"}, Want: removeOptions{refs: []string{"a", "b"}}},
		{Args: nil, Err: "requires at least 1 arg(s), only received 0"},
	})
}

// inGroup makes a verb below "lab", which has a flag for all of them.
func inGroup[O any](newVerb func(*inventory, func(context.Context, *O) error) *cobra.Command) func(*cli.App, func(context.Context, *O) error) *cobra.Command {
	return func(a *cli.App, runF func(context.Context, *O) error) *cobra.Command {
		f := &inventory{App: a}
		c := labGroup(f)
		c.AddCommand(newVerb(f, runF))
		return c
	}
}

func TestLabOptions(t *testing.T) {
	none, file := &inventory{}, &inventory{file: "lab.yaml"}
	clitest.Options(t, inGroup(newList), []clitest.Asked[listOptions]{
		{Args: []string{"list"}, Want: listOptions{none}},
		{Args: []string{"list", "--lab", "lab.yaml"}, Want: listOptions{file}},
		{Args: []string{"list", "x"}, Err: `unknown command "x" for "lab list"`},
	})
	clitest.Options(t, inGroup(newShow), []clitest.Asked[showOptions]{
		{Args: []string{"show", "sw1", "--lab", "lab.yaml"}, Want: showOptions{file, "sw1"}},
		{Args: []string{"show"}, Err: "accepts 1 arg(s), received 0"},
	})
	clitest.Options(t, inGroup(newCheck), []clitest.Asked[checkOptions]{
		{Args: []string{"check"}, Want: checkOptions{inventory: none}},
		{Args: []string{"check", "sw1", "sw2", "--accept-new"}, Want: checkOptions{&inventory{acceptNew: true}, []string{"sw1", "sw2"}}},
		{Args: []string{"check", "--all"}, Err: "unknown flag: --all"},
	})
	clitest.Options(t, inGroup(newRelease), []clitest.Asked[releaseOptions]{
		{Args: []string{"release", "sw1", "--kick", "k"}, Want: releaseOptions{inventory: none, devices: []string{"sw1"}, kick: "k"}},
		{Args: []string{"release", "sw1", "--end-quarantine", "q"}, Want: releaseOptions{inventory: none, devices: []string{"sw1"}, unquarantine: "q"}},
		{Args: []string{"release"}, Err: "requires at least 1 arg(s), only received 0"},
	})
	clitest.Options(t, inGroup(newRestore), []clitest.Asked[restoreOptions]{
		{Args: []string{"restore"}, Want: restoreOptions{inventory: none}},
		{Args: []string{"restore", "--all", "--accept-new"}, Want: restoreOptions{inventory: &inventory{acceptNew: true}, all: true}},
		{Args: []string{"restore", "sw1", "--dismiss", "by hand"}, Want: restoreOptions{inventory: none, devices: []string{"sw1"}, dismiss: "by hand"}},
		{Args: []string{"restore", "--wait"}, Err: "unknown flag: --wait"},
	})
	clitest.Options(t, inGroup(newHistory), []clitest.Asked[historyOptions]{
		{Args: []string{"history"}, Want: historyOptions{none, 30}},
		{Args: []string{"history", "-n", "3"}, Want: historyOptions{none, 3}},
		{Args: []string{"history", "-n", "x"}, Err: `invalid argument "x" for "-n, --limit" flag: strconv.ParseInt: parsing "x": invalid syntax`},
	})
	clitest.Options(t, inGroup(newSchema), []clitest.Asked[schemaOptions]{
		{Args: []string{"schema"}, Want: schemaOptions{none}},
		{Args: []string{"schema", "x"}, Err: `unknown command "x" for "lab schema"`},
	})
}

func TestReserveOptions(t *testing.T) {
	const purpose = "--purpose says what for: the others will read it"
	none := &inventory{}
	clitest.Options(t, inGroup(newReserve), []clitest.Asked[reserveOptions]{
		{Args: []string{"reserve", "sw1", "--purpose", "p"}, Want: reserveOptions{inventory: none, devices: []string{"sw1"}, purpose: "p", term: 4 * time.Hour}},
		{
			Args: []string{"reserve", "sw1", "sw2", "--purpose", "p", "--for", "30m", "--wait", "--priority", "2", "--kick", "k"},
			Want: reserveOptions{inventory: none, devices: []string{"sw1", "sw2"}, purpose: "p", term: 30 * time.Minute, wait: true, priority: 2, kick: "k"},
		},
		{Args: []string{"reserve"}, Err: "requires at least 1 arg(s), only received 0"},
		{Args: []string{"reserve", "sw1"}, Err: purpose},
		{Args: []string{"reserve", "sw1", "--purpose", " "}, Err: purpose},
		{Args: []string{"reserve", "sw1", "--purpose", "p", "--for", "0s"}, Err: "--for 0s: want more than nothing and at most 30 days"},
		{Args: []string{"reserve", "sw1", "--purpose", "p", "--for", "721h"}, Err: "--for 721h0m0s: want more than nothing and at most 30 days"},
	})
}
