package exos_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/exos"
	"github.com/reprise-lab/reprise/drivers/sim"
	"github.com/reprise-lab/reprise/drivers/transport"
)

// A line may be in any state when a session begins.
func TestConsoleStates(t *testing.T) {
	t.Parallel()
	leave := map[string]string{
		"nothing":               "",
		"half a command":        "admin\r" + drivertest.SwitchPassword + "\rreboot",
		"a page":                "admin\r" + drivertest.SwitchPassword + "\rshow management\rshow tech-support all\r",
		"a question":            "admin\r" + drivertest.SwitchPassword + "\rreboot\r",
		"half a login":          "somebody\r",
		"a session, changed":    "admin\r" + drivertest.SwitchPassword + "\rcreate vlan left\r",
		"a debug context":       "admin\r" + drivertest.SwitchPassword + "\rdebug-mode\r",
		"a name half typed":     "adm",
		"a password half typed": "admin\rS3cr",
	}
	for name, typed := range leave {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := drivertest.Simulate(t, sim.Config{Platform: sim.PlatformEXOS, TechSize: 20_000})
			a := drivertest.Way(t, s, "console")
			raw, err := transport.Dial(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			said := make(chan struct{}, 1)
			go func() {
				buf := make([]byte, 4096)
				for {
					if _, err := raw.Read(buf); err != nil {
						return
					}
					select {
					case said <- struct{}{}:
					default:
					}
				}
			}()
			if _, err := raw.Write([]byte(typed)); err != nil {
				t.Fatal(err)
			}
			settled(said)
			_ = raw.Close()
			d := open(t, a, nil)
			x, err := d.Run(t.Context(), drivers.Command{Line: "show reprise-probe here"})
			if err != nil || strings.TrimSpace(x.Output) != "here" {
				t.Errorf("%q, %v", x.Output, err)
			}
			if s.Reboots() != 0 {
				t.Error("the switch was restarted")
			}
		})
	}
}

// A terminal server that asks for a login of its own stands before the line.
func TestTerminalServer(t *testing.T) {
	t.Parallel()
	s := drivertest.Simulate(t, sim.Config{Platform: sim.PlatformEXOS})
	a := drivertest.Way(t, s, "console")
	line := a.Address
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go terminalServer(c, line)
		}
	}()
	a.Address, a.ServerUser, a.ServerPassword = l.Addr().String(), "ops", drivertest.PasswordFile(t, "of-the-terminal-server")
	rec := &drivertest.Transcript{}
	d := open(t, a, rec)
	answers(t, d)
	if sent := string(rec.Bytes("", drivers.Out)); strings.Contains(sent, "of-the-terminal-server") || !strings.Contains(sent, "ops") {
		t.Errorf("sent %q", sent)
	}
	a.ServerPassword = "" // another one is refused
	if d, err := (exos.Factory{}).Open(t.Context(), drivers.Target{Node: "sw1", Access: &a}); err == nil {
		_ = d.Close(t.Context())
		t.Error("opened with a wrong password for the terminal server")
	}
}

// terminalServer asks for a user and a password, and joins the caller to the line.
func terminalServer(c net.Conn, line string) {
	defer func() { _ = c.Close() }()
	r := bufio.NewReader(c)
	_, _ = io.WriteString(c, "Terminal server 1\r\nport login: ")
	user, _ := r.ReadString('\r')
	_, _ = io.WriteString(c, "\r\npassword: ")
	password, _ := r.ReadString('\r')
	if user != "ops\r" || password != "of-the-terminal-server\r" {
		_, _ = io.WriteString(c, "\r\nAccess denied\r\n")
		return
	}
	_, _ = io.WriteString(c, "\r\nconnected to line 7\r\n")
	to, err := net.Dial("tcp", line)
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(c, to)
		_ = c.Close()
	}()
	_, _ = io.Copy(to, r)
	_ = to.Close()
}

// A console that leads to another switch is not taken for a second way into this one.
func TestAnotherSwitchBehindTheConsole(t *testing.T) {
	t.Parallel()
	s := drivertest.Simulate(t, sim.Config{Platform: sim.PlatformEXOS, Serial: "SIM1"})
	other := drivertest.Simulate(t, sim.Config{Platform: sim.PlatformEXOS, Serial: "SIM2"})
	access, console := drivertest.Way(t, s, "telnet"), drivertest.Way(t, other, "console")
	d, err := exos.Factory{}.Open(t.Context(), drivers.Target{Node: "sw1", Access: &access, Console: &console})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close(t.Context()) }()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before := other.Running()
	for range 2 { // the session that is lost, and the next
		if xs, err := d.(drivers.Configurer).Configure(t.Context(), []string{"create vlan stray"}); err == nil {
			t.Errorf("configured: %+v", xs)
		}
	}
	if other.Running() != before {
		t.Error("the other switch was changed")
	}
}

// settled waits until the line has been silent for a moment.
func settled(said <-chan struct{}) {
	for {
		timer := time.NewTimer(150 * time.Millisecond)
		select {
		case <-said:
			timer.Stop()
		case <-timer.C:
			return
		}
	}
}

