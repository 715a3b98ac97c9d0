package trial_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
)

// What somebody does to a node from outside while the symptom is looked at is no answer to it; what the scenario may
// have done, or undoes, is.
func TestMeddling(t *testing.T) {
	const (
		shows = " # looks at interfaces"
		links = "link eth1 0x1043 1500\nlink lo 0x9 65536\n"
		trie  = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.0.0.1\n        /32 host LOCAL\n     |-- 10.0.0.255\n        /32 link BROADCAST\n"
	)
	for _, tt := range []struct {
		name, stimulus, before, after string
		want                          evidence.Verdict
		reason                        string
	}{
		{"nothing", breaks, links + trie, links + trie, evidence.Reproduced, ""},
		{"a process is stopped", breaks, links + trie, links + "halted 42 some bgpd\n" + trie, evidence.Inconclusive, "some bgpd (process 42) of r1 was stopped by a signal while the symptom was looked at"},
		{"it was stopped by then", breaks, links + "halted 42 bgpd\n" + trie, links + "halted 42 bgpd\n" + trie, evidence.Reproduced, ""},
		{"a step may have stopped it", `{node: r1, exec: "(sleep 3; kill -STOP 42) & break it"}`, links + trie, links + "halted 42 bgpd\n" + trie, evidence.Reproduced, ""},
		{"a script may have", `{node: r1, exec: "/root/break.sh"}`, links + trie, links + "halted 42 bgpd\n" + trie, evidence.Reproduced, ""},
		{"an interface is shut down", breaks, links + trie, strings.Replace(links, "0x1043", "0x1002", 1) + trie, evidence.Inconclusive, "eth1 of r1 was shut down"},
		{"its cable has no carrier", breaks, links + trie, strings.Replace(links, "0x1043", "0x1003", 1) + trie, evidence.Reproduced, ""},
		{"one that no cable is in", breaks, links + trie, strings.Replace(links, "0x9", "0x8", 1) + trie, evidence.Reproduced, ""},
		{"it was down by then", breaks, strings.Replace(links, "0x1043", "0x1002", 1) + trie, strings.Replace(links, "0x1043", "0x1002", 1) + trie, evidence.Reproduced, ""},
		{"the scenario may have shut it down", `{node: r1, configure: [interface eth1, shutdown]}`, links + trie, strings.Replace(links, "0x1043", "0x1002", 1) + trie, evidence.Reproduced, ""},
		{"a fault acts on its link", `{link: "r2:eth1", fault: down, for: 1ms, background: true}, ` + breaks, links + trie, strings.Replace(links, "0x1043", "0x1002", 1) + trie, evidence.Reproduced, ""},
		{"it is given another MTU", breaks, links + trie, strings.Replace(links, "1500", "600", 1) + trie, evidence.Inconclusive, "eth1 of r1 was given the MTU 600"},
		{"an address is taken away", breaks, links + trie, links, evidence.Inconclusive, "the address 10.0.0.1 was taken from r1"},
		{"one comes", breaks, links, links + trie, evidence.Reproduced, ""},
		{"an interface that the symptom is about", breaks + shows, links + trie, strings.Replace(links, "0x1043", "0x1002", 1) + trie, evidence.Reproduced, ""},
		{"the scenario may have taken it", `{node: r1, configure: [no ip address 10.0.0.1/24]}`, links + trie, links, evidence.Reproduced, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.platform.ShellFn = func(string, string) (drivers.Exchange, error) {
					w.broken.Store(true)
					return drivers.Exchange{}, nil
				}
				var asked int
				w.provider.HostFn = func(node string, argv []string) (string, int) {
					if node != "r1" || !strings.Contains(strings.Join(argv, " "), "fib_trie") {
						return "", 0
					}
					if asked++; asked == 1 {
						return tt.before, 0
					}
					return tt.after, 0
				}
				stimulus, shown := strings.CutSuffix(tt.stimulus, shows)
				symptom := isDown
				if shown {
					symptom = strings.Replace(symptom, "run: s,", "run: show interfaces,", 1)
				}
				v := w.trial(t, t.Context(), planOf(t, head+"stimulus: ["+stimulus+"]\n"+symptom, plan.Options{}))
				if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) {
					t.Errorf("got %s (%s), want %s (…%s…)", v.Verdict, v.Reason, tt.want, tt.reason)
				}
			})
		})
	}
}

// The windows begin with the stimulus's end, however long a node takes to tell its state: what lasts for a moment is seen.
func TestMeddlingDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.platform.ShellFn = func(string, string) (drivers.Exchange, error) {
			w.broken.Store(true)
			time.AfterFunc(time.Second, func() { w.broken.Store(false) })
			return drivers.Exchange{}, nil
		}
		w.provider.HostFn = func(_ string, argv []string) (string, int) {
			if strings.Contains(strings.Join(argv, " "), "fib_trie") {
				<-time.After(2 * time.Second) // of synctest's
			}
			return "", 0
		}
		if v := w.trial(t, t.Context(), planOf(t, head+"stimulus: ["+breaks+"]\n"+isDown, plan.Options{})); v.Verdict != evidence.Reproduced {
			t.Errorf("got %s (%s)", v.Verdict, v.Reason)
		}
	})
}

// A step of which the shell could not run a part, or whose program says with status 0 that a daemon refused it, has not
// taken place.
func TestStepsThatDidNothing(t *testing.T) {
	for _, tt := range []struct {
		name, step, said string
		want             evidence.Verdict
		reason           string
	}{
		{"a part that is not there", `exec: "nosuchd & sleep 1"`, "sh: 1: eval: nosuchd: not found\n", evidence.Inconclusive, "a part of the command was never run: sh: 1: eval: nosuchd: not found"},
		{"and may fail", `exec: "nosuchd & sleep 1", may-fail: true`, "sh: 1: eval: nosuchd: not found\n", evidence.Inconclusive, "never run"},
		{"and is named", `exec: "nosuchd & sleep 1", exit: [0, 127]`, "sh: 1: eval: nosuchd: not found\n", evidence.Reproduced, ""},
		{"a part of a configuration line", `configure: ["nosuchd | cat"]`, "sh: 1: eval: nosuchd: not found\n", evidence.Inconclusive, "was refused: \"nosuchd | cat\": sh: 1: eval: nosuchd: not found"},
		{"other words", `exec: "route get x; true"`, "route: not found\n", evidence.Reproduced, ""},
		{"refused", `exec: ask it`, "% No such neighbor\n", evidence.Inconclusive, "was refused: \"ask it\": % No such neighbor"},
		{"refused, as it may be", `exec: ask it, may-fail: true`, "% No such neighbor\n", evidence.Reproduced, ""},
		{"refused, whatever it says", `exec: ask it, exit: any`, "% No such neighbor\n", evidence.Reproduced, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.platform.ConfigureSays = tt.said
				w.platform.ShellFn = func(_, line string) (drivers.Exchange, error) {
					w.broken.Store(true)
					return drivers.Exchange{Command: line, Output: tt.said}, nil
				}
				v := w.trial(t, t.Context(), planOf(t, head+"stimulus: [{node: r1, "+tt.step+"}]\n"+isDown, plan.Options{}))
				if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) {
					t.Errorf("got %s (%s), want %s (…%s…)", v.Verdict, v.Reason, tt.want, tt.reason)
				}
			})
		})
	}
}
