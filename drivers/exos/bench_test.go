package exos_test

import (
	"context"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/scrapli/scrapligo/driver/generic"
	"github.com/scrapli/scrapligo/driver/options"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/exos"
	"github.com/reprise-lab/reprise/drivers/sim"
)

// lines20 is a command with an answer of about 20 lines.
const lines20 = "show management"

// bare opens scrapligo's own driver over its own ssh transport.
func bare(b *testing.B, address string) *generic.Driver {
	b.Helper()
	host, port, _ := strings.Cut(address, ":")
	var n int
	if _, err := fmt.Sscan(port, &n); err != nil {
		b.Fatal(err)
	}
	d, err := generic.NewDriver(host, options.WithPort(n), options.WithAuthNoStrictKey(), options.WithTransportType("standard"),
		options.WithAuthUsername("admin"), options.WithAuthPassword(drivertest.SwitchPassword),
		options.WithPromptPattern(regexp.MustCompile(`(?im)^[*!]?\s?[\w.\-]{1,63}\.\d+ [#>]\s?$`)), options.WithTermWidth(511))
	if err != nil {
		b.Fatal(err)
	}
	if err := d.Open(); err != nil {
		b.Fatal(err)
	}
	if _, err := d.SendCommand("disable clipaging"); err != nil {
		b.Fatal(err)
	}
	return d
}

// A session that is opened and led through 100 commands, against scrapligo alone. The
// promise is 1.5 at most: ours asks a marker after every command.
func BenchmarkSSHOverScrapligo(b *testing.B) {
	s := drivertest.Simulate(b, sim.Config{Platform: sim.PlatformEXOS})
	a := drivertest.Way(b, s, "ssh")
	var ours, theirs time.Duration
	for b.Loop() {
		began := time.Now()
		d, err := exos.Factory{}.Open(b.Context(), drivers.Target{Node: "sw1", Access: &a})
		if err != nil {
			b.Fatal(err)
		}
		for range 100 {
			if x, err := d.Run(b.Context(), drivers.Command{Line: lines20}); err != nil || x.Output == "" {
				b.Fatal(err)
			}
		}
		ours += time.Since(began)
		if err := d.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
		began = time.Now()
		g := bare(b, a.Address)
		for range 100 {
			if r, err := g.SendCommand(lines20); err != nil || r.Result == "" {
				b.Fatal(err)
			}
		}
		theirs += time.Since(began)
		_ = g.Close() // scrapligo complains of a session that the device ended
	}
	b.ReportMetric(float64(ours)/float64(theirs), "ours/scrapligo")
}

// Fifty sessions that nobody talks to: the share of one core that this process, the
// simulators in it included, uses. The promise is 25 % at most.
func BenchmarkFiftyIdleSessions(b *testing.B) {
	s := drivertest.Simulate(b, sim.Config{Platform: sim.PlatformEXOS})
	a := drivertest.Way(b, s, "ssh")
	for range 50 {
		open(b, a, nil)
	}
	var cpu, wall time.Duration
	for b.Loop() {
		began, used := time.Now(), cpuTime(b)
		timer := time.NewTimer(time.Second)
		<-timer.C
		wall, cpu = wall+time.Since(began), cpu+cpuTime(b)-used
	}
	b.ReportMetric(100*float64(cpu)/float64(wall), "%core")
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Tech-support of 250 kB, collected and checked, against its transfer alone: the same
// bytes through scrapligo's ssh transport. The promise is 1.2 at most.
func BenchmarkTechSupportOverTransfer(b *testing.B) {
	s := drivertest.Simulate(b, sim.Config{Platform: sim.PlatformEXOS, TechSize: 250_000})
	a := drivertest.Way(b, s, "ssh")
	d := open(b, a, nil)
	g := bare(b, a.Address)
	defer func() { _ = g.Close() }()
	var ours, theirs time.Duration
	for b.Loop() {
		began := time.Now()
		t, err := d.TechSupport(b.Context())
		if err != nil || !t.Complete || len(t.Output) < 245_000 {
			b.Fatalf("%d bytes, missing %v, %v", len(t.Output), t.Missing, err)
		}
		ours += time.Since(began)
		began = time.Now()
		if r, err := g.SendCommand("show tech-support all"); err != nil || len(r.Result) < 200_000 {
			b.Fatal(err)
		}
		theirs += time.Since(began)
	}
	b.ReportMetric(float64(ours)/float64(theirs), "collected/transferred")
	b.ReportMetric(float64(ours)/float64(b.N)/1e6, "ms/collection")
}

// An answer of 100 MB is cut at the declared bound, and the heap stays flat.
func BenchmarkAnswer100MB(b *testing.B) {
	s := drivertest.Simulate(b, sim.Config{Platform: sim.PlatformEXOS})
	d := open(b, drivertest.Way(b, s, "telnet"), nil)
	var peak uint64
	for b.Loop() {
		stop := make(chan struct{})
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapInuse)
				select {
				case <-stop:
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
		}()
		x, err := d.Run(b.Context(), drivers.Command{Line: "show reprise-flood 100000000", Timeout: 5 * time.Minute, Limit: 1 << 20})
		close(stop)
		<-done
		if err != nil || !x.Truncated || len(x.Output) > 1<<20 || len(x.Output) < 1<<19 {
			b.Fatalf("%d bytes, truncated %v, %v", len(x.Output), x.Truncated, err)
		}
	}
	b.ReportMetric(float64(peak)/(1<<20), "MB-heap")
}
