package namespaces_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/namespaces"
	"github.com/reprise-lab/reprise/topologies/namespaces/cgroups"
	"github.com/reprise-lab/reprise/topologies/namespaces/cgroups/cgroupstest"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// delegated gives the control group, with controllers, that these tests may divide, or skips them.
func delegated(t *testing.T) cgroups.Delegation {
	t.Helper()
	d, err := cgroups.Find()
	if none, ok := errors.AsType[*cgroups.NotDelegatedError](err); ok {
		// Controllers are the host's to give: a container, as CI is, has none, and nothing that is installed
		// there changes it. What needs none is tested by TestGroupsHold.
		t.Skip(none) //nolint:forbidigo // the machine decides
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// labsIn lists the groups of labs of a run.
func labsIn(t *testing.T, d cgroups.Delegation, run string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(d.Dir, "reprise-*-reprise-"+run+"-1"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// What the looks of the supervisor do not see is bounded by the kernel, and the lab says which of the
// two has ended a node.
func TestGroupsEnd(t *testing.T) {
	t.Parallel()
	open(t)
	d := delegated(t)
	p, err := namespaces.New(namespaces.Options{Bounds: namespaces.Bounds{Disk: 16 << 20, Memory: 64 << 20, Tasks: 200}})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range []struct {
		name, script, over string
		killed             bool
	}{
		// A file without a name that nobody maps is memory of no process.
		{"memory", `perl -e 'open(F, ">&=", syscall(319, my $name = "x", 0)); print F "x" x 1048576 while 1'`, "the kernel ended it, by its control group", true},
		{"processes", `f() { f | f & }; f`, "it had 200 processes and threads, which is all that it may have, and its control group refused it more: the lab's supervisor ended it", false},
		{"files", `head -c 10G /dev/zero >/var/big`, "and may write 16MiB: the lab's supervisor ended it", false},
	} {
		t.Run(g.name, func(t *testing.T) {
			run := "test-groups-" + g.name
			r := topologiestest.Reserve(t, p, subject().Ring(3), topologies.Options{Run: run})
			w := topologiestest.Ability[topologies.NodeWatcher](t, r)
			command, err := topologiestest.Host(t, r, "n1").Open(t.Context(), []string{"sh", "-c", g.script}, false)
			if err != nil {
				t.Fatal(err)
			}
			defer command.Close() //nolint:errcheck // it ends with its node
			var state topologies.NodeState
			topologiestest.Eventually(t, "the greedy node has ended", func() bool {
				if state, err = w.NodeState(t.Context(), "n1"); err != nil {
					t.Fatal(err)
				}
				return !state.Running
			})
			if !strings.Contains(state.Detail, g.over) || state.OOM != g.killed {
				t.Errorf("the lab says %+v", state)
			}
			for _, name := range []string{"n2", "n3"} {
				if s, err := w.NodeState(t.Context(), name); err != nil || !s.Running {
					t.Errorf("node %s: %+v, %v", name, s, err)
				}
			}
			// Made anew, it has all that it may again, in the group that it had.
			if _, _, err := topologiestest.Ability[topologies.Resetter](t, r).Reset(t.Context(), "n1"); err != nil {
				t.Fatal(err)
			}
			if said := topologiestest.Run(t, topologiestest.Host(t, r, "n1"), "sh", "-c", "sleep 3; echo goes on"); said != "goes on" {
				t.Errorf("made anew, it says %q", said)
			}
			if err := r.Release(t.Context()); err != nil || len(labsIn(t, d, run)) > 0 {
				t.Errorf("released: %v, left: %v", err, labsIn(t, d, run))
			}
		})
	}
}

// Everything of a node is in its group from its beginning: what it is asked to run, what that makes,
// on a terminal and without, before and after a restart. That needs no controller.
func TestGroupsHold(t *testing.T) {
	t.Parallel()
	open(t)
	p, err := namespaces.New(namespaces.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := cgroups.Delegation{Dir: cgroupstest.Own(t)}
	namespaces.Divide(p, d)
	const run = "test-groups-hold"
	r := topologiestest.Reserve(t, p, subject().Ring(2), topologies.Options{Run: run})
	look := func(when string) {
		t.Helper()
		h := topologiestest.Host(t, r, "n2")
		said := topologiestest.Run(t, h, "sh", "-c", `sleep 1000 </dev/null >/dev/null 2>&1 & for p in /proc/[0-9]*; do grep ^0: $p/cgroup; done`)
		lines := strings.Fields(said)
		if len(lines) < 3 {
			t.Errorf("%s: %q", when, said)
		}
		for _, line := range lines {
			if !strings.HasSuffix(line, "/node-n2") {
				t.Errorf("%s: a process is in %s", when, line)
			}
		}
		terminal, err := h.Open(t.Context(), []string{"grep", "^0:", "/proc/self/cgroup"}, true)
		if err != nil {
			t.Fatal(err)
		}
		defer terminal.Close() //nolint:errcheck // it ends by itself
		text := make([]byte, 512)
		n, err := terminal.Read(text)
		if err != nil || !strings.HasSuffix(strings.TrimSpace(string(text[:n])), "/node-n2") {
			t.Errorf("%s, on a terminal: %s, %v", when, text[:n], err)
		}
	}
	look("new")
	if err := topologiestest.Ability[topologies.NodeRestarter](t, r).RestartNode(t.Context(), "n2"); err != nil {
		t.Fatal(err)
	}
	look("started anew")
	labs := labsIn(t, d, run)
	if len(labs) != 1 {
		t.Fatalf("groups: %v", labs)
	}
	procs, err := os.ReadFile(filepath.Join(labs[0], "node-n1", "cgroup.procs"))
	if err != nil || len(strings.Fields(string(procs))) != 1 {
		t.Errorf("an idle node has the processes %q, %v", procs, err)
	}
	if err := r.Release(t.Context()); err != nil || len(labsIn(t, d, run)) > 0 {
		t.Errorf("released: %v, left: %v", err, labsIn(t, d, run))
	}
}

// A node has the processors that its topology gives it, and a tenth of one is a tenth; where nothing
// can see to that, it is refused before anything is built.
func TestGroupsProcessors(t *testing.T) {
	t.Parallel()
	p := open(t)
	top := subject().Ring(2)
	top.Nodes[0].CPU = 0.1
	if d, err := cgroups.Find(); err != nil || !d.Has(cgroups.CPU) {
		err := p.Check(t.Context(), top)
		missing, ok := errors.AsType[*topologies.MissingError](err)
		if !ok || missing.Name != "a bound of processors" || !strings.Contains(missing.Hint, "by a control group: ") {
			t.Errorf("without a controller of processors: %v", err)
		}
		return
	}
	r := topologiestest.Reserve(t, p, top, topologies.Options{Run: "test-groups-cpu"})
	const burn = `timeout 5 sh -c 'while :; do :; done'; times | tail -1 | sed 's/0m\([0-9]*\)\.\([0-9]\).*/\1\2/'`
	said := topologiestest.Run(t, topologiestest.Host(t, r, "n1"), "bash", "-c", burn)
	if tenths, err := strconv.Atoi(said); err != nil || tenths > 10 {
		t.Errorf("in five seconds it had %q tenths of a second of processor", said)
	}
}
