package lab

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/sim"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers/images"
	"github.com/reprise-lab/reprise/topologies/doctor"
	"github.com/reprise-lab/reprise/topologies/images/store"
	"github.com/reprise-lab/reprise/topologies/lab"
	"github.com/reprise-lab/reprise/topologies/vm/guest"
)

func at() time.Time { return time.Date(2026, 3, 1, 10, 15, 0, 0, time.Local) }

func TestViews(t *testing.T) {
	listed := imageList{
		Images: []images.Image{{Suite: "trixie", Size: 2_000_000, Refs: []string{"reprise/frr:10.3", "reprise/debian:trixie"}, Current: true}},
		Kept:   []keptImage{{Image: store.Image{Size: 1_000_000, Refs: []string{"reprise/frr:8.4.4"}}, Suite: "bookworm"}},
		Guests: []guest.Guest{{Ref: "reprise/guest:bookworm", Suite: "bookworm", Size: 3_000_000, Kernel: "6.1.0-50-amd64"}},
	}
	for _, tt := range []struct {
		name string
		view func(io.Writer)
		want string
	}{
		{"checks", func(w io.Writer) {
			printChecks(w, []doctor.Check{{Name: "engine", OK: true, Detail: "28"}, {Name: "uidmap", Lost: "labs", Fix: "apt-get"}, {Name: "qemu", Optional: true}, {Name: "kernel", Unknown: true}})
		}, "ok       engine                   28\n" +
			"MISSING  uidmap                   \n" +
			strings.Repeat(" ", 33) + " without it: labs\n" + strings.Repeat(" ", 33) + " to get it: apt-get\n" +
			"optional qemu                     \nunknown  kernel                   \n"},
		{"removed", func(w io.Writer) { printRemoved(w, removed{[]string{"a", "b"}}, "", true) }, "removed a\nremoved b\n"},
		{"an image without a name", func(w io.Writer) {
			printImages(w, imageList{Kept: []keptImage{{Image: store.Image{Digest: "sha256:ab", Size: 278_000_000}, Suite: "bookworm", Current: true}}})
		}, "bookworm   278 MB  no name, as what trials of a fleet brought has none; to remove it: reprise images rm sha256:ab (without an engine)\n"},
		{"nothing to remove", func(w io.Writer) { printRemoved(w, removed{}, "", true) }, "nothing to remove\n"},
		{"no lab of a run", func(w io.Writer) { printRemoved(w, removed{}, "r", true) }, "no lab of run r was found\n"},
		{"not all was looked for", func(w io.Writer) { printRemoved(w, removed{}, "r", false) }, ""},
		{"simulated", func(w io.Writer) { printSimulated(w, simulated{"/lab.yaml", []string{"exos1 ssh"}}) }, sim.Banner + "\n  exos1 ssh\npassword  " +
			cli.SimPassword + " (every switch, users admin and user)\ninventory /lab.yaml\ntry       reprise lab check --lab /lab.yaml\nend them with Ctrl-C\n"},
		{"up", func(w io.Writer) {
			printUp(w, []string{"r1", "r2"}, map[string]string{"r1": "docker exec r1"}, "f.clab.yml")
		}, "r1           docker exec r1\nr2           \ntry a fault in it with: reprise fault try f.clab.yml '{link: …, fault: drop}'\ntake it down with: reprise topology down f.clab.yml\n"},
		{"imported", func(w io.Writer) {
			printImported(w, []store.Image{{Digest: "sha256:1", Size: 12_000_000, Refs: []string{"a", "b"}}})
		}, "sha256:1   12 MB  a b\n"},
		{"images", func(w io.Writer) { printImages(w, listed) }, "trixie       2 MB  reprise/frr:10.3 reprise/debian:trixie\n" +
			"bookworm     1 MB  reprise/frr:8.4.4 (without an engine)  (of an older recipe; reprise images build --provider namespaces bookworm)\n" +
			"bookworm     3 MB  reprise/guest:bookworm (Linux 6.1.0-50-amd64)  (of an older recipe; reprise images build --guest bookworm)\n"},
		{"no images", func(w io.Writer) { printImages(w, imageList{}) }, "no images yet; reprise images build makes them\n"},
		{"a lease", func(w io.Writer) { printLease(w, lab.Lease{Devices: []string{"sw1", "sw2"}, Until: at()}) }, "reserved sw1, sw2 until 2026-03-01 10:15\n"},
		{"history", func(w io.Writer) {
			printHistory(w, []lab.Event{{At: at(), What: "kicked", Device: "sw1", Who: "me@here", Reason: "mine"}})
		}, "2026-03-01 10:15:00  kicked       sw1        me@here  mine\n"},
		{"restored", func(w io.Writer) { printRestored(w, []restored{{Device: "sw1", State: "restored"}}) }, "sw1: restored\n"},
		{"none restored", func(w io.Writer) { printRestored(w, nil) }, "nothing has to be brought back\n"},
		{"entries", func(w io.Writer) {
			printEntries(w, []lab.Entry{{Device: "sw1", State: lab.EntryOpen, RestorePoint: topologies.RestorePoint{Taken: at()}, ConfigPath: "/c"}})
		}, "sw1: open, run (not said), taken 2026-03-01 10:15; configuration in /c \nbring them back: reprise lab restore --all\n"},
		{"no entries", func(w io.Writer) { printEntries(w, nil) }, "nothing has to be brought back\n"},
	} {
		if d := cmp.Diff(tt.want, clitest.View(tt.view)); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}

func TestDeviceViews(t *testing.T) {
	sw1 := lab.Device{Name: "sw1", Platform: "exos", Model: "X", Kind: topologies.KindHardware, Access: topologies.Access{Transport: "ssh", Address: "10.0.0.1", User: "admin"}, Ports: make([]lab.Port, 2)}
	lease := &lab.Lease{Owner: "me@here", Purpose: "a look", Until: at(), Since: at()}
	list := deviceList{
		Devices: []lab.Status{{Device: sw1, State: lab.StateLeased, Lease: lease}, {Device: lab.Device{Name: "sw2", Platform: "voss"}, State: lab.StateQuarantined, Quarantine: &lab.Quarantine{Reason: "it differs"}}},
		Queue:   []lab.Lease{*lease},
	}
	want := `DEVICE  PLATFORM  MODEL  VERSION  KIND      STATE        WHO, WHAT FOR
sw1     exos      X               hardware  leased       me@here, a look, until 2026-03-01 10:15
sw2     voss                                quarantined  it differs
waiting 1: me@here for a look, since 10:15:00
`
	if d := cmp.Diff(want, clitest.View(func(w io.Writer) { printDevices(w, list) })); d != "" {
		t.Error(d)
	}
	shown := shownDevice{Device: list.Devices[0], Cables: []lab.Cable{{A: lab.End{Device: "sw1", Port: "1"}, B: lab.End{Device: "sw2", Port: "1/1"}}}}
	want = `sw1: exos X, version (not said), serial (not said), hardware
  reached by  ssh 10.0.0.1 as admin
  state       leased me@here, a look, until 2026-03-01 10:15
  ports       2
  cable       sw1:1 – sw2:1/1
`
	if d := cmp.Diff(want, clitest.View(func(w io.Writer) { printDevice(w, shown) })); d != "" {
		t.Error(d)
	}
}

// A row of neighbours that is not read is a note; it leaves a device unanswered where it may be of a cable of the
// inventory.
func TestHeard(t *testing.T) {
	inv := &lab.Inventory{Cables: []lab.Cable{{A: lab.End{Device: "sw2", Port: "7"}, B: lab.End{Device: "sw1", Port: "1"}}}}
	odd := fmt.Errorf("sw1: ask for neighbours: %w", &drivers.UnreadError{Rows: []drivers.UnreadRow{{Command: "show lldp neighbors", Row: "2:9  odd"}}})
	cabled, other := drivers.Neighbour{Port: "1", RemoteName: "sw2", RemotePort: "7"}, drivers.Neighbour{Port: "3", RemoteName: "printer"}
	note := []string{`a row of show lldp neighbors was not read: "2:9  odd"`}
	for name, tt := range map[string]struct {
		neighbours []drivers.Neighbour
		err        error
		notes      []string
		want       string
	}{
		"all are read":                  {[]drivers.Neighbour{cabled, other}, nil, nil, ""},
		"not of a cable":                {[]drivers.Neighbour{cabled, other}, odd, note, ""},
		"it may be of a cable":          {[]drivers.Neighbour{other}, odd, note, "what port 1 ends at is not known: sw1: ask for neighbours: a row of "},
		"the device did not answer":     {nil, errors.New("no route"), nil, "no route"},
		"no cable is seen, all is read": {[]drivers.Neighbour{other}, nil, nil, ""},
	} {
		c := deviceCheck{Device: "sw1"}.heard(inv, tt.neighbours, tt.err)
		if (c.Error == "") != (tt.want == "") || !strings.HasPrefix(c.Error, tt.want) || !slices.Equal(c.Notes, tt.notes) || len(c.seen) != len(tt.neighbours) {
			t.Errorf("%s: error %q, notes %q, saw %d", name, c.Error, c.Notes, len(c.seen))
		}
	}
}

func TestChecked(t *testing.T) {
	inv := &lab.Inventory{}
	well := deviceCheck{Device: "sw1", Facts: drivers.Facts{Version: "32.7", Details: map[string]string{"model": "X", "serial": "S1"}}}
	stranger := well
	stranger.seen = []lab.Seen{{Port: "1", RemoteName: "printer", RemotePort: "0"}}
	cable := &lab.Inventory{
		Devices: []lab.Device{{Name: "sw1"}, {Name: "sw2"}},
		Cables:  []lab.Cable{{A: lab.End{Device: "sw1", Port: "1"}, B: lab.End{Device: "sw2", Port: "1"}}},
	}
	const agrees = "the inventory agrees with the devices\n"
	for _, tt := range []struct {
		name string
		out  checked
		exit int
		want string
	}{
		{"well", checkedAs(inv, []deviceCheck{well}), cli.ExitYes, "sw1: X 32.7, serial S1, 0 neighbours\n" + agrees},
		{"a stranger is no fault", checkedAs(&lab.Inventory{Devices: []lab.Device{{Name: "sw1"}}}, []deviceCheck{stranger}), cli.ExitYes, agrees},
		{"differs", checkedAs(inv, []deviceCheck{{Device: "sw1", Differs: []string{"version: x"}}}), cli.ExitNo, "  differs: version: x\n"},
		{"cabling", checkedAs(cable, []deviceCheck{well, {Device: "sw2"}}), cli.ExitNo, "cabling: cable sw1:1 – sw2:1: "},
		{"left alone", checkedAs(inv, []deviceCheck{{Device: "sw1", Skipped: "in use"}}), cli.ExitYes, "sw1: left alone: in use\n"},
		{"could not be asked", checkedAs(inv, []deviceCheck{{Device: "sw1", Error: "no route"}, {Device: "sw2", Differs: []string{"x"}}}), cli.ExitInconclusive, "sw1: could not be asked: no route\n"},
	} {
		got := clitest.View(func(w io.Writer) { printChecked(w, tt.out) })
		if tt.out.exit() != tt.exit || !strings.Contains(got, tt.want) || strings.Contains(got, agrees) != (tt.exit == cli.ExitYes) {
			t.Errorf("%s: exit status %d, printed\n%s", tt.name, tt.out.exit(), got)
		}
	}
}

// What topology up leaves undone is named by its key, with the nodes that have it.
func TestUnused(t *testing.T) {
	t.Parallel()
	lab := topologies.Topology{Nodes: []topologies.Node{
		{Name: "a", StartupConfig: "a.cfg", Exec: []string{"true"}},
		{Name: "b", StartupConfig: "b.cfg"},
		{Name: "lan", Kind: topologies.KindBridge},
	}}
	if got := unused(lab); got != "exec of a; startup-config of a, b" {
		t.Errorf("undone: %q", got)
	}
	if got := unused(topologies.Topology{Nodes: lab.Nodes[2:]}); got != "" {
		t.Errorf("of a lab that asks for nothing: %q", got)
	}
}
