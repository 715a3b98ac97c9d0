package ovs_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/ovs"
)

const config = `# one bridge
add-br br0 -- set bridge br0 datapath_type=netdev protocols=OpenFlow10,OpenFlow13
ovs-ofctl -O OpenFlow13 add-flow br0 'priority=10,in_port=1 actions=drop'
`

func open(t *testing.T, host drivers.Host, config string) *ovs.Driver {
	t.Helper()
	d, err := ovs.Factory{}.Open(t.Context(), drivers.Target{Node: "s1", Host: host, Config: []byte(config)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close(context.Background()) })
	return d.(*ovs.Driver)
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
	has(run("show"), "Bridge br0")
	has(run("ovs-ofctl -O OpenFlow13 dump-flows br0"), "priority=10")
	if x := run("list nonsense"); x.Rejected == "" || x.Exit == 0 {
		t.Errorf("not rejected: %+v", x)
	}
	xs, err := d.Configure(t.Context(), []string{"add-br br1 -- set bridge br1 datapath_type=netdev", "ovs-ofctl add-flow br0 nonsense", "add-br br2"})
	if err != nil || len(xs) != 2 || xs[1].Rejected == "" {
		t.Fatalf("configure: %+v, %v", xs, err)
	}
	t.Log(xs[1].Rejected)
	if err := d.ResetConfig(t.Context()); err != nil {
		t.Fatal(err)
	}
	if x := run("list-br"); x.Output != "br0\n" {
		t.Errorf("bridges after a reset: %q", x.Output)
	}
	// A switch that stands still makes ovs-vsctl wait: its own limit answers in time.
	if err := d.Pause(t.Context(), "ovs-vswitchd"); err != nil {
		t.Fatal(err)
	}
	x, err := d.Run(t.Context(), drivers.Command{Line: "add-br br3", Timeout: 4 * time.Second})
	if err != nil || x.Rejected == "" {
		t.Errorf("with a standing switch: %+v, %v", x, err)
	}
	t.Log(x.Exit, x.Output)
	if err := d.Resume(t.Context(), "ovs-vswitchd"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Shell(t.Context(), drivers.Command{Line: "kill -ABRT $(cat /run/reprise/ovs-vswitchd.pid); while [ -e /run/reprise/ovs-vswitchd.pid ]; do sleep 0.05; done"}); err != nil {
		t.Fatal(err)
	}
	deaths := drivertest.Deaths(t, t.Context(), d)
	if len(deaths) != 1 || deaths[0].Process != "ovs-vswitchd" || deaths[0].Signal != "SIGABRT" || deaths[0].Core == "" {
		t.Errorf("deaths: %+v", deaths)
	}
	if err := d.RestartDaemons(t.Context()); err != nil {
		t.Fatal(err)
	}
	has(run("show"), "Bridge br0")
	facts, err := d.Facts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Log(facts)
	for _, c := range d.EvidenceCommands() {
		if line, shell := strings.CutPrefix(c, "!"); shell {
			if x, err := d.Shell(t.Context(), drivers.Command{Line: line}); err != nil {
				t.Errorf("%s: exit %d, %v", c, x.Exit, err)
			}
		} else if x := run(c); x.Rejected != "" {
			t.Errorf("%s: %s", c, x.Rejected)
		}
	}
}

// RSTP on two bridges joined by patch ports deadlocks ovs-vswitchd up to 3.1: which notices
// and aborts: the command still ends in time, with a refusal.
func TestLiveDeadlock(t *testing.T) {
	d := open(t, drivertest.StartContainer(t, "reprise/debian:bookworm"), `add-br br0 -- set bridge br0 datapath_type=netdev -- add-br br1 -- set bridge br1 datapath_type=netdev
set bridge br0 rstp_enable=true -- set bridge br1 rstp_enable=true
set port br0 other_config:rstp-enable=false -- set port br1 other_config:rstp-enable=false
`)
	if err := d.Boot(t.Context()); err != nil {
		t.Fatal(err)
	}
	x, err := d.Run(t.Context(), drivers.Command{Line: "add-port br0 p1 -- set interface p1 type=patch options:peer=p2 -- set port p1 other_config:rstp-enable=true -- add-port br1 p2 -- set interface p2 type=patch options:peer=p1 -- set port p2 other_config:rstp-enable=true", Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if x.Rejected == "" {
		t.Errorf("not rejected: %+v", x)
	}
	deaths := drivertest.Deaths(t, t.Context(), d)
	if len(deaths) != 1 || deaths[0].Signal != "SIGABRT" || !strings.Contains(deaths[0].LastLog, "Resource deadlock avoided") || deaths[0].Kind != drivers.FailureHang || !strings.HasPrefix(deaths[0].Title, "ovs-vswitchd: deadlock found by pthread_") {
		t.Errorf("deaths: %+v", deaths)
	}
}
