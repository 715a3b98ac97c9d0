package trial_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/harnesstest"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// goesDown is a scenario whose windows suit a busy machine.
const goesDown = head + `
stimulus: [{node: r1, configure: [break it]}]
` + seenDown

const seenDown = `symptom: [{name: down, node: r1, run: s, expect: 'text contains "down"', eventually: 200ms, every: 50ms}]
`

// series runs trials one after the other in one lab.
func (w *world) series(t *testing.T, provider topologies.Provider, yaml string, trials int) ([]evidence.TrialVerdict, evidence.Dir) {
	t.Helper()
	p := planOf(t, yaml, plan.Options{Trials: trials})
	s, err := trial.NewSeries(t.Context(), p, t.TempDir(), trial.Environment{Provider: provider, Registry: w.platform.Registry()}, evidence.Tool{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	var verdicts []evidence.TrialVerdict
	for range trials {
		v, err := s.Try(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		verdicts = append(verdicts, v)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if n := w.provider.Up(); n != 0 {
		t.Errorf("%d labs are still up", n)
	}
	return verdicts, s.Dir()
}

// A daemon that dies while a lab is built anew has died in that trial, whatever the lab was
// built for.
func TestDeathInRebuiltLab(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.platform.ResetFn = func(string) error { return errors.New("it hangs") }
		var boots atomic.Int32
		boot := w.platform.BootFn
		w.platform.BootFn = func(node string) error {
			boots.Add(1)
			return boot(node)
		}
		w.platform.DeathsFn = func(node string) ([]drivers.Death, error) {
			if node == "r2" && boots.Load() > 2 {
				return []drivers.Death{{Process: "zebra", Signal: "SIGSEGV"}}, nil
			}
			return nil, nil
		}
		verdicts, _ := w.series(t, &w.provider, stuck+"trials: {reset: config}\n", 2)
		verdict(t, verdicts[0], evidence.Reproduced, "")
		verdict(t, verdicts[1], evidence.Inconclusive, "another failure: r2: zebra died")
	})
}

// Between two trials a lab is cleaned as planned; where that does not work it is built anew, so
// that no trial begins in what another left.
func TestResetBetweenTrials(t *testing.T) {
	for _, tt := range []struct {
		reset  scenarios.Reset
		fails  bool
		labs   int32
		second evidence.Verdict
		says   string
	}{
		{reset: scenarios.ResetConfig, labs: 1, second: evidence.Reproduced, says: "configuration restored"},
		{reset: scenarios.ResetDaemons, labs: 1, second: evidence.Reproduced, says: "daemons restarted"},
		{reset: scenarios.ResetNone, labs: 1, second: evidence.Inconclusive, says: "nothing"},
		{reset: scenarios.ResetRedeploy, labs: 2, second: evidence.Reproduced, says: "rebuilt"},
		{reset: scenarios.ResetConfig, fails: true, labs: 2, second: evidence.Reproduced, says: "rebuilt: reset config did not work: it hangs"},
		{reset: scenarios.ResetDaemons, fails: true, labs: 2, second: evidence.Reproduced, says: "rebuilt: reset daemons did not work: it hangs"},
	} {
		name := string(tt.reset)
		if tt.fails {
			name += " fails"
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				var labs atomic.Int32
				w.provider.ReserveFn = func(context.Context, topologies.Topology, topologies.Options) error {
					labs.Add(1)
					return nil
				}
				w.platform.ResetFn = func(string) error {
					if tt.fails {
						return errors.New("it hangs")
					}
					w.broken.Store(false)
					return nil
				}
				verdicts, dir := w.series(t, &w.provider, stuck+"trials: {reset: "+string(tt.reset)+"}\n", 2)
				if verdicts[0].Verdict != evidence.Reproduced || verdicts[1].Verdict != tt.second || labs.Load() != tt.labs {
					t.Errorf("%s, then %s (%s), in %d labs", verdicts[0].Verdict, verdicts[1].Verdict, verdicts[1].Reason, labs.Load())
				}
				record, err := dir.Trial(2).Read()
				if err != nil || !slices.ContainsFunc(record.Events, func(e evidence.Event) bool { return strings.Contains(e.Name+e.Detail, tt.says) }) {
					t.Errorf("the record does not say %q: %v", tt.says, err)
				}
				entries, err := dir.Ledger()
				if err != nil || len(entries) != 2 || !entries[0].Cold || entries[1].Cold != (tt.labs == 2) {
					t.Errorf("%+v, %v", entries, err)
				}
			})
		})
	}
}

