package trial_test

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// deadly is a fixture whose stimulus and symptom a case gives.
func deadly(stimulus, symptom string) string {
	return head + "\nstimulus: [" + stimulus + "]\nsymptom: [" + symptom + "]\n"
}

const (
	breaks  = `{node: r1, exec: break it}`
	anyCore = `{name: died, node: r1, core: any, eventually: 200ms, every: 10ms}`
	ofBGP   = `{name: died, node: r1, core: bgpd, eventually: 200ms, every: 10ms}`
	twice   = `{name: died, node: r1, core: bgpd, expect: count == 2, eventually: 200ms, every: 10ms}`
	looks   = `{name: down, node: r1, run: show state, expect: 'text contains "up"', eventually: 200ms, every: 10ms, may-hold-before: true}`
)

// TestDeathVerdicts: death comes first, and is told from an end that a step ordered.
func TestDeathVerdicts(t *testing.T) {
	begin := time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC) // by the clock of synctest
	segv := drivers.Death{Process: "bgpd", PID: 7, Exit: 139, Signal: "SIGSEGV", NoCore: "the machine's core_pattern is empty"}
	term := drivers.Death{Process: "bgpd", PID: 7, Exit: 143, Signal: "SIGTERM"}
	behind := drivers.Death{Process: "bgpd", PID: 7, Exit: 143, Signal: "SIGTERM", At: begin.Add(-time.Second)}
	quits := drivers.Death{Process: "bgpd", PID: 7}
	sent := drivers.Death{Process: "bgpd", PID: 7, Exit: 139, Signal: "SIGSEGV", From: "SIGSEGV of kill (process 12)"}
	told := drivers.Death{Process: "bgpd", PID: 7, From: "SIGTERM of kill (process 12)"}
	tests := []struct {
		name, yaml string
		// after breaking, the deaths are these; the step itself ends with exit.
		deaths []drivers.Death
		exit   int
		always bool // they were there when the lab was up
		unseen *drivers.UnseenError
		upset  bool          // the baseline does not hold
		clock  time.Duration // of another machine that the nodes are on: known to within so much; negative: not at all

		want   evidence.Verdict
		reason string // part of it
		note   string
		other  bool // exit status 3
	}{
		{name: "a crash that fails the step, asked for", yaml: deadly(breaks, anyCore), deaths: []drivers.Death{segv}, exit: 1, want: evidence.Reproduced, note: "bgpd died (SIGSEGV, no core file: the machine's core_pattern is empty)"},
		{name: "and asked for by name", yaml: deadly(breaks, ofBGP), deaths: []drivers.Death{segv}, exit: 1, want: evidence.Reproduced, note: "status 1"},
		{name: "a crash that fails the step, not asked for", yaml: deadly(breaks, looks), deaths: []drivers.Death{segv}, exit: 1, want: evidence.Inconclusive, reason: "another failure: r1: bgpd died (SIGSEGV", other: true},
		{name: "and the step is named too", yaml: deadly(breaks, looks), deaths: []drivers.Death{segv}, exit: 1, want: evidence.Inconclusive, reason: "stimulus[0]", other: true},
		{name: "a step that fails without a death", yaml: deadly(breaks, anyCore), exit: 1, want: evidence.Inconclusive, reason: "stimulus[0]"},
		{name: "an asked death beside a symptom that does not show", yaml: deadly(breaks, anyCore+`, {name: down, node: r1, run: show state, expect: 'text contains "down"', eventually: 50ms, every: 10ms}`), deaths: []drivers.Death{segv}, exit: 1, want: evidence.Inconclusive, reason: "because of that"},
		{name: "another daemon than the asked one", yaml: deadly(breaks, `{name: died, node: r1, core: ospfd, eventually: 50ms, every: 10ms}`), deaths: []drivers.Death{segv}, want: evidence.Inconclusive, reason: "another failure", other: true},
		{name: "a process of the asked daemon", yaml: deadly(breaks, ofBGP), deaths: []drivers.Death{{Process: "bgpd child", PID: 8, Signal: "SIGSEGV"}}, want: evidence.Reproduced},

		{name: "a start-up death that is asked for", yaml: deadly("", ofBGP), deaths: []drivers.Death{segv}, always: true, want: evidence.Reproduced},
		{name: "where the stimulus only waits", yaml: deadly("{hold: 10ms, why: it dies soon}", ofBGP), deaths: []drivers.Death{segv}, always: true, want: evidence.Reproduced},
		{name: "and takes the baseline with it", yaml: deadly("", ofBGP), deaths: []drivers.Death{segv}, always: true, upset: true, want: evidence.Reproduced, note: "the baseline"},
		{name: "a start-up death is not the stimulus's work", yaml: deadly(breaks, ofBGP), deaths: []drivers.Death{segv}, always: true, want: evidence.Inconclusive, reason: "bgpd died before the stimulus already", other: true},
		{name: "unless the scenario says so", yaml: deadly(breaks, strings.Replace(ofBGP, "core", "may-hold-before: true, core", 1)), deaths: []drivers.Death{segv}, always: true, want: evidence.Reproduced},
		{name: "a start-up death that nobody asked for", yaml: deadly("", looks), deaths: []drivers.Death{segv}, always: true, upset: true, want: evidence.Inconclusive, reason: "another failure: r1: bgpd died", other: true},

		{name: "ended on purpose", yaml: deadly(`{node: r1, exec: pkill -TERM bgpd}`, looks), deaths: []drivers.Death{term}, want: evidence.Reproduced},
		{name: "and with a status of its own", yaml: deadly(`{node: r1, exec: pkill -TERM bgpd}`, looks), deaths: []drivers.Death{quits}, want: evidence.Reproduced},
		{name: "an end on purpose is no crash", yaml: deadly(`{node: r1, exec: pkill -TERM bgpd}`, ofBGP), deaths: []drivers.Death{term}, want: evidence.NotReproduced},
		{name: "crashed over being ended", yaml: deadly(`{node: r1, exec: pkill -TERM bgpd}`, looks), deaths: []drivers.Death{segv}, want: evidence.Inconclusive, reason: "another failure", other: true},
		{name: "another was ended", yaml: deadly(`{node: r1, exec: pkill -TERM ospfd}`, looks), deaths: []drivers.Death{term}, want: evidence.Inconclusive, reason: "another failure", other: true},
		{name: "ended by nobody", yaml: deadly(breaks, looks), deaths: []drivers.Death{term}, want: evidence.Inconclusive, reason: "another failure: r1: bgpd died (SIGTERM, and no process sent it that", other: true},
		{name: "sent from outside", yaml: deadly(breaks, ofBGP), deaths: []drivers.Death{sent}, want: evidence.Inconclusive, reason: "r1: bgpd died (SIGSEGV, and it was sent SIGSEGV of kill (process 12), and no step does that", other: true},
		{name: "any that was sent from outside", yaml: deadly(breaks, anyCore), deaths: []drivers.Death{sent}, want: evidence.Inconclusive, reason: "it was sent SIGSEGV", other: true},
		{name: "sent from outside, and not asked for", yaml: deadly(breaks, looks), deaths: []drivers.Death{sent}, want: evidence.Inconclusive, reason: "it was sent SIGSEGV", other: true},
		{name: "sent by a step", yaml: deadly(`{node: r1, exec: "kill -SEGV $(pidof bgpd)"}`, ofBGP), deaths: []drivers.Death{sent}, want: evidence.Reproduced},
		{name: "ended well, for it was told to from outside", yaml: deadly(breaks, ofBGP), deaths: []drivers.Death{told}, want: evidence.Inconclusive, reason: "it was sent SIGTERM of kill", other: true},
		{name: "ended well, by nobody", yaml: deadly(breaks, ofBGP), deaths: []drivers.Death{quits}, want: evidence.Reproduced},
		{name: "ended well, and nobody hears of signals", yaml: deadly(breaks, ofBGP), deaths: []drivers.Death{{Process: "bgpd", PID: 7, Unheard: "no ears"}}, want: evidence.Inconclusive, reason: "who did is not known: no ears", other: true},
		{name: "killed, and nobody hears of signals", yaml: deadly(breaks, ofBGP), deaths: []drivers.Death{{Process: "bgpd", PID: 7, Exit: 137, Signal: "SIGKILL", Unheard: "no ears"}}, want: evidence.Inconclusive, reason: "no step told it", other: true},
		{name: "gave up, and nobody hears of signals", yaml: deadly(breaks, ofBGP), deaths: []drivers.Death{{Process: "bgpd", PID: 7, Exit: 1, Unheard: "no ears"}}, want: evidence.Reproduced},
		{name: "crashed, and nobody hears of signals", yaml: deadly(breaks, looks), deaths: []drivers.Death{{Process: "bgpd", PID: 7, Exit: 139, Signal: "SIGSEGV", Unheard: "no ears"}}, want: evidence.Inconclusive, reason: "SIGSEGV, and whether somebody sent it is not known: no ears", other: true},
		{name: "asked for, crashed, and nobody hears of signals", yaml: deadly(breaks, ofBGP), deaths: []drivers.Death{{Process: "bgpd", PID: 7, Exit: 139, Signal: "SIGSEGV", Unheard: "no ears"}}, want: evidence.Reproduced},
		{name: "ended once, and then by itself", yaml: deadly(`{node: r1, exec: pkill -TERM bgpd}`, looks), deaths: []drivers.Death{term, {Process: "bgpd", PID: 9, Exit: 1}}, want: evidence.Inconclusive, reason: "another failure", other: true},
		{name: "killed for want of memory", yaml: deadly(`{node: r1, exec: pkill -KILL bgpd}`, looks), deaths: []drivers.Death{{Process: "bgpd", PID: 7, Signal: "SIGKILL", OOM: true}}, want: evidence.Inconclusive, reason: "memory ran out", other: true},
		{name: "told to read its files anew, and ended well later", yaml: deadly(`{node: r1, exec: pkill -HUP bgpd}`, looks), deaths: []drivers.Death{quits}, want: evidence.Inconclusive, reason: "another failure", other: true},
		{name: "ended of the signal that told it so", yaml: deadly(`{node: r1, exec: pkill -HUP bgpd}`, looks), deaths: []drivers.Death{{Process: "bgpd", PID: 7, Signal: "SIGHUP"}}, want: evidence.Reproduced},
		{name: "ended by a script", yaml: deadly(`{node: r1, exec: sh /tmp/k.sh}`, looks), deaths: []drivers.Death{quits}, want: evidence.Reproduced},
		{name: "ended by a script, with its signal", yaml: deadly(`{node: r1, exec: /tmp/k.sh}`, looks), deaths: []drivers.Death{term}, want: evidence.Reproduced},
		{name: "crashed while a script ran", yaml: deadly(`{node: r1, exec: sh /tmp/k.sh}`, looks), deaths: []drivers.Death{segv}, want: evidence.Inconclusive, reason: "another failure", other: true},
		{name: "gave up while a script ran", yaml: deadly(`{node: r1, exec: sh /tmp/k.sh}`, looks), deaths: []drivers.Death{{Process: "bgpd", PID: 7, Exit: 1}}, want: evidence.Inconclusive, reason: "another failure", other: true},
		{name: "ended while no script ran", yaml: deadly(breaks, looks), deaths: []drivers.Death{quits}, want: evidence.Inconclusive, reason: "another failure", other: true},
		{name: "ended before the script ran", yaml: deadly(`{node: r1, exec: sh /tmp/k.sh}`, looks), deaths: []drivers.Death{{Process: "bgpd", PID: 7, At: begin.Add(-time.Minute)}}, want: evidence.Inconclusive, reason: "another failure", other: true},
		{name: "ended by a script on a machine whose clock is behind", yaml: deadly(`{node: r1, exec: sh /tmp/k.sh}`, ofBGP), deaths: []drivers.Death{behind}, clock: 2 * time.Second, want: evidence.Inconclusive, reason: "r1: bgpd died (SIGTERM, and stimulus[0] may have ended it: the clock of host right is known to within 2s)", other: true},
		{name: "and by whom decides nothing else", yaml: deadly(`{node: r1, exec: sh /tmp/k.sh}`, looks), deaths: []drivers.Death{behind}, clock: 2 * time.Second, want: evidence.Inconclusive, reason: "may have ended it", other: true},
		{name: "where the clock is known better", yaml: deadly(`{node: r1, exec: sh /tmp/k.sh}`, ofBGP), deaths: []drivers.Death{behind}, clock: 100 * time.Millisecond, want: evidence.Inconclusive, reason: "no process sent it that", other: true},
		{name: "where it was not measured", yaml: deadly(`{node: r1, exec: sh /tmp/k.sh}`, ofBGP), deaths: []drivers.Death{behind}, clock: -1, want: evidence.Inconclusive, reason: "the clock of host right was not measured", other: true},
		{name: "a crash that a step sent, asked for", yaml: deadly(`{node: r1, exec: "kill -SEGV $(pidof bgpd)"}`, ofBGP), deaths: []drivers.Death{segv}, want: evidence.Reproduced},
		{name: "a crash that a step sent, as a means", yaml: deadly(`{node: r1, exec: "kill -SEGV $(pidof bgpd)"}`, looks), deaths: []drivers.Death{segv}, want: evidence.Reproduced, note: "which stimulus[0] sent"},
		{name: "and the handler aborted", yaml: deadly(`{node: r1, exec: "kill -SEGV $(pidof bgpd)"}`, looks), deaths: []drivers.Death{{Process: "bgpd", PID: 7, Signal: "SIGABRT"}}, want: evidence.Reproduced, note: "which stimulus[0] sent"},

		{name: "unseen: any", yaml: deadly(breaks, anyCore), unseen: &drivers.UnseenError{Why: "nobody watches"}, want: evidence.Inconclusive, reason: "nobody watches"},
		{name: "unseen: never is not shown by silence", yaml: deadly(breaks, `{name: lives, node: r1, core: any, never: 50ms, every: 10ms}`), unseen: &drivers.UnseenError{Why: "nobody watches"}, want: evidence.Inconclusive, reason: "nobody watches"},
		{name: "unseen: a daemon that is known", yaml: deadly(breaks, ofBGP), unseen: &drivers.UnseenError{Why: "nobody watches", Known: []string{"bgpd"}}, want: evidence.NotReproduced},
		{name: "unseen: one that crashed, and that nobody starts again", yaml: deadly(breaks, twice), deaths: []drivers.Death{segv}, unseen: &drivers.UnseenError{Why: "nobody watches", Known: []string{"bgpd"}}, want: evidence.NotReproduced},
		{name: "unseen: one that a step may have started again", yaml: deadly(`{node: r1, exec: break it; /usr/lib/frr/bgpd -d}`, twice), deaths: []drivers.Death{segv}, unseen: &drivers.UnseenError{Why: "nobody watches", Known: []string{"bgpd"}}, want: evidence.Inconclusive, reason: "nobody watches"},
		{name: "unseen: or something else in front of it", yaml: deadly(`{node: r1, exec: break it; nice -n 5 /usr/lib/frr/bgpd -d}`, twice), deaths: []drivers.Death{segv}, unseen: &drivers.UnseenError{Why: "nobody watches", Known: []string{"bgpd"}}, want: evidence.Inconclusive, reason: "nobody watches"},
		{name: "unseen: a file of its name is not the daemon", yaml: deadly(`{node: r1, exec: "cp /tmp/new /etc/frr/bgpd.conf; grep -c x /var/log/bgpd; kill -HUP $(pidof bgpd)"}`, twice), deaths: []drivers.Death{segv}, unseen: &drivers.UnseenError{Why: "nobody watches", Known: []string{"bgpd"}}, want: evidence.NotReproduced},
		{name: "unseen: or what a service is called", yaml: deadly(`{node: r1, exec: break it; service routing restart}`, twice), deaths: []drivers.Death{segv}, unseen: &drivers.UnseenError{Why: "nobody watches", Known: []string{"bgpd"}}, want: evidence.Inconclusive, reason: "nobody watches"},
		{name: "unseen: or a script", yaml: deadly(`{node: r1, exec: sh /tmp/k.sh}`, twice), deaths: []drivers.Death{segv}, unseen: &drivers.UnseenError{Why: "nobody watches", Known: []string{"bgpd"}}, want: evidence.Inconclusive, reason: "nobody watches"},
		{name: "unseen: another condition", yaml: deadly(breaks, looks), unseen: &drivers.UnseenError{Why: "nobody watches"}, want: evidence.Reproduced},
		{name: "unseen: a death that is known all the same", yaml: deadly(breaks, anyCore), deaths: []drivers.Death{segv}, unseen: &drivers.UnseenError{Why: "nobody watches"}, want: evidence.Reproduced},
		{name: "unseen: how many is not known", yaml: deadly(breaks, strings.Replace(anyCore, "core: any", "core: any, expect: count == 1", 1)), deaths: []drivers.Death{segv}, unseen: &drivers.UnseenError{Why: "nobody watches"}, want: evidence.Inconclusive, reason: "nobody watches"},
		{name: "unseen: before the trial", yaml: deadly(breaks, anyCore), unseen: &drivers.UnseenError{Why: "some were lost", Missed: begin.Add(-time.Hour)}, want: evidence.NotReproduced},
		{name: "unseen: before the trial, by a clock that is known to within an hour", yaml: deadly(breaks, anyCore), clock: time.Hour, unseen: &drivers.UnseenError{Why: "some were lost", Missed: begin.Add(-30 * time.Minute)}, want: evidence.Inconclusive, reason: "some were lost"},
		{name: "unseen: before the trial, by that clock too", yaml: deadly(breaks, anyCore), clock: time.Hour, unseen: &drivers.UnseenError{Why: "some were lost", Missed: begin.Add(-2 * time.Hour)}, want: evidence.NotReproduced},
		{name: "unseen: since the stimulus", yaml: deadly(breaks, anyCore), unseen: &drivers.UnseenError{Why: "some were lost", Missed: begin.Add(time.Hour)}, want: evidence.Inconclusive, reason: "some were lost"},
		{name: "a death without a name may be the one", yaml: deadly(breaks, ofBGP), deaths: []drivers.Death{{Process: "(unnamed process, started by sh)", PID: 3, Signal: "SIGSEGV"}}, want: evidence.Inconclusive, reason: "unnamed", other: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				var done atomic.Bool
				w.platform.ShellFn = func(_, line string) (drivers.Exchange, error) {
					done.Store(true)
					return drivers.Exchange{Command: line, Exit: tt.exit}, nil
				}
				if tt.clock != 0 {
					w.provider.NodeClockFn = func(string, time.Time) topologies.NodeClock {
						return topologies.NodeClock{Host: "right", Within: max(tt.clock, 0), Measured: tt.clock > 0}
					}
				}
				if tt.upset {
					w.platform.RunFn = func(_, _ string) (drivers.Exchange, error) { return drivers.Exchange{}, errors.New("not running") }
				}
				w.platform.DeathsFn = func(node string) ([]drivers.Death, error) {
					var err error
					if tt.unseen != nil {
						err = tt.unseen
					}
					if node != "r1" || !tt.always && !done.Load() {
						return nil, err
					}
					return slices.Clone(tt.deaths), err
				}
				v := w.trial(t, t.Context(), planOf(t, tt.yaml, plan.Options{}))
				if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) {
					t.Errorf("got %s (%s), want %s (…%s…)", v.Verdict, v.Reason, tt.want, tt.reason)
				}
				if other := len(v.OtherFailures) > 0; other != tt.other {
					t.Errorf("other failures: %q", v.OtherFailures)
				}
				if !strings.Contains(strings.Join(v.Notes, "\n"), tt.note) {
					t.Errorf("notes %q", v.Notes)
				}
			})
		})
	}
}
