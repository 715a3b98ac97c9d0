package linux_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/linux"
)

const config = `ip link set lo up
ip link add e0 type veth peer name e1
ip link set e0 up
ip link set e1 up
ip addr add 10.0.0.1/24 dev e0
`

const keepalived = `global_defs {
  vrrp_startup_delay 3
}
vrrp_instance A {
  state BACKUP
  interface e0
  virtual_router_id 51
  priority 100
  advert_int 1
  virtual_ipaddress {
    10.0.0.101/32
  }
}
`

func open(t *testing.T, target drivers.Target) *linux.Driver {
	t.Helper()
	target.Node = "h1"
	d, err := linux.Factory{}.Open(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close(context.Background()) })
	return d.(*linux.Driver)
}

func TestLive(t *testing.T) {
	for _, image := range drivertest.Images() {
		t.Run(image, func(t *testing.T) { live(t, drivertest.StartContainer(t, image)) })
	}
}

func live(t *testing.T, host drivers.Host) {
	t.Helper()
	d := open(t, drivers.Target{
		Host: host, Config: []byte(config),
		Services: []drivers.Service{{Name: "lldpd", Args: []string{"-S", "h1"}}, {Name: "sleep", Args: []string{"1000"}}},
		Files:    map[string][]byte{"/etc/some/file": []byte("content\n")},
	})
	if err := d.Boot(t.Context()); err != nil {
		t.Fatal(err)
	}
	x, err := d.Run(t.Context(), drivers.Command{Line: "cat /etc/some/file; lldpcli show chassis | grep -o 'SysDescr: *h1'"})
	if err != nil || x.Exit != 0 {
		t.Errorf("%+v, %v", x, err)
	}
	xs, err := d.Configure(t.Context(), []string{"ip addr add 10.0.0.2/24 dev e0", "ip route add 192.0.2.0/24 via 10.0.0.9", "ip link set e0 mtu 1400", "ip addr add nonsense dev e0", "true"})
	if err != nil || len(xs) != 4 || xs[3].Rejected == "" {
		t.Errorf("configure: %+v, %v", xs, err)
	}
	if err := d.ResetConfig(t.Context()); err != nil {
		t.Error(err)
	}
	x, err = d.Run(t.Context(), drivers.Command{Line: "ip -o -4 addr show dev e0; ip route"})
	if err != nil || strings.Contains(x.Output, "10.0.0.2/24") || strings.Contains(x.Output, "192.0.2.0") {
		t.Errorf("after a reset: %q, %v", x.Output, err)
	}
	if running, err := d.Running(t.Context()); err != nil || len(running) != 2 {
		t.Errorf("running: %v, %v", running, err)
	}
	// The unprivileged half of lldpd dies.
	if x, err = d.Run(t.Context(), drivers.Command{Line: "kill -SEGV $(cat /proc/$(cat /run/reprise/lldpd.pid)/task/*/children); sleep 1"}); err != nil || x.Exit != 0 {
		t.Fatalf("%+v, %v", x, err)
	}
	deaths := drivertest.Deaths(t, t.Context(), d)
	if len(deaths) == 0 {
		t.Errorf("deaths: %+v", deaths)
	}
	t.Logf("%+v", deaths)
	if err := d.RestartDaemons(t.Context()); err != nil {
		t.Fatal(err)
	}
	if facts, err := d.Facts(t.Context()); err != nil {
		t.Error(err)
	} else {
		t.Log(facts)
	}
}

// keepalived of Debian 11 crashes when a link bounces within its start-up delay; its
// parent starts the child again, and only the log tells.
func TestLiveKeepalived(t *testing.T) {
	for _, image := range drivertest.Images() {
		t.Run(image, func(t *testing.T) {
			d := open(t, drivers.Target{
				Host: drivertest.StartContainer(t, image), Config: []byte(config),
				Services: []drivers.Service{{Name: "keepalived"}},
				Files:    map[string][]byte{"/etc/keepalived/keepalived.conf": []byte(keepalived)},
			})
			if err := d.Boot(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Run(t.Context(), drivers.Command{Line: "sleep 1; ip link set e1 down; sleep 0.3; ip link set e1 up; sleep 5", Timeout: 20 * time.Second}); err != nil {
				t.Fatal(err)
			}
			deaths := drivertest.Deaths(t, t.Context(), d)
			crashed := len(deaths) > 0 && deaths[0].Signal == "SIGSEGV" && !deaths[0].At.IsZero()
			if want := strings.HasSuffix(image, "bullseye"); crashed != want {
				t.Errorf("crashed %v, want %v: %+v", crashed, want, deaths)
			}
			t.Logf("%+v", deaths)
			if _, err := d.Run(t.Context(), drivers.Command{Line: "kill -SEGV $(cat /proc/$(cat /run/reprise/keepalived.pid)/task/*/children); sleep 1.5"}); err != nil {
				t.Fatal(err)
			}
			deaths2 := drivertest.Deaths(t, t.Context(), d)
			if len(deaths2) != len(deaths)+1 {
				t.Errorf("deaths: %+v", deaths2)
				x, _ := d.Run(t.Context(), drivers.Command{Line: `grep -nE "exit|died|SIG|signal|segm|delay" /var/log/reprise/keepalived.log`})
				t.Log(x.Output)
			}
		})
	}
}
