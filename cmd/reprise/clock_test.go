package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/reproduce"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/faketime"
	"github.com/reprise-lab/reprise/topologies/namespaces"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// A harness that is stopped while a lab's fast clocks run on says nothing wrong of what it has not seen.
func TestClockStopped(t *testing.T) {
	t.Parallel()
	needLab(t)
	needSpaces(t)
	for _, tt := range []struct {
		control bool
		wrong   evidence.Verdict
	}{{false, evidence.NotReproduced}, {true, evidence.Reproduced}} {
		args := []string{"run", "frr-ospf-default-metric", "--json", "-q", "-n", "1", "--speed", "10"}
		if tt.control {
			args = append(args, "--control")
		}
		begun := false
		for range longTries { // of a machine that is too busy to come to the symptom
			var v evidence.RunVerdict
			if v, begun = stopped(t, args...); v.Verdict == tt.wrong {
				t.Errorf("control %v: %s: %s", tt.control, v.Verdict, v.Reason)
			}
			if begun {
				break
			}
			t.Logf("control %v: it ended before its symptom: %s", tt.control, v.Reason)
		}
		if !begun {
			t.Errorf("control %v: none came to its symptom", tt.control)
		}
	}
}

// stopped runs the program, and stops it for two seconds as the symptom's windows begin: twenty of the lab's. begun is
// whether they did.
func stopped(t *testing.T, args ...string) (v evidence.RunVerdict, begun bool) {
	t.Helper()
	dir := t.TempDir()
	c := exec.CommandContext(t.Context(), os.Args[0], append(args, "--dir", dir)...)
	c.Args[0] = "reprise"
	c.Env = append(os.Environ(), cli.EnvProvider+"="+cli.ProviderNamespaces)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var out bytes.Buffer
	c.Stdout = &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = c.Wait() // the verdict tells what became of it
		close(ended)
	}()
	pattern := filepath.Join(dir, "*", "trials", "0001", "timeline.ndjson")
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	over := false
	for !begun && !over {
		select {
		case <-ended:
			over = true
		case <-tick.C:
			begun = len(grepped(t, pattern, `"kind":"phase","phase":"symptom"`)) > 0
		}
	}
	if begun {
		for _, sig := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
			if err := syscall.Kill(-c.Process.Pid, sig); err != nil {
				t.Fatal(err)
			}
			if sig == syscall.SIGSTOP {
				<-time.After(2 * time.Second) // which is what is tried
			}
		}
		<-ended
	}
	t.Log(c.ProcessState)
	var o reproduce.Outcome
	if err := json.Unmarshal(out.Bytes(), &o); err != nil {
		t.Fatalf("%v: %s", err, &out)
	}
	return o.Verdict, begun
}

// grepped gives the lines of files that hold a text.
func grepped(t *testing.T, pattern, text string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if strings.Contains(line, text) {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// BenchmarkTrialFast is a two-node trial of OSPF with default timers (40 s until a neighbour is
// there) at speed 10: its wall time as a multiple of a tenth of what its phases wait in the lab's time,
// and what it takes beyond that, with a cold start and with reset: config. The figures promise at most 1.5,
// and 1.0 s and 0.4 s.
func BenchmarkTrialFast(b *testing.B) {
	needSpaces(b)
	text := strings.NewReplacer(" ip ospf hello-interval 1\n", "", " ip ospf dead-interval 4\n", "", "reprise: v1\n", "reprise: v1\nclock: {speed: 10}\n",
		`\n ip ospf hello-interval 1\n ip ospf dead-interval 4`, "").Replace(twoNodes)
	if strings.Contains(text, "dead-interval") {
		b.Fatal("the timers are not the default ones")
	}
	for _, reset := range []string{"redeploy", "config"} {
		b.Run(reset, func(b *testing.B) {
			p, err := namespaces.New(namespaces.Options{})
			if err != nil {
				b.Fatal(err)
			}
			wall, waits := someTrials(b, p, strings.Replace(text, "reset: config", "reset: "+reset, 1))
			waits = evidence.Clock{Speed: 10}.Real(waits)
			b.ReportMetric(float64(wall)/float64(waits), "wall/waits")
			b.ReportMetric((wall-waits).Seconds()/float64(b.N), "s/beyond-waits")
		})
	}
}

// BenchmarkClockSkew is by how much two nodes' clocks at speed 10 differ from the lab's at most, in ten
// minutes of the lab's time, in seconds of that: what one look takes, and more.
func BenchmarkClockSkew(b *testing.B) {
	needSpaces(b)
	const speed, span = 10, 10 * time.Minute
	p, err := namespaces.New(namespaces.Options{})
	if err != nil {
		b.Fatal(err)
	}
	top := topologies.Topology{Name: "skew"}
	for _, n := range []string{"r1", "r2"} {
		top.Nodes = append(top.Nodes, topologies.Node{Name: n, Kind: topologies.KindLinux, Image: "reprise/debian:bookworm", Env: faketime.Environment(speed, time.Time{})})
	}
	r := topologiestest.Reserve(b, p, top, topologies.Options{Run: topologiestest.RunName(b, "skew")})
	epoch, err := faketime.Now()
	if err != nil {
		b.Fatal(err)
	}
	libraries, err := p.ClockLibraries(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	others := func(context.Context) []topologies.ClockLibrary { return libraries }
	var worst, look time.Duration
	for b.Loop() {
		for _, n := range []string{"r1", "r2"} {
			if _, err := epoch.Place(b.Context(), topologiestest.Host(b, r, n), others); err != nil {
				b.Fatal(err)
			}
		}
		tick := time.NewTicker(time.Second)
		for end := time.Now().Add(span / speed); time.Now().Before(end); <-tick.C {
			for _, n := range []string{"r1", "r2"} {
				off, took := skew(b, r, n, epoch, speed)
				worst, look = max(worst, off), max(look, took)
			}
		}
		tick.Stop()
	}
	b.ReportMetric(worst.Seconds(), "s/skew")
	b.ReportMetric(look.Seconds(), "s/look")
}

// skew is how far outside the lab's time during a look a node's answer lies, and how long that look
// was, in the lab's time.
func skew(b *testing.B, r topologies.Reservation, node string, epoch faketime.Epoch, speed float64) (off, took time.Duration) {
	b.Helper()
	before := epoch.Date(speed, time.Time{}, time.Now())
	said := topologiestest.Run(b, topologiestest.Host(b, r, node), "date", "+%Y-%m-%dT%H:%M:%S.%NZ")
	after := epoch.Date(speed, time.Time{}, time.Now())
	shown, err := time.Parse("2006-01-02T15:04:05.999999999Z", said)
	if err != nil {
		b.Fatal(err)
	}
	return max(before.Sub(shown), shown.Sub(after), 0), after.Sub(before)
}