// What a step of an earlier trial began, and no reset ends, does not do its work in the next trial: the lab is built anew, or,
// where nothing was to be done to it, the trial says nothing. What ends by itself in a moment does no harm.
func TestLeftBetweenTrials(t *testing.T) {
	const (
		own     = "1 (init) S 0 1 1 0\n7 (sh) S 0 7 7 0\n==> /proc/1/cmdline <==\ninit\x00\n==> /proc/7/cmdline <==\nsh\x00\n"
		written = -time.Second // in place of how long a process stays
		left    = "1 (init) S 0 1 1 0\n9 (sleep) S 7 7 7 0\n==> /proc/1/cmdline <==\ninit\x00\n==> /proc/9/cmdline <==\nsleep\x005\x00\n"
	)
	for _, tt := range []struct {
		name   string
		reset  scenarios.Reset
		stays  time.Duration
		answer int
		labs   int32
		second evidence.Verdict
		says   string
	}{
		{"a file", scenarios.ResetConfig, written, 0, 2, evidence.Reproduced, "rebuilt: reset config did not work: r1 keeps what an earlier trial wrote: /tmp/flag"},
		{"a file where daemons begin anew", scenarios.ResetDaemons, written, 0, 2, evidence.Reproduced, "rebuilt: reset daemons did not work: r1 keeps what an earlier trial wrote: /tmp/flag"},
		{"a file where nothing is reset", scenarios.ResetNone, written, 0, 1, evidence.Inconclusive, "r1 keeps what an earlier trial wrote: /tmp/flag"},
		{"a file where nodes are made anew", scenarios.ResetRedeploy, written, 0, 2, evidence.Reproduced, "rebuilt"},
		{"nothing", scenarios.ResetConfig, 0, 0, 1, evidence.Reproduced, "configuration restored"},
		{"it ends", scenarios.ResetConfig, time.Second, 0, 1, evidence.Reproduced, "configuration restored"},
		{"it stays", scenarios.ResetConfig, time.Hour, 0, 2, evidence.Reproduced, "rebuilt: reset config did not work: r1 still runs what an earlier trial began: sleep 5"},
		{"it stays when daemons begin anew", scenarios.ResetDaemons, time.Hour, 0, 2, evidence.Reproduced, "rebuilt: reset daemons did not work: r1 still runs what an earlier trial began: sleep 5"},
		{"it stays where nothing is reset", scenarios.ResetNone, time.Hour, 0, 1, evidence.Inconclusive, "r1 still runs what an earlier trial began: sleep 5"},
		{"the node does not tell", scenarios.ResetConfig, 0, 1, 2, evidence.Reproduced, "r1: what earlier trials left running is not known: its shell ended with status 1"},
		{"the nodes are made anew", scenarios.ResetRedeploy, time.Hour, 0, 2, evidence.Reproduced, "rebuilt"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				var labs atomic.Int32
				var began atomic.Int64
				w.provider.ReserveFn = func(context.Context, topologies.Topology, topologies.Options) error {
					labs.Add(1)
					return nil
				}
				w.platform.ResetFn = func(string) error {
					w.broken.Store(false)
					return nil
				}
				configure := w.platform.ConfigureFn
				w.platform.ConfigureFn = func(node, line string) (string, error) {
					began.Store(time.Now().UnixNano())
					return configure(node, line)
				}
				w.provider.HostFn = func(node string, argv []string) (string, int) {
					if script := strings.Join(argv, " "); node == "r1" && strings.Contains(script, "cksum {}") && tt.stays == written && began.Load() > 0 {
						return "12 3 /etc/hosts\n7 1 /tmp/flag\n", 0
					} else if node == "r1" && strings.Contains(script, "cksum {}") {
						return "12 3 /etc/hosts\n", 0
					} else if node != "r1" || !strings.Contains(script, "/cmdline") {
						return "", 0
					}
					switch at := began.Load(); {
					case at == 0:
						return own, 0
					case time.Since(time.Unix(0, at)) < tt.stays:
						return left, tt.answer
					default:
						return own, tt.answer
					}
				}
				verdicts, dir := w.series(t, &w.provider, stuck+"trials: {reset: "+string(tt.reset)+"}\n", 2)
				if verdicts[0].Verdict != evidence.Reproduced || verdicts[1].Verdict != tt.second || labs.Load() != tt.labs {
					t.Errorf("%s, then %s (%s), in %d labs", verdicts[0].Verdict, verdicts[1].Verdict, verdicts[1].Reason, labs.Load())
				}
				record, err := dir.Trial(2).Read()
				if err != nil || !slices.ContainsFunc(record.Events, func(e evidence.Event) bool { return strings.Contains(e.Name+e.Detail, tt.says) }) {
					t.Errorf("the record does not say %q: %v", tt.says, err)
				}
			})
		})
	}
}

