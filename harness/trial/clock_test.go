package trial_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/topologies"
)

const fast = head + `
clock: {speed: 10}
stimulus: [{hold: 20s, why: a protocol's timer}, {node: r1, configure: [break it]}]
symptom: [{name: down, node: r1, run: show state, expect: 'text contains "down"', within: 2s, consistently: 20s}]
`

// clocked gives a lab's nodes clocks that run at a speed, as they begin when it is reserved.
func (w *world) clocked(speed float64, beside string) {
	var began time.Time
	w.provider.ReserveFn = func(_ context.Context, _ topologies.Topology, _ topologies.Options) error {
		began = time.Now()
		return nil
	}
	w.provider.HostFn = takesClock
	w.platform.ShellFn = func(string, string) (drivers.Exchange, error) {
		at := began.Add(time.Duration(float64(time.Since(began)) * speed))
		return drivers.Exchange{Output: fmt.Sprintf("%d.%09d\n%sall-asked\n", at.Unix(), at.Nanosecond(), beside)}, nil
	}
}

// takesClock answers for a node that has the library, and no process without the clock.
func takesClock(_ string, argv []string) (string, int) {
	if strings.Contains(strings.Join(argv, " "), "faketime") {
		return "/usr/lib/x/faketime/libfaketime.so.1\nlibrary", 0
	}
	return "all-asked\n", 0
}

// In a lab whose clocks run faster the scenario's times are the lab's, and so are those of the
// record: the trial takes a tenth of them.
func TestFastClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.clocked(10, "")
		began := time.Now()
		v := w.trial(t, t.Context(), planOf(t, fast, plan.Options{}))
		if took := time.Since(began); v.Verdict != evidence.Reproduced || took < 4*time.Second || took > 5*time.Second {
			t.Errorf("%s (%s) after %s, and 40 s of the lab's time are 4 s", v.Verdict, v.Reason, took)
		}
		record, err := w.dir.Trial(1).Read()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range record.Events {
			if e.Kind == evidence.EventStep && e.Ref == "stimulus[0]" && (e.Took != 20*time.Second || e.Time.Sub(record.Events[0].Time) > 3*time.Second) {
				t.Errorf("a hold of 20 s is recorded with %s at %s", e.Took, e.Time)
			}
		}
	})
}

// Who does not take the lab's clock is known before anything is looked at.
func TestNoClock(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*world)
		want   evidence.Verdict
		reason string
	}{
		{"it shows real time", func(w *world) {
			w.clocked(1, "")
			w.platform.BootFn = func(string) error {
				<-time.After(time.Second) // of synctest's
				return nil
			}
		}, evidence.NotApplicable, "r1 does not take the lab's clock"},
		{"a process is linked statically", func(w *world) { w.clocked(10, "gobgpd\n") }, evidence.NotApplicable, "r1: gobgpd cannot be given the lab's clock"},
		{"the image has not the library", func(w *world) {
			w.clocked(10, "")
			w.provider.HostFn = func(string, []string) (string, int) { return "", 3 }
		}, evidence.NotApplicable, "keeps real time, and the lab was asked for speed 10: its image has no libfaketime"},
		{"a machine", func(w *world) {
			w.clocked(10, "")
			w.provider.BuiltKind = topologies.KindVM
		}, evidence.NotApplicable, "it has a kernel of its own"},
		{"its clock cannot be read", func(w *world) {
			w.clocked(10, "")
			w.platform.ShellFn = func(string, string) (drivers.Exchange, error) {
				return drivers.Exchange{Output: "date: not found"}, nil
			}
		}, evidence.Inconclusive, "its clock cannot be read"},
		{"its processes are not all named", func(w *world) {
			w.clocked(10, "")
			w.platform.ShellFn = cutShort(w.platform.ShellFn, func(x *drivers.Exchange) { x.Output = strings.TrimSuffix(x.Output, "all-asked\n") })
		}, evidence.Inconclusive, "whether all of its processes have the lab's clock is not known"},
		{"asking for its processes fails", func(w *world) {
			w.clocked(10, "")
			w.platform.ShellFn = cutShort(w.platform.ShellFn, func(x *drivers.Exchange) { x.Exit = 2 })
		}, evidence.Inconclusive, "who asks ended with status 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				tt.change(w)
				if v := w.trial(t, t.Context(), planOf(t, fast, plan.Options{})); v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) {
					t.Errorf("%s: %s, want %s with %q", v.Verdict, v.Reason, tt.want, tt.reason)
				}
			})
		})
	}
}

// cutShort changes what a node answers.
func cutShort(shell func(string, string) (drivers.Exchange, error), change func(*drivers.Exchange)) func(string, string) (drivers.Exchange, error) {
	return func(node, line string) (drivers.Exchange, error) {
		x, err := shell(node, line)
		change(&x)
		return x, err
	}
}

// A lab that begins at a date has it when its nodes are there, however long they took to build.
func TestStartDate(t *testing.T) {
	start := time.Date(2038, 1, 19, 3, 13, 0, 0, time.UTC)
	for _, building := range []time.Duration{0, 30 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.provider.HostFn = takesClock
			var began time.Time
			w.provider.ReserveFn = func(_ context.Context, top topologies.Topology, _ topologies.Options) error {
				if got := top.Nodes[0].Env["FAKETIME"]; got != "@2147483580.000000000 x10" {
					t.Errorf("FAKETIME=%s", got)
				}
				<-time.After(building) // of synctest's
				began = time.Now()
				return nil
			}
			w.platform.ShellFn = func(string, string) (drivers.Exchange, error) {
				at := start.Add(10 * time.Since(began))
				return drivers.Exchange{Output: fmt.Sprintf("%d.%09d\nall-asked\n", at.Unix(), at.Nanosecond())}, nil
			}
			p := planOf(t, strings.Replace(fast, "speed: 10", "speed: 10, start: 2038-01-19T03:13:00Z", 1), plan.Options{})
			if v := w.trial(t, t.Context(), p); v.Verdict != evidence.Reproduced {
				t.Errorf("built in %s: %s: %s", building, v.Verdict, v.Reason)
			}
		})
	}
}

