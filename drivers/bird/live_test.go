package bird_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/bird"
	"github.com/reprise-lab/reprise/drivers/drivertest"
)

const config = `log "/var/log/bird.log" all;
router id 1.1.1.1;
protocol device {}
protocol static st { ipv4; route 192.0.2.0/24 blackhole; }
`

// crashing is a filter whose empty case branch crashes the parser of BIRD 2.0.12.
const crashing = `router id 1.1.1.1;
protocol device {}
filter f {
  case source {
    RTS_STATIC: { }
    RTS_BGP: accept;
    else: reject;
  }
  accept;
}
protocol static s4 { ipv4 { import filter f; }; route 192.0.2.0/24 blackhole; }
`

func open(t *testing.T, host drivertest.Host, config string) *bird.Driver {
	t.Helper()
	d, err := bird.Factory{}.Open(t.Context(), drivers.Target{Node: "b1", Host: host, Config: []byte(config)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close(t.Context()) })
	return d.(*bird.Driver)
}

func TestLive(t *testing.T) {
	for _, image := range drivertest.Images() {
		t.Run(image, func(t *testing.T) {
			host := drivertest.StartContainer(t, image)
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
			has := func(out, want string) {
				t.Helper()
				if !strings.Contains(out, want) {
					t.Errorf("%q is not in:\n%s", want, out)
				}
			}
			for range 3 {
				x := run("show route")
				has(x.Output, "192.0.2.0/24")
				if !strings.HasPrefix(x.Output, "Table master4:\n") && !strings.HasPrefix(x.Output, "192.0.2.0/24") {
					t.Errorf("unexpected beginning: %q", x.Output)
				}
				has(run("show status").Output, "Daemon is up and running\n")
			}
			if x := run("frobnicate"); x.Rejected == "" {
				t.Errorf("not rejected: %+v", x)
			}
			if x := run(`show route where net ~ [ 192.0.0.0/8+ ] && proto = "st"`); !strings.Contains(x.Output, "192.0.2.0/24") || x.Rejected != "" {
				t.Errorf("an answer to a filter: %+v", x)
			}
			if x := run(`eval "it's a  $HOME"`); x.Output != "it's a  $HOME\n" || x.Rejected != "" {
				t.Errorf("quotes got lost: %+v", x)
			}
			if x := run(`show route "x"`); !strings.HasPrefix(x.Rejected, "syntax error, unexpected TEXT") {
				t.Errorf("not rejected: %+v", x)
			}
			if x := run("show route for 203.0.113.1"); x.Rejected != "" || x.Exit != drivers.NoExit {
				t.Errorf("an absent network is no refusal: %+v", x)
			}
			if err := d.Pause(t.Context(), "bird"); err != nil {
				t.Fatal(err)
			}
			if x, err := d.Run(t.Context(), drivers.Command{Line: "show status", Timeout: time.Second}); !errors.Is(err, drivers.ErrTimeout) {
				t.Errorf("a paused BIRD: %+v, %v", x, err)
			}
			if err := d.Resume(t.Context(), "bird"); err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			for range 50 {
				has(run("show status").Output, "Daemon is up and running\n")
			}
			t.Logf("%v per line", time.Since(begin)/50)
			xs, err := d.Configure(t.Context(), []string{"protocol static two {", "  ipv4; route 198.51.100.0/24 blackhole;", "}"})
			if err != nil || len(xs) != 1 || xs[0].Rejected != "" {
				t.Fatalf("configure: %+v, %v", xs, err)
			}
			has(run("show route").Output, "198.51.100.0/24")
			xs, err = d.Configure(t.Context(), []string{"protocol bogus {"})
			if err != nil || len(xs) != 1 || !strings.Contains(xs[0].Rejected, "syntax error") {
				t.Fatalf("configure nonsense: %+v, %v", xs, err)
			}
			t.Log(xs[0].Rejected)
			has(run("show route").Output, "198.51.100.0/24")
			if err := d.ResetConfig(t.Context()); err != nil {
				t.Fatal(err)
			}
			if out := run("show route").Output; strings.Contains(out, "198.51.100.0/24") {
				t.Errorf("still there after a reset:\n%s", out)
			}
			facts, err := d.Facts(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Log(facts)
			if err := d.Kill(t.Context(), "bird", "SIGSEGV"); err != nil {
				t.Fatal(err)
			}
			deaths := drivertest.Deaths(t, t.Context(), d)
			if len(deaths) != 0 {
				t.Fatalf("an ordered death is among %+v", deaths)
			}
			if err := d.Start(t.Context(), "bird"); err != nil {
				t.Fatal(err)
			}
			has(run("show route").Output, "192.0.2.0/24")
			if _, err := d.Shell(t.Context(), drivers.Command{Line: "kill -ABRT $(cat /run/reprise/bird.pid); while [ -e /run/reprise/bird.pid ]; do sleep 0.05; done"}); err != nil {
				t.Fatal(err)
			}
			if deaths = drivertest.Deaths(t, t.Context(), d); len(deaths) != 1 || deaths[0].Signal != "SIGABRT" {
				t.Fatalf("deaths: %+v", deaths)
			}
			t.Logf("%+v", deaths)
			if x, err := d.Run(t.Context(), drivers.Command{Line: "show status"}); !errors.Is(err, drivers.ErrUnreachable) {
				t.Errorf("a dead BIRD answered %q, %v", x.Output, err)
			} else {
				t.Log(err)
			}
			if err := d.RestartDaemons(t.Context()); err != nil {
				t.Fatal(err)
			}
			has(run("show route").Output, "192.0.2.0/24")
			if deaths = drivertest.Deaths(t, t.Context(), d); len(deaths) != 0 {
				t.Fatalf("deaths after a restart: %+v", deaths)
			}
		})
	}
}

func TestLiveBoot(t *testing.T) {
	host := drivertest.StartContainer(t, "reprise/debian:bookworm")
	t.Run("refused configuration", func(t *testing.T) {
		err := open(t, host, "router id bogus\n").Boot(t.Context())
		if err == nil || !strings.Contains(err.Error(), "syntax error") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("crashing configuration", func(t *testing.T) {
		d := open(t, host, crashing)
		if err := d.Boot(t.Context()); err != nil {
			t.Fatal(err)
		}
		deaths := drivertest.Deaths(t, t.Context(), d)
		if len(deaths) != 1 || deaths[0].Signal != "SIGSEGV" {
			t.Fatalf("deaths: %+v", deaths)
		}
		t.Logf("%+v", deaths)
	})
}
