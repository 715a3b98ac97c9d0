package sim_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers/sim"
)

func sshVOSS(t *testing.T, c sim.Config, user string) (*sim.Switch, *client) {
	t.Helper()
	c.Platform, c.Name = sim.PlatformVOSS, "vsp1"
	s := start(t, c)
	addr, err := s.ListenSSH("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cl := dialSSH(t, s, addr, user, user)
	cl.until(sim.Banner + "\r\n")
	cl.until("vsp1:1>")
	return s, cl
}

func TestVOSSModes(t *testing.T) {
	s, c := sshVOSS(t, sim.Config{}, "rwa")
	for _, step := range []struct{ line, prompt string }{
		{"enable", "vsp1:1#"},
		{"terminal more disable", "vsp1:1#"},
		{"configure terminal", "vsp1:1(config)#"},
		{`vlan create 10 name "users one" type port-mstprstp 0`, "vsp1:1(config)#"},
		{"vlan members add 10 1/2-1/3", "vsp1:1(config)#"},
		{"vlan i-sid 10 100010", "vsp1:1(config)#"},
		{"spbm", "vsp1:1(config)#"},
		{"mlt 1 enable", "vsp1:1(config)#"},
		{"mlt 1 member 1/5,1/6", "vsp1:1(config)#"},
		{"interface gigabitEthernet 1/2", "vsp1:1(config-if)#"},
		{"isis", "vsp1:1(config-if)#"},
		{"isis spbm 1", "vsp1:1(config-if)#"},
		{"vlacp enable", "vsp1:1(config-if)#"},
		{"no fa enable", "vsp1:1(config-if)#"},
		{"isis enable", "vsp1:1(config-if)#"},
		{"no shutdown", "vsp1:1(config-if)#"},
		{"exit", "vsp1:1(config)#"},
		{"interface vlan 10", "vsp1:1(config-if)#"},
		{"ip address 10.0.0.1 255.255.255.0", "vsp1:1(config-if)#"},
		{"exit", "vsp1:1(config)#"},
		{"router isis", "vsp1:1(config-isis)#"},
		{"spbm 1", "vsp1:1(config-isis)#"},
		{"spbm 1 nick-name 2.40.98", "vsp1:1(config-isis)#"},
		{"spbm 1 b-vid 4051-4052 primary 4051", "vsp1:1(config-isis)#"},
		{"exit", "vsp1:1(config)#"},
		{"router isis enable", "vsp1:1(config)#"},
		{"virtual-ist peer-ip 10.0.0.2 vlan 10", "vsp1:1(config)#"},
		{"end", "vsp1:1#"},
	} {
		if got := c.run(step.line, step.prompt); got != "" {
			t.Errorf("%s: %s", step.line, got)
		}
	}
	got := c.run("show vlan basic", "vsp1:1#")
	if !strings.HasPrefix(got, strings.Repeat("*", 84)+"\nCommand Execution Time: ") || !strings.Contains(got, "users one") {
		t.Errorf("show vlan basic:\n%s", got)
	}
	if got = c.run("show isis spbm", "vsp1:1#"); !strings.Contains(got, "2.40.98") {
		t.Errorf("show isis spbm:\n%s", got)
	}
	c.run("save config", "vsp1:1#")
	saved, ok := s.Saved("config.cfg")
	if diff := cmp.Diff(s.Running(), saved); !ok || diff != "" {
		t.Error(diff)
	}
	if want := "interface gigabitEthernet 1/2\nisis\nisis enable\nisis spbm 1\nno fa enable\nvlacp enable\nexit\n"; !strings.Contains(saved, want) {
		t.Errorf("no %q in\n%s", want, saved)
	}
	again := start(t, sim.Config{Platform: sim.PlatformVOSS, Name: "vsp1", Startup: saved})
	if diff := cmp.Diff(saved, again.Running()); diff != "" {
		t.Error(diff)
	}
	got = c.run("show nonsense", "vsp1:1#")
	if diff := cmp.Diff(strings.Repeat(" ", len("vsp1:1#show "))+"^\n% Invalid input detected at '^' marker.\n", got); diff != "" {
		t.Error(diff)
	}
}

func TestVOSSReadOnly(t *testing.T) {
	_, c := sshVOSS(t, sim.Config{}, "ro")
	c.run("enable", "vsp1:1#")
	c.run("terminal more disable", "vsp1:1#")
	for _, line := range []string{"configure terminal", "more config.cfg", "save config", "show running-config", "reset -y"} {
		if got := c.run(line, "vsp1:1#"); !strings.Contains(got, "% Invalid input detected at '^' marker.") {
			t.Errorf("%s: %s", line, got)
		}
	}
}

func TestVOSSPager(t *testing.T) {
	_, c := sshVOSS(t, sim.Config{}, "rwa")
	c.run("enable", "vsp1:1#")
	c.send("show sys-info\r")
	page := c.until("--More--")
	if n := strings.Count(page, "\r\n"); n != 24 { // the echo's line end and 23 lines
		t.Errorf("page of %d lines:\n%s", n, page)
	}
	c.send("q")
	c.until("vsp1:1#")
	if got := c.run("show sys-info | no-more", "vsp1:1#"); !strings.Contains(got, "Simulator") {
		t.Errorf("show sys-info:\n%s", got)
	}
}
