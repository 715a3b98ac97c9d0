package exos_test

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/exos"
	"github.com/reprise-lab/reprise/drivers/sim"
)

const password = "S3cret-of-the-lab"

// simulate starts a simulator and returns how it is reached over a transport.
func simulate(tb testing.TB, c sim.Config, transport string) (*sim.Switch, drivers.Access) {
	tb.Helper()
	if c.Users == nil {
		c.Users = []sim.User{{Name: "admin", Password: password}, {Name: "user", Password: password, ReadOnly: true}}
	}
	c.Platform = sim.PlatformEXOS
	if c.RebootTime == 0 {
		c.RebootTime = 200 * time.Millisecond
	}
	s, err := sim.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s, listen(tb, s, transport)
}

func listen(tb testing.TB, s *sim.Switch, transport string) drivers.Access {
	tb.Helper()
	tb.Setenv("EXOS_TEST_PASSWORD", password)
	a := drivers.Access{User: "admin", Password: "env:EXOS_TEST_PASSWORD", Transport: transport}
	var addr net.Addr
	var err error
	switch transport {
	case drivers.TransportSSH:
		a.KnownHosts, a.AcceptNew = filepath.Join(tb.TempDir(), "known_hosts"), true
		addr, err = s.ListenSSH("127.0.0.1:0")
	case drivers.TransportTelnet:
		addr, err = s.ListenTelnet("127.0.0.1:0")
	case "console-telnet":
		a.Transport, a.Console = drivers.TransportConsole, "telnet"
		addr, err = s.ListenConsoleTelnet("127.0.0.1:0")
	default:
		a.Console = "raw"
		addr, err = s.ListenConsole("127.0.0.1:0")
	}
	if err != nil {
		tb.Fatal(err)
	}
	a.Address = addr.String()
	return a
}

func transports() []string {
	return []string{drivers.TransportSSH, drivers.TransportTelnet, drivers.TransportConsole, "console-telnet"}
}

func open(tb testing.TB, a drivers.Access, rec drivers.Recorder) *exos.Driver {
	tb.Helper()
	d, err := exos.Factory{}.Open(tb.Context(), drivers.Target{Node: "sw1", Access: &a, Recorder: rec})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = d.Close(tb.Context()) })
	return d.(*exos.Driver)
}

func TestWayBack(t *testing.T) {
	for _, transport := range transports() {
		t.Run(transport, func(t *testing.T) {
			s, a := simulate(t, sim.Config{Name: "X440", Startup: "create vlan lab tag 10\nconfigure vlan lab add ports 1 tagged\n"}, transport)
			d := open(t, a, nil)
			if diff := cmp.Diff([]string{drivers.MarkSimulated}, d.Marks()); diff != "" {
				t.Errorf("marks (-want +got):\n%s", diff)
			}
			before := s.Running()
			point, err := d.Checkpoint(t.Context(), "reprise-0a1b")
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
