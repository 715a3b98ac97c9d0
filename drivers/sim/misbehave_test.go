package sim_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers/sim"
)

func TestMisbehaviour(t *testing.T) {
	s, c := telnetEXOS(t, sim.Config{})
	c.run("disable clipaging", "sw1.2 # ")
	want := c.run("show ports no-refresh", "sw1.3 # ")

	s.SetMisbehaviour(sim.Misbehaviour{Slow: time.Millisecond, SlowBytes: 200, Only: "show ports"})
	if diff := cmp.Diff(want, c.run("show ports no-refresh", "sw1.4 # ")); diff != "" {
		t.Errorf("slow: %s", diff)
	}
	s.SetMisbehaviour(sim.Misbehaviour{EchoTwice: true})
	if got := c.run("show reprise-probe A1", "sw1.5 # "); got != "show reprise-probe A1\nA1\n" {
		t.Errorf("echo twice: %q", got)
	}
	s.SetMisbehaviour(sim.Misbehaviour{PromptInOutput: true})
	if got := c.run("show reprise-probe A2", "sw1.6 # \r\nsw1.6 # "); !strings.Contains(got, "sw1.6 # \n") {
		t.Errorf("prompt in output: %q", got)
	}
	s.SetMisbehaviour(sim.Misbehaviour{TruncateTail: true})
	if got := c.run("show tech-support all", "sw1.7 # "); strings.Contains(got, "Execution Time") || !strings.Contains(got, "@@@ vlan:") {
		t.Errorf("truncated tail: %d bytes", len(got))
	}
	s.SetMisbehaviour(sim.Misbehaviour{LatePrompt: 50 * time.Millisecond})
	began := time.Now()
	c.run("show reprise-probe A3", "sw1.8 # ")
	if d := time.Since(began); d < 50*time.Millisecond {
		t.Errorf("prompt after %s", d)
	}
	s.SetMisbehaviour(sim.Misbehaviour{GarbleEvery: 100})
	if got := c.run("show ports no-refresh", "sw1.9 # "); got == want || len(got) != len(want) {
		t.Error("not garbled")
	}
	s.SetMisbehaviour(sim.Misbehaviour{CutAfter: 300})
	c.send("show ports no-refresh\r")
	c.until("no-refresh\r\n")
	if got := c.end(); got != strings.ReplaceAll(want, "\n", "\r\n")[:300] {
		t.Errorf("cut: %d bytes", len(got))
	}
}

func TestFlood(t *testing.T) {
	s, c := telnetEXOS(t, sim.Config{Misbehave: sim.Misbehaviour{FloodAfter: 100}})
	c.send("show ports no-refresh\r")
	c.until("endless output")
	c.until("endless output")
	_ = s.Close()
	for range c.read {
		continue
	}
}

func TestDropIsRepeatable(t *testing.T) {
	count := func() int {
		_, c := telnetEXOS(t, sim.Config{Misbehave: sim.Misbehaviour{Drop: 0.2, Seed: 7}})
		for n := 0; ; n++ {
			c.send("show reprise-probe X\r")
			if !c.untilOrEnd("\r\nX\r\n") {
				return n
			}
		}
	}
	if a, b := count(), count(); a != b {
		t.Errorf("dropped after %d and %d commands", a, b)
	}
}

func TestManySessions(t *testing.T) {
	s := start(t, sim.Config{Platform: sim.PlatformEXOS, Name: "sw1"})
	addr, err := s.ListenTelnet("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 200 {
		c := dial(t, addr)
		wg.Go(func() {
			c.until("login: ")
			c.send("admin\r")
			c.until("password: ")
			c.send("\r")
			c.until(".1 # ")
			c.run("disable clipaging", ".2 # ")
			for range 50 {
				c.run("show vlan", " # ")
			}
		})
	}
	wg.Wait()
}

func TestLargeAnswer(t *testing.T) {
	_, c := telnetEXOS(t, sim.Config{})
	c.run("disable clipaging", "sw1.2 # ")
	const size = 100_000_000
	began := time.Now()
	c.send("show reprise-flood 100000000\r")
	n := 0
	timer := time.NewTimer(3 * patience)
	defer timer.Stop()
	tail := ""
	for !strings.HasSuffix(tail, "sw1.3 # ") {
		select {
		case p, ok := <-c.read:
			if !ok {
				t.Fatalf("ended after %d bytes", n)
			}
			n += len(p)
			tail += string(p)
			tail = tail[max(0, len(tail)-20):]
		case <-timer.C:
			t.Fatalf("%d bytes after %s", n, time.Since(began))
		}
	}
	if n < size {
		t.Errorf("%d bytes", n)
	}
	t.Logf("%d bytes in %s", n, time.Since(began))
}
