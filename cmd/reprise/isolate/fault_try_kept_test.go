package isolate

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/topologies"
)

// keptLabs are labs that may be attached to. None is: asked hears which was to be.
type keptLabs struct {
	list  []topologies.KeptLab
	asked cli.Attachment
}

func (k *keptLabs) Attach(_ context.Context, a cli.Attachment) (cli.Kept, error) {
	k.asked = a
	return nil, topologies.ErrNoLab
}

func (k *keptLabs) KeptLabs(context.Context, string) ([]topologies.KeptLab, error) {
	return k.list, errors.New("and others may be there")
}

// severalLabs are of a run with two labs, of one whose first has ended, and of a topology's.
func severalLabs() *keptLabs {
	return &keptLabs{list: []topologies.KeptLab{{Run: "by-hand-pair", Number: 1}, {Run: "one", Number: 3}, {Run: "two", Number: 1}, {Run: "two", Number: 2}}}
}

// pair writes a topology.
func pair(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pair.clab.yml")
	const text = `{name: pair, topology: {nodes: {a: {kind: linux}, b: {kind: linux}}, links: [{endpoints: ["a:eth1", "b:eth1"]}]}}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// A run's only lab is meant where none is said, and of several none is chosen: it is told which there are.
func TestFaultTryWhichLab(t *testing.T) {
	t.Parallel()
	const drop = `{link: "a:eth1", fault: drop}`
	for _, tt := range []struct {
		name, step string
		args       []string
		number     int // of the lab that is asked for; 0: none is
		says       string
	}{
		{"of a topology", drop, nil, 1, "has no lab 1 that is kept and found again: it has lab 1"},
		{"the only one", drop, []string{"--run", "one"}, 3, "has no lab 3"},
		{"of two", drop, []string{"--run", "runs/two/"}, 0, "run two has labs 1 and 2: say which with --run-lab"},
		{"the second", drop, []string{"--run", "two", "--run-lab", "2"}, 2, "has no lab 2"},
		{"one that is not there", drop, []string{"--run", "two", "--run-lab", "7"}, 7, "run two has no lab 7 that is kept and found again: it has labs 1 and 2 (--run-lab)"},
		{"of a run that may go on", drop, []string{"--run", "other"}, 1, "run other has no lab that is kept and found again (reprise run --keep"},
		{"none", drop, []string{"--run", "two", "--run-lab", "0"}, 0, "--run-lab takes the number of a lab, from 1"},
		{"a replug", `{link: "a:eth1", fault: replug}`, []string{"--run", "one"}, 3, "has no lab 3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			labs := severalLabs()
			a := &cli.App{In: strings.NewReader(""), Out: cli.NewScreen(io.Discard), Err: cli.NewScreen(io.Discard), Attacher: labs}
			c := newFaultTry(a, nil)
			c.SetArgs(append([]string{pair(t), tt.step, "--dir", t.TempDir()}, tt.args...))
			c.SilenceUsage, c.SilenceErrors = true, true
			err := c.ExecuteContext(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.says) || labs.asked.Number != tt.number || labs.asked.Replug != (tt.name == "a replug") {
				t.Errorf("lab %d: %v", labs.asked.Number, err)
			}
		})
	}
}

// A shell offers the runs that have left a lab up, and the numbers of their labs.
func TestFaultTryCompletes(t *testing.T) {
	t.Parallel()
	file := pair(t)
	for _, tt := range []struct{ args, want []string }{
		{[]string{file, "--run", ""}, []string{"by-hand-pair\tlab 1", "one\tlab 3", "two\tlabs 1 and 2"}},
		{[]string{file, "--run", "runs/"}, nil}, // a folder
		{[]string{file, "--run", "two", "--run-lab", ""}, []string{"1", "2"}},
		{[]string{file, "--run", "runs/one", "--run-lab", ""}, []string{"3"}},
		{[]string{file, "--run-lab", ""}, []string{"1"}}, // the one that was built by hand
		{[]string{"a-case", "--run-lab", ""}, nil},
	} {
		var out strings.Builder
		a := &cli.App{In: strings.NewReader(""), Out: cli.NewScreen(io.Discard), Err: cli.NewScreen(io.Discard), Attacher: severalLabs()}
		c := newFaultTry(a, nil)
		c.SetOut(&out)
		c.SetErr(io.Discard)
		c.SetArgs(append([]string{"__complete"}, tt.args...))
		if err := c.ExecuteContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if d := cmp.Diff(tt.want, lines[:len(lines)-1], cmp.Transformer("", func(s []string) string { return strings.Join(s, "|") })); d != "" { // the last says what the shell does
			t.Errorf("%q: %s", tt.args, d)
		}
	}
}