// snapshots is a provider whose labs go back to a snapshot of each node.
type snapshots struct {
	*harnesstest.Provider
	reset func(node string) (topologies.How, error)
}

func (s snapshots) Reserve(ctx context.Context, top topologies.Topology, o topologies.Options) (topologies.Reservation, error) {
	r, err := s.Provider.Reserve(ctx, top, o)
	return snapshotLab{r, s}, err
}

type snapshotLab struct {
	topologies.Reservation
	s snapshots
}

func (l snapshotLab) Unwrap() topologies.Reservation { return l.Reservation }

func (l snapshotLab) Reset(_ context.Context, node string) (topologies.How, string, error) {
	how, err := l.s.reset(node)
	return how, "", err
}

// A lab that can bring its nodes back is not built anew, unless that fails.
func TestResetBySnapshot(t *testing.T) {
	for _, tt := range []struct {
		name string
		how  topologies.How
		err  error
		says string
	}{
		{"from memory", topologies.BySnapshot, nil, "brought back by snapshot"},
		{"from its disk", topologies.ByBoot, nil, "brought back by boot"},
		{"not at all", "", errors.New("no space"), "rebuilt: reset redeploy did not work: no space"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				provider := snapshots{&w.provider, func(string) (topologies.How, error) { return tt.how, tt.err }}
				verdicts, dir := w.series(t, provider, stuck, 2)
				if verdicts[1].Verdict != evidence.Reproduced {
					t.Errorf("%+v", verdicts[1])
				}
				record, err := dir.Trial(2).Read()
				if err != nil || !slices.ContainsFunc(record.Events, func(e evidence.Event) bool { return strings.Contains(e.Name+e.Detail, tt.says) }) {
					t.Errorf("the record does not say %q: %v", tt.says, err)
				}
			})
		})
	}
}

// What died in a node that was brought back since is no death of the next trial.
func TestDeathsBeforeReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		var died atomic.Pointer[[]drivers.Death] // in r1; nil until it is told to break
		w.platform.DeathsFn = func(node string) ([]drivers.Death, error) {
			deaths := died.Load()
			if node != "r1" || deaths == nil {
				return nil, nil
			}
			return *deaths, nil
		}
		configure := w.platform.ConfigureFn
		w.platform.ConfigureFn = func(node, line string) (string, error) {
			died.CompareAndSwap(nil, &[]drivers.Death{{Process: "bgpd", PID: 7, Signal: "SIGSEGV", At: time.Now()}})
			return configure(node, line)
		}
		provider := snapshots{&w.provider, func(string) (topologies.How, error) { // of nodes side by side
			died.Store(&[]drivers.Death{})
			return topologies.ByBoot, nil
		}}
		dies := head + "stimulus: [{node: r1, configure: [break it]}]\n" + "symptom: [" + anyCore + "]\n"
		verdicts, _ := w.series(t, provider, dies, 2)
		if verdicts[0].Verdict != evidence.Reproduced || verdicts[1].Verdict != evidence.NotReproduced {
			t.Errorf("%+v\nthen %+v", verdicts[0], verdicts[1])
		}
	})
}