func TestLoginStates(t *testing.T) {
	t.Parallel()
	for _, way := range drivertest.Ways() {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			t.Run("first boot", func(t *testing.T) {
				s := drivertest.Simulate(t, sim.Config{Platform: sim.PlatformEXOS, FirstBoot: true})
				answers(t, open(t, drivertest.Way(t, s, way), nil))
			})
			t.Run("wrong password", func(t *testing.T) {
				s := drivertest.Simulate(t, sim.Config{Platform: sim.PlatformEXOS, Users: []sim.User{{Name: "admin", Password: "another-one"}}})
				a := drivertest.Way(t, s, way)
				_, err := exos.Factory{}.Open(t.Context(), drivers.Target{Node: "sw1", Access: &a})
				if !errors.Is(err, drivers.ErrAuth) {
					t.Errorf("got %v, want ErrAuth", err)
				}
				if err != nil && strings.Contains(err.Error(), drivertest.SwitchPassword) {
					t.Errorf("the error holds the password: %v", err)
				}
			})
			t.Run("read only", func(t *testing.T) {
				s := drivertest.Simulate(t, sim.Config{Platform: sim.PlatformEXOS})
				a := drivertest.Way(t, s, way)
				a.User = "user"
				d := open(t, a, nil)
				answers(t, d)
				xs, err := d.Configure(t.Context(), []string{"create vlan no"})
				if err != nil || xs[0].Rejected == "" {
					t.Errorf("%+v, %v", xs, err)
				}
			})
			t.Run("stack slot", func(t *testing.T) {
				s := drivertest.Simulate(t, sim.Config{Platform: sim.PlatformEXOS, Slots: 2})
				d := open(t, drivertest.Way(t, s, way), nil)
				answers(t, d)
				f, err := d.Facts(t.Context())
				if err != nil || f.Details["slot-2"] == "" {
					t.Errorf("%+v, %v", f, err)
				}
			})
			t.Run("pending AAA", func(t *testing.T) {
				s := drivertest.Simulate(t, sim.Config{Platform: sim.PlatformEXOS, PendingAAA: 300 * time.Millisecond})
				a := drivertest.Way(t, s, way)
				if way == "ssh" { // it is refused until AAA is there
					t.Skip("ssh waits for AAA by itself") //nolint:forbidigo // the case is not one of this way
				}
				answers(t, open(t, a, nil))
			})
		})
	}
}

func answers(t *testing.T, d *exos.Driver) {
	t.Helper()
	for _, token := range []string{"one", "two"} {
		x, err := d.Run(t.Context(), drivers.Command{Line: "show reprise-probe " + token})
		if err != nil || strings.TrimSpace(x.Output) != token {
			t.Errorf("%s: %q, %v", token, x.Output, err)
		}
	}
}

// A question that nobody meant to answer is answered with no, and nothing happens.
func TestQuestions(t *testing.T) {
	t.Parallel()
	s := drivertest.Simulate(t, sim.Config{Platform: sim.PlatformEXOS})
	d := open(t, drivertest.Way(t, s, "ssh"), nil)
	x, err := d.Run(t.Context(), drivers.Command{Line: "reboot"})
	if err != nil || !strings.Contains(x.Rejected, "asked") || s.Reboots() != 0 {
		t.Errorf("%+v, %v, %d restarts", x, err, s.Reboots())
	}
	answers(t, d)
	if err := d.Reboot(t.Context()); err != nil || s.Reboots() != 1 {
		t.Errorf("%v, %d restarts", err, s.Reboots())
	}
	answers(t, d)
}

// Pages that somebody left on are turned, and leave nothing in the answer.
func TestPages(t *testing.T) {
	t.Parallel()
	s := drivertest.Simulate(t, sim.Config{Platform: sim.PlatformEXOS, TechSize: 20_000})
	d := open(t, drivertest.Way(t, s, "telnet"), nil)
	plain, err := d.Run(t.Context(), drivers.Command{Line: "show configuration"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Run(t.Context(), drivers.Command{Line: "enable clipaging"}); err != nil {
		t.Fatal(err)
	}
	paged, err := d.Run(t.Context(), drivers.Command{Line: "show configuration"})
	if err != nil || strings.Contains(paged.Output, "Press <SPACE>") || paged.Output != plain.Output {
		t.Errorf("%v\nplain:\n%s\npaged:\n%q", err, plain.Output, paged.Output)
	}
}

// Log lines on a console are no part of an answer.
func TestConsoleLog(t *testing.T) {
	t.Parallel()
	s := drivertest.Simulate(t, sim.Config{Platform: sim.PlatformEXOS})
	d := open(t, drivertest.Way(t, s, "console"), nil)
	answers(t, d)
	s.Log("Noti", "HAL.Port.Something", "a line that nobody asked for")
	answers(t, d)
	mark, err := d.MarkLogs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Log("Warn", "EPM.Something", "since the mark")
	files, err := d.LogsSince(t.Context(), mark)
	if err != nil || len(files) == 0 || !strings.Contains(files[0].Text, "since the mark") || strings.Contains(files[0].Text, "nobody asked for") {
		t.Errorf("%+v, %v", files, err)
	}
}

// A collection that ends early says so.
func TestTechSupport(t *testing.T) {
	t.Parallel()
	s := drivertest.Simulate(t, sim.Config{Platform: sim.PlatformEXOS, TechSize: 50_000})
	d := open(t, drivertest.Way(t, s, "ssh"), nil)
	x, err := d.TechSupport(t.Context())
	if err != nil || !x.Complete {
		t.Errorf("missing %v, %v", x.Missing, err)
	}
	s.SetMisbehaviour(sim.Misbehaviour{TruncateTail: true})
	if x, err = d.TechSupport(t.Context()); err != nil || x.Complete || len(x.Missing) == 0 {
		t.Errorf("cut: complete %v, missing %v, %v", x.Complete, x.Missing, err)
	}
	cores, err := d.Cores(t.Context())
	if err != nil || len(cores) != 0 {
		t.Errorf("%v, %v", cores, err)
	}
	n, err := d.Neighbours(t.Context())
	if err != nil {
		t.Errorf("%v, %v", n, err)
	}
}