// That a machine keeps real time is known before anything is built, and a scenario that has it so
// is none that needs a clock of it.
func TestMachineKnownBefore(t *testing.T) {
	for node, want := range map[string]evidence.Verdict{"r2: {platform: fake}": evidence.NotApplicable, "r2: {platform: fake, clock: real}": evidence.Reproduced} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.clocked(10, "")
			built := w.provider.ReserveFn
			reserved := false
			w.provider.ReserveFn = func(ctx context.Context, top topologies.Topology, o topologies.Options) error {
				reserved = true
				return built(ctx, top, o)
			}
			p := planOf(t, strings.Replace(fast, "r2: {platform: fake}", node, 1), plan.Options{})
			provider := guestsIn{&w.provider, "r2"}
			v := w.trialIn(t, t.Context(), p, provider)
			if v.Verdict != want || reserved == (want == evidence.NotApplicable) {
				t.Errorf("%s: %s (%s), built: %v", node, v.Verdict, v.Reason, reserved)
			}
			if want == evidence.NotApplicable && (!strings.Contains(v.Reason, "r2 keeps real time, and the lab was asked for speed 10: it has a kernel of its own") || v.Reason != trial.KeepsRealTime(p, provider)) {
				t.Errorf("%s", v.Reason)
			}
		})
	}
}

// guestsIn makes a machine of one node.
type guestsIn struct {
	topologies.Provider
	machine string
}

func (g guestsIn) Unwrap() topologies.Provider { return g.Provider }

func (g guestsIn) Kind(top topologies.Topology) topologies.Kind {
	if len(top.Nodes) == 1 && top.Nodes[0].Name == g.machine {
		return topologies.KindVM
	}
	return topologies.KindContainer
}

// A process that was started during the trial without the clock makes it say nothing, and is named. So
// does one of which that is not known.
func TestStartedWithoutClock(t *testing.T) {
	const unknown = ": whether all of its processes have the lab's clock at the end is not known"
	for name, tt := range map[string]struct {
		node, said string
		exit       int
		want       string // in the reason; empty: the trial counts
	}{
		"started":              {"r1", "zebra\nall-asked\n", 0, "r1: zebra was started during the trial without the lab's clock"},
		"asking fails":         {"r1", "", 3, "r1" + unknown + ": who asks ended with status 3"},
		"not all of it":        {"r1", "", 0, "r1" + unknown},
		"it does not answer":   {"r2", "", -1, "r2" + unknown},
		"a step dealt with it": {"r1", "", -1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.clocked(10, "")
				w.provider.HostFn = func(node string, argv []string) (string, int) {
					if node == tt.node && strings.HasPrefix(argv[2], "least=") {
						return tt.said, tt.exit
					}
					return takesClock(node, argv)
				}
				v := w.trial(t, t.Context(), planOf(t, fast, plan.Options{}))
				if tt.want == "" && v.Verdict != evidence.Reproduced || tt.want != "" && (v.Verdict != evidence.Inconclusive || !strings.Contains(v.Reason, tt.want)) {
					t.Errorf("%s: %s, want %q", v.Verdict, v.Reason, tt.want)
				}
			})
		})
	}
}

// A node whose image has not the library is given one, and every trial of the lab says which.
func TestGivenLibrary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.clocked(10, "")
		w.provider.Libraries = []topologies.ClockLibrary{{From: "reprise/debian:trixie", Path: "/usr/lib/x/faketime/libfaketime.so.1", Data: []byte("library")}}
		w.provider.HostFn = func(node string, argv []string) (string, int) {
			switch {
			case node != "r1" || !strings.Contains(argv[2], "faketime"):
				return takesClock(node, argv)
			case len(argv) > 4: // with the library to be given
				return "/usr/lib64/faketime/libfaketime.so.1\n", 0
			default:
				return "", 3
			}
		}
		if v := w.trial(t, t.Context(), planOf(t, fast, plan.Options{})); v.Verdict != evidence.Reproduced {
			t.Errorf("%s: %s", v.Verdict, v.Reason)
		}
		record, err := w.dir.Trial(1).Read()
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, e := range record.Events {
			if e.Kind == evidence.EventClock && e.Lane != "" {
				said = append(said, e.Lane+": "+e.Detail)
			}
		}
		want := "r1: its image has no libfaketime: it was given that of reprise/debian:trixie (/usr/lib/x/faketime/libfaketime.so.1, sha256:" + evidence.SHA256([]byte("library")) + ") as /usr/lib64/faketime/libfaketime.so.1"
		if len(said) != 1 || said[0] != want {
			t.Errorf("said %q, want %q", said, want)
		}
	})
}

// A node that the scenario keeps in real time, and a run that --speed 1 brings back to it, need no clock.
func TestRealTime(t *testing.T) {
	for name, p := range map[string]*plan.Plan{
		"clock: real": planOf(t, strings.Replace(strings.Replace(fast, "r1: {platform: fake}", "r1: {platform: fake, clock: real}", 1), "r2: {platform: fake}", "r2: {platform: fake, clock: real}", 1), plan.Options{}),
		"--speed 1":   planOf(t, fast, plan.Options{Speed: 1}),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				if v := w.trial(t, t.Context(), p); v.Verdict != evidence.Reproduced {
					t.Errorf("%s: %s", v.Verdict, v.Reason)
				}
			})
		})
	}
}
