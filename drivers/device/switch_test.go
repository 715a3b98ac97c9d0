package device_test

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/device"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/session"
	"github.com/reprise-lab/reprise/drivers/sim"
)

// openOn opens a device by a way in, with another behind it where one is given.
func openOn(t *testing.T, prepare func(context.Context, *device.Device, *session.CLI) error, ways ...drivers.Access) (*device.Device, error) {
	t.Helper()
	words, err := os.ReadFile("../exos/dialect.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dialect, err := session.ParseDialect(words)
	if err != nil {
		t.Fatal(err)
	}
	target := drivers.Target{Node: "sw1"}
	if len(ways) > 0 {
		target.Access = &ways[0]
	}
	if len(ways) > 1 {
		target.Console = &ways[1]
	}
	d, err := device.Open(t.Context(), "exos", dialect, target, prepare)
	if err == nil {
		t.Cleanup(func() { _ = d.Close(context.Background()) })
	}
	return d, err
}

func open(t *testing.T, ways ...drivers.Access) *device.Device {
	t.Helper()
	d, err := openOn(t, nil, ways...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func simulated(t *testing.T) *sim.Switch {
	t.Helper()
	return drivertest.Simulate(t, sim.Config{Platform: sim.PlatformEXOS, Name: "X440"})
}

// Only a way in that is not there is passed over for the next one: credentials that are refused
// are not tried elsewhere.
func TestOpenWays(t *testing.T) {
	s := simulated(t)
	console := drivertest.Way(t, s, "console")
	nobody := drivers.Access{User: "admin", Password: console.Password, Transport: "telnet", Address: "127.0.0.1:1"}
	if _, err := openOn(t, nil, nobody); !errors.Is(err, drivers.ErrUnreachable) {
		t.Errorf("nobody is there: %v", err)
	}
	d := open(t, nobody, console)
	if diff := cmp.Diff([]string{drivers.MarkSimulated}, d.Marks()); diff != "" {
		t.Error(diff)
	}
	if d.Platform().Name != "exos" {
		t.Errorf("platform %s", d.Platform().Name)
	}
	if err := d.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := d.Run(t.Context(), drivers.Command{Line: "show version"}); !errors.Is(err, drivers.ErrClosed) {
		t.Errorf("after its end: %v", err)
	}
	t.Setenv("REPRISE_TEST_WRONG", "not-the-password")
	wrong := drivertest.Way(t, s, "telnet")
	wrong.Password = "env:REPRISE_TEST_WRONG"
	if _, err := openOn(t, nil, wrong, console); !errors.Is(err, drivers.ErrAuth) || strings.Contains(err.Error(), "not-the-password") {
		t.Errorf("with another password: %v", err)
	}
	wrong.Password = "env:REPRISE_TEST_NOT_SET"
	if _, err := openOn(t, nil, wrong, console); err == nil || !strings.Contains(err.Error(), "REPRISE_TEST_NOT_SET") {
		t.Errorf("without a password: %v", err)
	}
	if _, err := openOn(t, nil); !errors.Is(err, drivers.ErrUnsupported) {
		t.Errorf("without a way in: %v", err)
	}
}

// A session that is not fit, or that leads to another device than those before, is not used.
func TestOpenPrepares(t *testing.T) {
	s := simulated(t)
	way := drivertest.Way(t, s, "telnet")
	if _, err := openOn(t, func(context.Context, *device.Device, *session.CLI) error { return errors.New("not fit") }, way); err == nil || !strings.Contains(err.Error(), "not fit") {
		t.Errorf("%v", err)
	}
	d := open(t, way)
	for range 2 {
		if err := d.SameDevice("A"); err != nil {
			t.Error(err)
		}
	}
	if err := d.SameDevice("B"); err == nil || !strings.Contains(err.Error(), `"B"`) || !strings.Contains(err.Error(), `"A"`) {
		t.Errorf("another device: %v", err)
	}
}

// Lines are sent until one is refused; what enters and leaves the mode is no line of theirs, and
// where the mode is refused nothing is sent.
func TestConfigure(t *testing.T) {
	s := simulated(t)
	d := open(t, drivertest.Way(t, s, "telnet"))
	lines := []string{"create vlan one tag 11", "frobnicate", "create vlan two tag 12"}
	xs, err := d.Configure(t.Context(), lines, []string{"show reprise-probe enter"}, []string{"show reprise-probe leave"})
	if err != nil || len(xs) != 2 || xs[0].Rejected != "" || xs[1].Rejected == "" || xs[1].Command != "frobnicate" {
		t.Errorf("%+v, %v", xs, err)
	}
	if running := s.Running(); !strings.Contains(running, "one") || strings.Contains(running, "two") {
		t.Errorf("it runs\n%s", running)
	}
	xs, err = d.Configure(t.Context(), []string{"create vlan three tag 13"}, []string{"frobnicate"}, nil)
	if err != nil || len(xs) != 1 || xs[0].Command != "frobnicate" || strings.Contains(s.Running(), "three") {
		t.Errorf("%+v, %v", xs, err)
	}
	configure := func(ctx context.Context, lines []string) ([]drivers.Exchange, error) {
		return d.Configure(ctx, lines, nil, nil)
	}
	if err := d.Apply(t.Context(), []byte("# a comment\n\n  create vlan four tag 14  \n"), "#", configure); err != nil || !strings.Contains(s.Running(), "four") {
		t.Errorf("applied: %v", err)
	}
	if err := d.Apply(t.Context(), []byte("create vlan five tag 15\nfrobnicate\n"), "#", configure); !errors.Is(err, drivers.ErrRefused) || !strings.Contains(err.Error(), `"frobnicate"`) {
		t.Errorf("refused: %v", err)
	}
	none := func(context.Context, []string) ([]drivers.Exchange, error) { return nil, errors.New("sent") }
	if err := d.Apply(t.Context(), []byte("# nothing\n\n"), "#", none); err != nil {
		t.Errorf("of comments: %v", err)
	}
	if err := d.Apply(t.Context(), []byte("x"), "#", none); err == nil || !strings.Contains(err.Error(), "sent") {
		t.Errorf("a session that is lost: %v", err)
	}
}

// A question whose answer is needed fails with the device's words where it is refused.
func TestAsk(t *testing.T) {
	s := simulated(t)
	d := open(t, drivertest.Way(t, s, "telnet"))
	if out, err := d.Ask(t.Context(), "look", "show reprise-probe alpha"); err != nil || !strings.Contains(out, "alpha") {
		t.Errorf("%q, %v", out, err)
	}
	_, err := d.Ask(t.Context(), "look", "frobnicate")
	if op := (*drivers.OpError)(nil); !errors.As(err, &op) || op.Op != "look" || op.Node != "sw1" || !strings.Contains(err.Error(), `"frobnicate"`) {
		t.Errorf("%v", err)
	}
	templates := fstest.MapFS{
		"templates/probe.textfsm": {Data: []byte("Value WORD (\\S+alpha)\nValue List ALL (\\S+alpha)\n\nStart\n  ^.*?${WORD}\n  ^.*?${ALL} -> Record\n")},
		"templates/bad.textfsm":   {Data: []byte("Value (\n")},
	}
	if _, err := d.Table(t.Context(), "look", "frobnicate", templates, "probe"); err == nil {
		t.Error("a table of a refusal")
	}
	for name, want := range map[string]string{"bad": "template bad", "none": "template none"} {
		if _, err := d.Table(t.Context(), "look", "show reprise-probe alpha", templates, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := device.Rows(templates, "probe", strings.Repeat("x", 8<<20+1)); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("a long answer: %v", err)
	}
	rows, err := device.Rows(fstest.MapFS{"templates/t.textfsm": {Data: []byte("Value NAME (\\S+ ?)\nValue List ALL (\\S+)\n\nStart\n  ^name ${NAME}\n  ^port ${ALL}\n  ^end -> Record\n")}}, "t", "name a \nport 1\nport 2\nend\n")
	if diff := cmp.Diff([]map[string]string{{"NAME": "a", "ALL": "1,2"}}, rows); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
}

// A restart is over when the device answers and is another boot than before; a command that it
// refuses restarts nothing.
func TestReboot(t *testing.T) {
	s := simulated(t)
	d := open(t, drivertest.Way(t, s, "telnet"))
	since := func(ctx context.Context) (string, error) {
		out, err := d.Ask(ctx, "look", "show switch")
		return regexp.MustCompile(`Boot Count:\s+\d+`).FindString(out), err
	}
	yes := []drivers.Reply{{Question: ".", Answer: "y"}}
	if err := d.Reboot(t.Context(), "frobnicate", nil, since); err == nil || !strings.Contains(err.Error(), "frobnicate") || s.Reboots() != 0 {
		t.Errorf("refused: %v", err)
	}
	if err := d.Reboot(t.Context(), "reboot", yes, since); err != nil || s.Reboots() != 1 {
		t.Errorf("%d restarts, %v", s.Reboots(), err)
	}
	if err := d.Reboot(t.Context(), "reboot", yes, func(context.Context) (string, error) { return "", errors.New("no count") }); err == nil || !strings.Contains(err.Error(), "no count") || s.Reboots() != 1 {
		t.Errorf("nobody knows the boot of before: %v", err)
	}
	asked := 0
	denied := func(context.Context) (string, error) {
		if asked++; asked == 1 {
			return "1", nil
		}
		return "", drivers.ErrAuth
	}
	if err := d.Reboot(t.Context(), "reboot", yes, denied); !errors.Is(err, drivers.ErrAuth) || asked != 6 {
		t.Errorf("credentials that are refused, after %d looks: %v", asked, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	same := func(context.Context) (string, error) {
		if asked++; asked > 8 {
			cancel()
		}
		return "1", nil
	}
	if err := d.Reboot(ctx, "show version", nil, same); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "it has not restarted yet") {
		t.Errorf("it stays up: %v", err)
	}
}

// How configurations differ is told without a line of either: they hold keys.
func TestDiffer(t *testing.T) {
	for _, tt := range []struct{ saved, now, want string }{
		{"a\nb\n", "a\nb \n\n", ""},
		{"a\nsecret\n", "a\nother\nmore\n", "1 lines that were saved are not there, and 2 are there that were not"},
		{"a\nb\n", "b\na\n", "its lines stand in another order"},
	} {
		if got := device.Differ(tt.saved, tt.now); got != tt.want {
			t.Errorf("%q, %q: %s", tt.saved, tt.now, got)
		}
	}
}

// A port's state is one of two words, however short the platform writes it.
func TestAdmin(t *testing.T) {
	for word, want := range map[string]string{"E": "Enabled", "up": "Enabled", "D": "Disabled", "FALSE": "Disabled", "Blocked": "Blocked"} {
		if got := device.Admin(word); got != want {
			t.Errorf("%s: %s", word, got)
		}
	}
	if err := device.NotSeen("the port is up", []map[string]string{{"PORT": "1"}}); !strings.Contains(err.Error(), "does not show that the port is up: [map[PORT:1]]") {
		t.Error(err)
	}
}
