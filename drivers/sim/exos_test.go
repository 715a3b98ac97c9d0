package sim_test

import (
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers/sim"
)

func telnetEXOS(t *testing.T, c sim.Config) (*sim.Switch, *client) {
	t.Helper()
	s, cl, _ := telnetEXOSAt(t, c)
	return s, cl
}

func telnetEXOSAt(t *testing.T, c sim.Config) (*sim.Switch, *client, net.Addr) {
	t.Helper()
	c.Platform, c.Name = sim.PlatformEXOS, "sw1"
	s := start(t, c)
	addr, err := s.ListenTelnet("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cl := dial(t, addr)
	cl.until("login: ")
	cl.send("admin\r")
	cl.until("password: ")
	cl.send("\r")
	cl.until(sim.Banner + "\r\n")
	cl.until("sw1.1 # ")
	return s, cl, addr
}

func TestEXOSPrompt(t *testing.T) {
	_, c := telnetEXOS(t, sim.Config{})
	c.run("disable clipaging", "sw1.2 # ")
	c.run("create vlan blue tag 10", "* sw1.3 # ")
	if got := c.run("show vlan blue", "* sw1.4 # "); !strings.Contains(got, "802.1Q Tag 10") {
		t.Errorf("show vlan blue:\n%s", got)
	}
	got := c.run("create vlan blue", "* sw1.5 # ")
	if diff := cmp.Diff("Error: VLAN blue already exists.\n", got); diff != "" {
		t.Error(diff)
	}
	got = c.run("show nonsense", "* sw1.6 # ")
	if diff := cmp.Diff(strings.Repeat(" ", len("* sw1.5 # show "))+"^\n%% Invalid input detected at '^' marker.\n", got); diff != "" {
		t.Error(diff)
	}
	if got = c.run("create vlan", "* sw1.7 # "); got != "%% Incomplete command\n" {
		t.Errorf("create vlan: %q", got)
	}
	c.send("save\r")
	c.until("(y/N) ")
	c.send("y")
	c.until("Configuration saved to primary.cfg successfully.\r\n")
	c.until("sw1.8 # ")
}

func TestEXOSReboot(t *testing.T) {
	s, c, addr := telnetEXOSAt(t, sim.Config{RebootTime: 300 * time.Millisecond})
	c.run("disable cli prompting", "sw1.2 # ")
	c.run("create vlan kept tag 10", "sw1.3 # ")
	c.run("save", "sw1.4 # ")
	before := s.Running()
	c.run("create vlan lost tag 11", "sw1.5 # ")
	c.send("reboot\r")
	c.end()
	for until := time.Now().Add(patience); s.Running() != before && time.Now().Before(until); {
		runtime.Gosched()
	}
	c = dialUntil(t, addr)
	c.until("login: ")
	if diff := cmp.Diff(before, s.Running()); diff != "" {
		t.Error(diff)
	}
	if s.Reboots() != 1 {
		t.Errorf("%d reboots", s.Reboots())
	}
}

// dialUntil dials until somebody answers.
func dialUntil(t *testing.T, addr net.Addr) *client {
	t.Helper()
	for until := time.Now().Add(patience); ; runtime.Gosched() {
		conn, err := net.Dial("tcp", addr.String())
		if err == nil {
			_ = conn.Close()
			return dial(t, addr)
		}
		if time.Now().After(until) {
			t.Fatal(err)
		}
	}
}
