package voss_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/sim"
	"github.com/reprise-lab/reprise/drivers/voss"
)

func open(tb testing.TB, a drivers.Access, rec drivers.Recorder) *voss.Driver {
	tb.Helper()
	d, err := voss.Factory{}.Open(tb.Context(), drivers.Target{Node: "sw1", Access: &a, Recorder: rec})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = d.Close(tb.Context()) })
	return d.(*voss.Driver)
}

func TestRestorePoint(t *testing.T) {
	t.Parallel()
	for _, transport := range drivertest.Ways() {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			s := drivertest.Simulate(t, sim.Config{Platform: sim.PlatformVOSS, Name: "vsp", Startup: "config terminal\nvlan create 10 name \"lab\" type port-mstprstp 0\nvlan members add 10 1/1\nend\n"})
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
			xs, err := d.Configure(t.Context(), []string{`vlan create 20 name "test" type port-mstprstp 0`, "vlan members add 20 1/2", "sys name renamed"})
			if err != nil || xs[len(xs)-1].Rejected != "" {
				t.Fatalf("%+v, %v", xs, err)
			}
			if err := d.PortDown(t.Context(), "1/3"); err != nil {
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
			if _, there := s.Saved("reprise-0a1b.cfg"); there {
				t.Error("the checkpoint is still on the switch")
			}
			f, err := d.Facts(t.Context())
			if err != nil || !strings.HasPrefix(f.Details["serial"], "SIM") || f.Details["model"] == "" || f.Details[drivers.MarkSimulated] == "" {
				t.Errorf("%+v, %v", f, err)
			}
			t.Logf("%+v", f)
		})
	}
}