// A daemon is killed, paused or restarted by its name; with a duration it is taken back, and
// what cannot be done makes the trial say nothing.
func TestNodeFaults(t *testing.T) {
	for _, tt := range []struct {
		step   string
		kill   error
		want   evidence.Verdict
		reason string
		sent   string
	}{
		{step: "{node: r1, fault: kill, process: bgpd}", want: evidence.NotReproduced, sent: "bgpd SIGKILL"},
		{step: "{node: r1, fault: kill, process: bgpd, signal: SIGSEGV, for: 10ms}", want: evidence.NotReproduced, sent: "bgpd SIGSEGV"},
		{step: "{node: r1, fault: restart, process: bgpd}", want: evidence.NotReproduced, sent: "bgpd SIGTERM"},
		{step: "{node: r1, fault: pause, process: bgpd, for: 10ms}", want: evidence.NotReproduced},
		{step: "{node: r1, fault: restart}", want: evidence.NotReproduced},
		{step: "{node: r1, fault: kill, process: bgpd}", kill: errors.New("it does not run"), want: evidence.Inconclusive, reason: "it does not run", sent: "bgpd SIGKILL"},
	} {
		t.Run(tt.step, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				var sent atomic.Value
				w.platform.KillFn = func(_, process, signal string) error {
					sent.Store(process + " " + signal)
					return tt.kill
				}
				v := w.trial(t, t.Context(), planOf(t, head+"stimulus: ["+tt.step+"]\n"+isDown, plan.Options{}))
				verdict(t, v, tt.want, tt.reason)
				if got, _ := sent.Load().(string); got != tt.sent {
					t.Errorf("sent %q", got)
				}
			})
		})
	}
}

// Files that the scenario names are fetched from their nodes.
func TestFetchedFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		_, dir := w.series(t, &w.provider, stuck+"evidence: {files: {r1: [/var/log/frr.log]}}\n", 1)
		if _, err := os.Stat(dir.Trial(1).File("files", "r1", "var-log-frr.log")); err != nil {
			t.Error(err)
		}
	})
}

// A rehearsal looks at everything once and finds what would go wrong, of every kind.
func TestComplaints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		run := w.platform.RunFn
		w.platform.RunFn = func(node, line string) (drivers.Exchange, error) {
			if line == "show nothing" {
				return drivers.Exchange{}, errors.New("session lost")
			}
			return run(node, line)
		}
		w.platform.ConfigureFn = func(_, line string) (string, error) {
			if line == "wrong" {
				return "% Unknown", nil
			}
			return "", nil
		}
		const yaml = head + `
stimulus: [{hold: 1h, why: it takes long}]
symptom:
  - {name: no answer, node: r1, run: show nothing, expect: 'text == "x"', eventually: 1h}
  - {name: no value, node: r1, run: show state, expect: 'json.x == 1', eventually: 1h}
`
		rehearse := func(yaml string) (*plan.Plan, evidence.Record) {
			t.Helper()
			p := planOf(t, yaml, plan.Options{Trials: 1})
			s, err := trial.NewSeries(t.Context(), p, t.TempDir(), trial.Environment{Provider: &w.provider, Registry: w.platform.Registry(), Rehearse: true}, evidence.Tool{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Try(t.Context(), 1)
			if err = errors.Join(err, s.Close(t.Context())); err != nil {
				t.Fatal(err)
			}
			record, err := s.Dir().Trial(1).Read()
			if err != nil {
				t.Fatal(err)
			}
			return p, record
		}
		says := func(p *plan.Plan, record evidence.Record, want ...string) {
			t.Helper()
			complaints := strings.Join(trial.Complaints(p, record), "\n")
			for _, w := range want {
				if !strings.Contains(complaints, w) {
					t.Errorf("it does not say %q:\n%s", w, complaints)
				}
			}
		}
		p, record := rehearse(strings.Replace(yaml, "{hold: 1h,", "{node: r1, configure: [wrong]}, {hold: 1h,", 1))
		says(p, record, "r1 stimulus[0]: configure wrong: ", "% Unknown")
		p, record = rehearse(yaml)
		says(p, record, "symptom[0] (no answer) has no value: ", "session lost", "symptom[1] (no value) has no value: ", "not JSON")
		record.Observations = nil
		record.Events = append(record.Events, evidence.Event{Kind: evidence.EventMissing, Detail: "no netem"}, evidence.Event{Kind: evidence.EventLab, Outcome: evidence.Failed, Detail: "the lab is gone"})
		says(p, record, "baseline[0] (up) was never looked at", "this lab lacks: no netem", "the lab is gone")
	})
}

