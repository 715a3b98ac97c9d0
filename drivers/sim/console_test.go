package sim_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/drivers/sim"
)

func TestConsoleKeepsItsState(t *testing.T) {
	s := start(t, sim.Config{Platform: sim.PlatformEXOS, Name: "sw1", RebootTime: 100 * time.Millisecond, PendingAAA: 100 * time.Millisecond})
	addr, err := s.ListenConsole("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, addr)
	c.send("admin\r")
	c.until("(pending-AAA) login: ")
	c.until("now available for login.\r\n\r\nlogin: ")
	c.send("admin\r")
	c.until("password: ")
	c.send("\r")
	c.until("sw1.1 # ")
	_ = c.c.Close()

	c = dial(t, addr)
	c.send("create vlan blue\r")
	c.until("* sw1.2 # ")
	s.Log("Warn", "ELRP.Report.Message", "LOOP DETECTED")
	c.until("<Warn:ELRP.Report.Message> LOOP DETECTED\r\n")
	c.send("reboot\r")
	c.until("(y - save and reboot, n - reboot without save, <cr> - cancel command) ")
	c.send("n")
	c.until("Authentication Service (AAA) on the master node is now available for login.")
	c.until("login: ")
	if strings.Contains(s.Running(), "blue") {
		t.Error("unsaved VLAN is still there")
	}
}

func TestFirstBoot(t *testing.T) {
	s := start(t, sim.Config{Platform: sim.PlatformEXOS, Name: "sw1", FirstBoot: true})
	addr, err := s.ListenConsoleTelnet("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, addr)
	c.until("\xff\xfb\x01\xff\xfb\x03\xff\xfd\x1f")
	c.send("\xff\xfb\x1f\xff\xfa\x1f\x00\x50\x00\x28\xff\xf0\xff\xfd\x01\xff\xfd\x03\r")
	c.until("login: ")
	c.send("admin\r")
	c.until("password: ")
	c.send("\r")
	c.until("[y/N/q]: ")
	c.send("n\r")
	c.until("[y/N/q]: ")
	c.send("q\r")
	c.until("sw1.1 # ")
}

func TestPowerCycleRefuses(t *testing.T) {
	s := start(t, sim.Config{Platform: sim.PlatformVOSS, RebootTime: time.Minute})
	addr, err := s.ListenSSH("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := dialSSH(t, s, addr, "rwa", "rwa")
	c.until(":1>")
	s.PowerCycle()
	c.end()
	if conn, err := net.Dial("tcp", addr.String()); err == nil {
		_ = conn.Close()
		t.Error("a switch without power accepts a connection")
	}
}

func TestStateOutlivesTheProcess(t *testing.T) {
	c := sim.Config{Platform: sim.PlatformEXOS, Name: "sw1", Dir: t.TempDir(), Startup: "create vlan blue tag 7\n"}
	s, err := sim.New(c)
	if err != nil {
		t.Fatal(err)
	}
	s.Log("Crit", "Kern.Critical", "kept")
	key := string(s.HostKey().Marshal())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = start(t, c)
	if string(s.HostKey().Marshal()) != key {
		t.Error("another host key")
	}
	if !strings.Contains(s.Running(), "configure vlan blue tag 7\n") {
		t.Error(s.Running())
	}
	addr, err := s.ListenSSH("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cl := dialSSH(t, s, addr, "admin", "")
	cl.until("sw1.1 # ")
	if got := cl.run("show log messages nvram", "sw1.2 # "); !strings.Contains(got, "<Crit:Kern.Critical> kept") {
		t.Error(got)
	}
}

func TestLogBreaksIntoOutput(t *testing.T) {
	s := start(t, sim.Config{Platform: sim.PlatformEXOS, Name: "sw1", Misbehave: sim.Misbehaviour{LogBursts: 150}})
	addr, err := s.ListenConsole("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, addr)
	c.send("\r")
	c.until("login: ")
	c.send("admin\r")
	c.until("password: ")
	c.send("\r")
	c.until("sw1.1 # ")
	c.run("disable clipaging", "sw1.2 # ")
	if got := c.run("show version", "sw1.3 # "); strings.Count(got, "<Info:sim.burst>") < 2 {
		t.Error(got)
	}
}
