package frr_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/frr"
)

const config = `hostname r1
log timestamp precision 3
ip route 192.0.2.0/24 blackhole
interface lo
 ip address 9.9.9.9/32
bgp as-path access-list A permit ^65?00.*$
router bgp 65001
 bgp router-id 1.1.1.1
 no bgp ebgp-requires-policy
 neighbor 10.0.0.2 remote-as 65002
 address-family ipv4 unicast
  redistribute static
`

func open(t *testing.T, host drivers.Host, config string) *frr.Driver {
	t.Helper()
	d, err := frr.Factory{}.Open(t.Context(), drivers.Target{Node: "r1", Host: host, Config: []byte(config)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close(context.Background()) })
	return d.(*frr.Driver)
}

func TestLive(t *testing.T) {
	for _, image := range drivertest.Images() {
		t.Run(image, func(t *testing.T) { live(t, drivertest.StartContainer(t, image)) })
	}
}

func live(t *testing.T, host drivers.Host) {
	t.Helper()
	d := open(t, host, config)
	if err := d.Boot(t.Context()); err != nil {
		t.Fatal(err)
	}
	run := func(line string) drivers.Exchange {
		t.Helper()
		x, err := d.Run(t.Context(), drivers.Command{Line: line})
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	has := func(x drivers.Exchange, want string) {
		t.Helper()
		if !strings.Contains(x.Output, want) {
			t.Errorf("%s: %q is not in:\n%s", x.Command, want, x.Output)
		}
	}
	for range 3 {
		x := run("show bgp summary json")
		if !json.Valid([]byte(x.Output)) {
			t.Errorf("no JSON:\n%s", x.Output)
		}
		has(x, `"10.0.0.2"`)
		has(run("show ip route"), "192.0.2.0/24")
		has(run("show running-config"), "permit ^65?00.*$")
	}
	if x := run("show nonsense at all?"); x.Rejected != "% Unknown command: show nonsense at all?" {
		t.Errorf("rejected %q", x.Rejected)
	}
	if x := run("show ip ospf neighbor"); x.Rejected == "" {
		t.Errorf("answer of a daemon that does not run: %+v", x)
	}

	xs, err := d.Configure(t.Context(), []string{"ip route 198.51.100.0/24 blackhole", "router bgp 65001", "neighbor 10.0.0.9 remote-as 65009", "neighbor 10.0.0.2 description plain"})
	if err != nil || len(xs) != 4 || xs[3].Rejected != "" {
		t.Fatalf("configure: %+v, %v", xs, err)
	}
	has(run("show ip route"), "198.51.100.0/24")
	has(run("show running-config"), "description plain")
	xs, err = d.Configure(t.Context(), []string{"interface lo", "ip address 9.9.9.9/33", "description not sent"})
	if err != nil || len(xs) != 2 || xs[1].Rejected != "% Unknown command: ip address 9.9.9.9/33" {
		t.Errorf("configure nonsense: %+v, %v", xs, err)
	}
	xs, err = d.Configure(t.Context(), []string{"router bgp 65055"})
	if err != nil || len(xs) != 1 || xs[0].Rejected == "" {
		t.Errorf("configure a second AS: %+v, %v", xs, err)
	}
	t.Log(xs[0].Rejected)
	has(run("show version"), "FRRouting")
	if err := d.ResetConfig(t.Context()); err != nil {
		t.Fatal(err)
	}
	if x := run("show running-config"); strings.Contains(x.Output, "10.0.0.9") || strings.Contains(x.Output, "198.51.100.0") {
		t.Errorf("still there after a reset:\n%s", x.Output)
	}
	resetWithoutReload(t, d)
	has(run("show version"), "FRRouting") // in a session that is open when the daemon dies
	mark, err := d.MarkLogs(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	// A daemon dies by itself: the answers of the others are clean.
	if _, err := d.Shell(t.Context(), drivers.Command{Line: "kill -SEGV $(cat /run/reprise/bgpd.pid); while [ -e /run/reprise/bgpd.pid ]; do sleep 0.05; done"}); err != nil {
		t.Fatal(err)
	}
	x := run("show bgp summary json")
	if x.Output != "" || x.Rejected != "Warning: closing connection to bgpd because of an I/O error!" {
		t.Errorf("after the death: %q rejected %q notices %q", x.Output, x.Rejected, x.Notices)
	}
	x = run("show bgp summary json")
	if x.Rejected != "bgpd is not running" || x.Notices != "" {
		t.Errorf("got %+v", x)
	}
	has(run("show ip route"), "192.0.2.0/24")
	deaths := drivertest.Deaths(t, t.Context(), d)
	if len(deaths) != 1 || deaths[0].Process != "bgpd" || deaths[0].Signal != "SIGABRT" && deaths[0].Signal != "SIGSEGV" || !strings.Contains(deaths[0].LastLog, "BGP: ") || !strings.HasPrefix(deaths[0].Title, "bgpd: SIG") || deaths[0].Kind != drivers.FailureCrash {
		t.Errorf("deaths: %+v", deaths)
	}
	files, err := d.LogsSince(t.Context(), mark)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		t.Logf("%s: %.300s", f.Path, f.Text)
	}
	if err := d.Start(t.Context(), "bgpd"); err != nil {
		t.Fatal(err)
	}
	has(run("show bgp summary json"), `"10.0.0.2"`)

	if err := d.Pause(t.Context(), "bgpd"); err != nil {
		t.Fatal(err)
	}
	if err := d.Resume(t.Context(), "bgpd"); err != nil {
		t.Fatal(err)
	}
	if err := d.Kill(t.Context(), "bgpd", "KILL"); err != nil {
		t.Fatal(err)
	}
	if x := run("show bgp summary"); x.Rejected != "bgpd is not running" {
		t.Errorf("got %+v", x)
	}
	if err := d.RestartDaemons(t.Context()); err != nil {
		t.Fatal(err)
	}
	has(run("show bgp summary json"), `"10.0.0.2"`)
	if deaths = drivertest.Deaths(t, t.Context(), d); len(deaths) != 0 {
		t.Errorf("deaths after a restart: %+v", deaths)
	}
	facts, err := d.Facts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Log(facts)
	for _, c := range d.EvidenceCommands() {
		if line, shell := strings.CutPrefix(c, "!"); shell {
			if x, err := d.Shell(t.Context(), drivers.Command{Line: line}); err != nil || x.Exit != 0 {
				t.Errorf("%s: exit %d, %v", c, x.Exit, err)
			}
		} else if x := run(c); x.Rejected != "" {
			t.Errorf("%s: %s", c, x.Rejected)
		}
	}
}

func TestLiveBootRefused(t *testing.T) {
	host := drivertest.StartContainer(t, "reprise/debian:trixie")
	err := open(t, host, "interface lo\n bogus x\n").Boot(t.Context())
	if err == nil || !strings.Contains(err.Error(), "line 2: % Unknown command") {
		t.Errorf("got %v", err)
	}
}

// resetWithoutReload: what a few lines changed, they take back, also where a line is in another stanza
// now. For more of them there has to be frr-reload.py.
func resetWithoutReload(t *testing.T, d *frr.Driver) {
	t.Helper()
	shell := func(line string) string {
		x, err := d.Shell(t.Context(), drivers.Command{Line: line})
		if err != nil {
			t.Fatal(err)
		}
		return x.Output
	}
	change := func(lines ...string) {
		xs, err := d.Configure(t.Context(), lines)
		if err != nil || xs[len(xs)-1].Rejected != "" {
			t.Fatalf("configure: %+v, %v", xs, err)
		}
	}
	const ask = "vtysh -c 'show running-config'"
	before := shell(ask)
	shell("mv /usr/lib/frr/frr-reload.py /root/")
	change("interface lo", "description other", "router bgp 65001", "bgp log-neighbor-changes", "address-family ipv4 unicast", "no redistribute static", "network 198.51.100.0/24")
	if err := d.ResetConfig(t.Context()); err != nil {
		t.Fatal(err)
	}
	if now := shell(ask); now != before {
		t.Errorf("after a reset:\n%s\nwant:\n%s", now, before)
	}
	var many []string
	for i := range 250 {
		many = append(many, fmt.Sprintf("ip route 198.51.100.%d/32 blackhole", i))
	}
	change(many...)
	if err := d.ResetConfig(t.Context()); !errors.Is(err, drivers.ErrUnsupported) {
		t.Errorf("many lines without frr-reload.py: %v", err)
	}
	shell("mv /root/frr-reload.py /usr/lib/frr/")
	if err := d.ResetConfig(t.Context()); err != nil {
		t.Fatal(err)
	}
	if now := shell(ask); now != before {
		t.Errorf("after a reset by frr-reload.py:\n%s\nwant:\n%s", now, before)
	}
}