// checked is a platform with a parser of its own.
type checked struct {
	drivers.Factory
	check func(config string) (string, error)
}

func (c checked) CheckSyntax(_ context.Context, _ drivers.Host, config []byte) (string, error) {
	return c.check(string(config))
}

// A configuration that the platform's parser refuses costs no lab, is asked about once, and
// where there is no answer nothing is refused.
func TestConfigBench(t *testing.T) {
	w := newWorld()
	asked := 0
	registry := &drivers.Registry{}
	if err := registry.Register(checked{&w.platform, func(config string) (string, error) {
		asked++
		switch {
		case strings.Contains(config, "crash"):
			return "", errors.New("it does not end")
		case strings.Contains(config, "wrong"):
			return "line 1 is wrong", nil
		}
		return "", nil
	}}); err != nil {
		t.Fatal(err)
	}
	bench := trial.NewConfigBench(trial.Environment{Provider: &w.provider, Registry: registry})
	of := func(config, files string) *plan.Plan {
		return planWith(t, strings.Replace(goesDown, "{r1: {platform: fake}", "{r1: {platform: fake, config: r1.conf"+files+"}", 1), map[string]string{"r1.conf": config, "more": "x"}, plan.Options{})
	}
	for range 2 {
		if err := bench.Check(t.Context(), of("wrong\n", "")); err == nil || !strings.Contains(err.Error(), "r1 (fake) refuses its configuration: line 1 is wrong") {
			t.Errorf("%v", err)
		}
	}
	if asked != 1 || w.provider.Up() != 1 {
		t.Errorf("asked %d times, on %d machines", asked, w.provider.Up())
	}
	for _, p := range []*plan.Plan{of("good\n", ""), of("crash\n", ""), of("include more\nwrong\n", ", files: {/etc/more: more}")} {
		if err := bench.Check(t.Context(), p); err != nil {
			t.Error(err)
		}
	}
	if err := bench.Close(t.Context()); err != nil || w.provider.Up() != 0 {
		t.Errorf("%d machines are up, %v", w.provider.Up(), err)
	}
	var did []string
	env := trial.Environment{Provider: crowded{snapshots{&w.provider, nil}, func(context.Context) error { return nil }, func() string { return "" }, func() error { return nil }, &did}, Registry: registry}
	others := trial.NewConfigBench(env)
	if err := others.Check(t.Context(), of("wrong\n", "")); err != nil || len(did) > 0 {
		t.Errorf("on machines of others, of which it would keep a place: %v, %q", err, did)
	}
	if nodes := trial.Unread(of("wrong\n", ""), env); len(nodes) != 1 || nodes[0] != "r1" {
		t.Errorf("%q are told not to be read", nodes)
	}
	if nodes := trial.Unread(of("wrong\n", ""), trial.Environment{Provider: &w.provider, Registry: registry}); len(nodes) > 0 {
		t.Errorf("%q are told not to be read, and are", nodes)
	}
	w.provider.ReserveFn = func(context.Context, topologies.Topology, topologies.Options) error { return errors.New("no engine") }
	if err := bench.Check(t.Context(), of("wrong again\n", "")); err != nil {
		t.Errorf("without a machine: %v", err)
	}
}
