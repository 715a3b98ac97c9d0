package exos_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/exos"
	"github.com/reprise-lab/reprise/drivers/sim"
)

func open(tb testing.TB, a drivers.Access, rec drivers.Recorder) *exos.Driver {
	tb.Helper()
	d, err := exos.Factory{}.Open(tb.Context(), drivers.Target{Node: "sw1", Access: &a, Recorder: rec})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = d.Close(tb.Context()) })
	return d.(*exos.Driver)
}

// A row that is not read is told, and the other neighbours of both protocols come with it.
func TestNeighboursUnread(t *testing.T) {
	t.Parallel()
	s := drivertest.Simulate(t, sim.Config{Platform: sim.PlatformEXOS, Name: "sw1", Neighbours: []sim.Neighbour{
		{Port: "1", RemoteName: "core-2", RemotePort: "7", RemoteID: "02:00:00:00:00:02", Protocol: sim.ProtocolLLDP},
		{Port: "2", RemoteName: "a printer  of the second floor", RemotePort: "1", RemoteID: "02:00:00:00:00:03", Protocol: sim.ProtocolLLDP},
		{Port: "3", RemoteName: "core-3", RemotePort: "9", RemoteID: "02:00:00:00:00:04", Protocol: sim.ProtocolEDP},
	}})
	for _, port := range []string{"1", "2", "3"} {
		s.SetPort(port, true)
	}
	got, err := open(t, drivertest.Way(t, s, "telnet"), nil).Neighbours(t.Context())
	var ports []string
	for _, n := range got {
		ports = append(ports, n.Port+" "+n.RemoteName)
	}
	if diff := cmp.Diff([]string{"1 core-2", "3 core-3"}, ports); diff != "" {
		t.Errorf("neighbours (-want +got):\n%s", diff)
	}
	var unread *drivers.UnreadError
	if !errors.As(err, &unread) || len(unread.Rows) != 1 || unread.Rows[0].Command != "show lldp neighbors" || !strings.Contains(unread.Rows[0].Row, "a printer") {
		t.Errorf("not read: %v", err)
	}
}

func TestRestorePoint(t *testing.T) {
	t.Parallel()
	for _, transport := range drivertest.Ways() {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			s := drivertest.Simulate(t, sim.Config{Platform: sim.PlatformEXOS, Name: "X440", Startup: "create vlan lab tag 10\nconfigure vlan lab add ports 1 tagged\n"})
			a := drivertest.Way(t, s, transport)
			d := open(t, a, nil)
			if diff := cmp.Diff([]string{drivers.MarkSimulated}, d.Marks()); diff != "" {
				t.Errorf("marks (-want +got):\n%s", diff)
			}
			before := s.Running()
			point, err := d.Checkpoint(t.Context(), "reprise-0a1b", nil)
			if err != nil {
				t.Fatal(err)
			}
			xs, err := d.Configure(t.Context(), []string{"create vlan test tag 20", "configure vlan test add ports 2 tagged", "configure snmp sysName renamed"})
			if err != nil || xs[len(xs)-1].Rejected != "" {
				t.Fatalf("%+v, %v", xs, err)
			}
			if err := d.PortDown(t.Context(), "3"); err != nil {
				t.Fatal(err)
			}
			if err := d.Restore(t.Context(), point); err != nil {
				t.Fatal(err)
			}
			if after := s.Running(); after != before {
				t.Errorf("(-before +after):\n%s", cmp.Diff(before, after))
			}
			if s.Reboots() != 1 {
				t.Errorf("%d restarts", s.Reboots())
			}
			if err := d.Forget(t.Context(), point); err != nil {
				t.Fatal(err)
			}
			if _, there := s.Saved("reprise-0a1b"); there {
				t.Error("the checkpoint is still on the switch")
			}
			f, err := d.Facts(t.Context())
			if err != nil || !strings.HasPrefix(f.Details["serial"], "SIM") || f.Details["selected"] == "" || f.Details[drivers.MarkSimulated] == "" {
				t.Errorf("%+v, %v", f, err)
			}
			t.Logf("%+v", f)
		})
	}
}

// TestRestorePointOfWhatWasNeverSaved: a switch on its defaults, with changes that nobody saved,
// gets back what it runs and what it starts with, though the configuration that it names is
// among no files.
func TestRestorePointOfWhatWasNeverSaved(t *testing.T) {
	t.Parallel()
	t.Run("at once", func(t *testing.T) { neverSaved(t, sim.Misbehaviour{}) })
	t.Run("late returns", func(t *testing.T) { neverSaved(t, sim.Misbehaviour{Only: "save", LateReturn: true}) })
}

func neverSaved(t *testing.T, m sim.Misbehaviour) {
	t.Helper()
	t.Parallel()
	s := drivertest.Simulate(t, sim.Config{Platform: sim.PlatformEXOS, Name: "X440"})
	d := open(t, drivertest.Way(t, s, drivertest.Ways()[0]), nil)
	defaults := s.Running()
	if xs, err := d.Configure(t.Context(), []string{"create vlan lab tag 10"}); err != nil || xs[0].Rejected != "" {
		t.Fatalf("%+v, %v", xs, err)
	}
	before := s.Running()
	facts, err := d.Facts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	selected := facts.Details["selected"]
	name := strings.TrimSuffix(selected, ".cfg")
	if _, there := s.Saved(name); there || name == "" {
		t.Fatalf("the simulator starts with %q, which is there: %v", selected, there)
	}
	point, err := d.Checkpoint(t.Context(), "reprise-0a1b", nil)
	if err != nil || point.Selected != name || !point.Unsaved {
		t.Fatalf("%+v, %v", point, err)
	}
	s.SetMisbehaviour(m)
	for trial := range 2 { // the second time, what a killed process left of the first is there
		if xs, err := d.Configure(t.Context(), []string{"create vlan test tag 20"}); err != nil || xs[0].Rejected != "" {
			t.Fatalf("%+v, %v", xs, err)
		}
		if err := d.Restore(t.Context(), point); err != nil {
			t.Fatal(err)
		}
		if trial == 0 {
			if xs, err := d.Configure(t.Context(), []string{"save configuration " + name}); err != nil || xs[0].Rejected != "" {
				t.Logf("leave a file behind: %+v, %v", xs, err)
			}
		}
	}
	if err := d.Forget(t.Context(), point); err != nil {
		t.Fatal(err)
	}
	if after := s.Running(); after != before {
		t.Errorf("(-before +after):\n%s", cmp.Diff(before, after))
	}
	if facts, err = d.Facts(t.Context()); err != nil || facts.Details["selected"] != selected {
		t.Errorf("it starts with %q instead of %q: %v", facts.Details["selected"], selected, err)
	}
	for _, file := range []string{name, "reprise-0a1b"} {
		if _, there := s.Saved(file); there {
			t.Errorf("%s.cfg is left on the switch", file)
		}
	}
	if err := d.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	if now := s.Running(); now != defaults {
		t.Errorf("after a restart (-before +after):\n%s", cmp.Diff(defaults, now))
	}
}
