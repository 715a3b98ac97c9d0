package write

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

func TestOptions(t *testing.T) {
	clitest.Options(t, newValidate, []clitest.Asked[validateOptions]{
		{Args: []string{"a", "b"}, Want: validateOptions{names: []string{"a", "b"}}},
		{Args: nil, Err: "requires at least 1 arg(s), only received 0"},
	})
	clitest.Options(t, newSchema, []clitest.Asked[schemaOptions]{
		{Args: nil},
		{Args: []string{"x"}, Err: `unknown command "x" for "schema"`},
	})
	clitest.Options(t, newList, []clitest.Asked[listOptions]{
		{Args: nil},
		{Args: []string{"a", "b"}, Want: listOptions{dirs: []string{"a", "b"}}},
		{Args: []string{"--all"}, Err: "unknown flag: --all"},
	})
	clitest.Options(t, newShow, []clitest.Asked[showOptions]{
		{Args: []string{"a"}, Want: showOptions{scenario: "a"}},
		{Args: []string{"a", "b"}, Err: "accepts 1 arg(s), received 2"},
	})
	clitest.Options(t, newNew, []clitest.Asked[newOptions]{
		{Args: []string{"d"}, Want: newOptions{dir: "d", nodes: 2}},
		{
			Args: []string{"d", "--id", "i", "--title", "t", "--what", "wa", "--when", "we", "--how", "h", "--platform", "bird", "--image", "x:1", "--fixed", "x:2", "--nodes", "3"},
			Want: newOptions{dir: "d", id: "i", title: "t", what: "wa", when: "we", how: "h", platform: "bird", image: "x:1", fixed: "x:2", nodes: 3},
		},
		{Args: nil, Err: "accepts 1 arg(s), received 0"},
		{Args: []string{"d", "--nodes", "two"}, Err: `invalid argument "two" for "--nodes" flag: strconv.ParseInt: parsing "two": invalid syntax`},
	})
}

// A folder whose scenario would not be valid is not made; an empty one that was there stays so.
func TestNewInvalid(t *testing.T) {
	a := &cli.App{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}
	parent := t.TempDir()
	name := strings.Repeat("c", 80)
	dir := filepath.Join(parent, name)
	err := runNew(t.Context(), &newOptions{App: a, dir: dir, nodes: 2})
	if err == nil || cli.ExitCode(err) != cli.ExitInput || !strings.Contains(err.Error(), dir+"/scenario.yaml:2:5: ") || !strings.Contains(err.Error(), "cannot be an id") {
		t.Errorf("%v", err)
	}
	if list, err := os.ReadDir(parent); err != nil || len(list) > 0 {
		t.Errorf("left: %v, %v", list, err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := runNew(t.Context(), &newOptions{App: a, dir: dir, nodes: 2}); err == nil {
		t.Error("it is valid now")
	}
	if list, err := os.ReadDir(parent); err != nil || len(list) != 1 || list[0].Name() != name {
		t.Errorf("left: %v, %v", list, err)
	}
	if err := runNew(t.Context(), &newOptions{App: a, dir: dir, id: "short", nodes: 2}); err != nil {
		t.Errorf("into an empty folder: %v", err)
	}
}

// What is wrong in itself is said before anything is written.
func TestNewRefused(t *testing.T) {
	a := &cli.App{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}
	full := t.TempDir()
	if err := runNew(t.Context(), &newOptions{App: a, dir: full + "/full", nodes: 2}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		o    newOptions
		want string
	}{
		{newOptions{dir: full + "/full", nodes: 2}, full + "/full is not empty; name a new folder"},
		{newOptions{dir: full + "/x", nodes: 1}, "--nodes 1: want 2 to 50"},
		{newOptions{dir: full + "/x", nodes: 51}, "--nodes 51: want 2 to 50"},
		{newOptions{dir: full + "/x", nodes: 2, platform: "nos"}, "--platform nos: a skeleton can be written for "},
	} {
		tt.o.App = a
		if err := runNew(t.Context(), &tt.o); err == nil || !strings.HasPrefix(err.Error(), tt.want) || cli.ExitCode(err) != cli.ExitInput {
			t.Errorf("error %v, want %s", err, tt.want)
		}
	}
}

func TestPrintValidated(t *testing.T) {
	fault := yamlpos.Problem{File: "b.yaml", Line: 3, Col: 1, Message: "no such node"}
	results := []validated{{"a", true, nil}, {"b", false, yamlpos.Problems{fault}}}
	var problems bytes.Buffer
	if got := clitest.View(func(w io.Writer) { printValidated(w, &problems, results) }); got != "a is valid\n" {
		t.Errorf("printed %q", got)
	}
	if got := problems.String(); got != fault.String()+"\n" {
		t.Errorf("problems %q", got)
	}
	if exitOf(results) != cli.ExitInput || exitOf(results[:1]) != cli.ExitYes {
		t.Error("a fault is no wrong input")
	}
}

func TestPrintList(t *testing.T) {
	got := clitest.View(func(w io.Writer) { printList(w, []listed{{ID: "a", Family: "bugs", Title: "x\ny"}}, 0) })
	if want := "bugs       a                                      x\n    y\n"; got != want {
		t.Errorf("printed %q", got)
	}
}

// On a terminal a title is broken between words, and goes on below itself.
func TestPrintListWraps(t *testing.T) {
	got := clitest.View(func(w io.Writer) {
		printList(w, []listed{{ID: "a", Family: "bugs", Title: "OSPF neighbours stay in ExStart after a change of the MTU"}}, 80)
	})
	for line := range strings.Lines(got) {
		if len(line) > 80 {
			t.Errorf("%d characters: %q", len(line)-1, line)
		}
	}
	if want := "bugs       a                                      OSPF neighbours stay in\n" + strings.Repeat(" ", 50) + "ExStart after a change of the\n"; !strings.HasPrefix(got, want) {
		t.Errorf("printed %q", got)
	}
}

func TestPrintScope(t *testing.T) {
	s := scenarios.Scenario{ID: "a", Title: "lost", Problem: scenarios.Problem{What: "it is gone", References: []string{"RFC 1", "RFC 2"}, Product: scenarios.Product{Platform: "frr", Version: "8.4.4"}}}
	want := "a: lost\n  what       it is gone\n  product    frr 8.4.4\n  references RFC 1; RFC 2\n"
	if d := cmp.Diff(want, clitest.View(func(w io.Writer) { printScope(w, s) })); d != "" {
		t.Error(d)
	}
}
