package trial_test

import (
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

// What somebody does to a node from outside while the symptom is looked at is no answer to it; what the scenario may
// have done, or undoes, is.
func TestMeddling(t *testing.T) {
	const (
		links  = "link eth1 0x1043 1500 02:00:00:00:00:01\nlink lo 0x9 65536 00:00:00:00:00:00\nruns init\nruns sh\nruns some d\nmute 0\nqdisc noqueue 0: dev eth1 root refcnt 2 \n"
		shrunk = "link eth1 0x1043 600 02:00:00:00:00:01\nlink lo 0x9 65536 00:00:00:00:00:00\nmute 0\n"
		table  = "rules 123 50 inet x\n"
		trie   = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.0.0.1\n        /32 host LOCAL\n     |-- 10.0.0.255\n        /32 link BROADCAST\n"
	)
	for _, tt := range []struct {
		name, stimulus, before, after string
		want                          evidence.Verdict
		reason                        string // of the verdict, or what a note says
	}{
		{"nothing", breaks, links + trie, links + trie, evidence.Reproduced, ""},
		{"a process is stopped", breaks, links + trie, links + "halted 42 some bgpd\n" + trie, evidence.Inconclusive, "some bgpd (process 42) of r1 was stopped by a signal while the symptom was looked at"},
		{"it was stopped by then", breaks, links + "halted 42 bgpd\n" + trie, links + "halted 42 bgpd\n" + trie, evidence.Reproduced, ""},
		{"a step may have stopped it", `{node: r1, exec: "(sleep 3; kill -STOP 42) & break it"}`, links + trie, links + "halted 42 bgpd\n" + trie, evidence.Reproduced, ""},
		{"a script may have", `{node: r1, exec: "/root/break.sh"}`, links + trie, links + "halted 42 bgpd\n" + trie, evidence.Reproduced, ""},
		{"a fault may have", `{node: r1, fault: pause, process: bgpd, arm: {step: b}}, {name: b, node: r1, exec: break it}`, links + trie, links + "halted 42 bgpd\n" + trie, evidence.Reproduced, ""},
		{"a port is shut down", breaks, links + trie, strings.Replace(links, "0x1043", "0x1002", 1) + trie, evidence.Reproduced, "r1: port eth1 was shut down while the symptom was looked at"},
		{"its cable has no carrier", breaks, links + trie, strings.Replace(links, "0x1043", "0x1003", 1) + trie, evidence.Reproduced, ""},
		{"one that no cable is in", breaks, links + trie, strings.Replace(links, "0x9", "0x8", 1) + trie, evidence.Reproduced, ""},
		{"it was down by then", breaks, strings.Replace(links, "0x1043", "0x1002", 1) + trie, strings.Replace(links, "0x1043", "0x1002", 1) + trie, evidence.Reproduced, ""},
		{"a fault acts on its link", `{link: "r2:eth1", fault: down, for: 1ms, background: true}, ` + breaks, links + trie, strings.Replace(links, "0x1043", "0x1002", 1) + trie, evidence.Reproduced, ""},
		{"an address is taken away", breaks, links + trie, links, evidence.Reproduced, "r1: address 10.0.0.1 was taken away while the symptom was looked at"},
		{"both", breaks, links + trie, strings.Replace(links, "0x1043", "0x1002", 1), evidence.Reproduced, "r1: port eth1 was shut down, address 10.0.0.1 was taken away while"},
		{"one comes", breaks, links, links + trie, evidence.Reproduced, ""},
		{"it is given another MTU", breaks, links + trie, shrunk + trie, evidence.Inconclusive, "eth1 of r1 was given the MTU 600"},
		{"the scenario may have given it", `{node: r1, configure: [interface eth1, mtu 600]}`, links + trie, shrunk + trie, evidence.Reproduced, ""},
		{"the symptom is about ports", breaks + " # r1 shows interfaces", links + trie, shrunk + trie, evidence.Reproduced, ""},
		{"about those of another node", breaks + " # r2 shows interfaces", links + trie, shrunk + trie, evidence.Inconclusive, "eth1 of r1 was given the MTU 600"},
		{"nothing runs that may have shut it down", breaks, idle(links) + trie, idle(strings.Replace(links, "0x1043", "0x1002", 1)) + trie, evidence.Inconclusive, "r1: port eth1 was shut down while the symptom was looked at, and nothing of the scenario does that"},
		{"nor have taken it away", breaks, idle(links) + trie, idle(links), evidence.Inconclusive, "r1: address 10.0.0.1 was taken away"},
		{"but the scenario may", `{node: r1, exec: "(sleep 3; ip link set eth1 down) & break it"}`, idle(links) + trie, idle(strings.Replace(links, "0x1043", "0x1002", 1)) + trie, evidence.Reproduced, "r1: port eth1 was shut down"},
		{"rules come", breaks, links + trie, links + table + trie, evidence.Inconclusive, "the rules that frames go through in r1 were changed (table inet x)"},
		{"they are others", breaks, links + table + trie, links + strings.Replace(table, "123", "124", 1) + trie, evidence.Inconclusive, "(table inet x)"},
		{"they were there", breaks, links + table + trie, links + table + trie, evidence.Reproduced, ""},
		{"the scenario may have brought them", `{node: r1, exec: "(sleep 3; iptables -A INPUT -j DROP) & break it"}`, links + trie, links + table + trie, evidence.Reproduced, ""},
		{"a queue comes", breaks, links + trie, links + "qdisc netem 8001: dev eth1 root refcnt 2 limit 1000 loss 100%\n" + trie, evidence.Inconclusive, "the queue of eth1 of r1 was changed (netem)"},
		{"one of the kernel's own", breaks, links + trie, links + "qdisc fq_codel 0: dev eth1 root refcnt 2\n" + trie, evidence.Reproduced, ""},
		{"pings are not answered any more", breaks, links + trie, strings.Replace(links, "mute 0", "mute 1", 1) + trie, evidence.Inconclusive, "whether r1 answers pings was changed"},
		{"a port has another address", breaks, links + trie, strings.Replace(links, ":01", ":02", 1) + trie, evidence.Inconclusive, "eth1 of r1 was given the address 02:00:00:00:00:02"},
		{"a port has another name", breaks, links + trie, strings.Replace(links, "link eth1", "link foo", 1) + trie, evidence.Inconclusive, "eth1 of r1 was given another name"},
		{"a neighbour is put in", breaks, idle(links) + trie, idle(links) + "hand -4 neigh 10.0.0.2 dev eth1 lladdr 02:00:00:00:00:99 PERMANENT \n" + trie, evidence.Inconclusive, "a neighbour of r1 was put in by hand (10.0.0.2 dev eth1 lladdr 02:00:00:00:00:99 PERMANENT) while"},
		{"it is taken out", breaks, idle(links) + "hand -4 neigh 10.0.0.2 dev eth1 lladdr 02:00:00:00:00:99 PERMANENT \n" + trie, idle(links) + trie, evidence.Inconclusive, "a neighbour of r1 was taken out by hand"},
		{"a daemon puts one in", breaks, idle(links) + trie, idle(links) + "hand -4 neigh 169.254.0.1 dev eth1 lladdr 02:00:00:00:00:99 PERMANENT proto zebra\n" + trie, evidence.Reproduced, ""},
		{"the scenario may have put it in", `{node: r1, exec: "(sleep 3; ip neigh add x) & break it"}`, idle(links) + trie, idle(links) + "hand -4 neigh 10.0.0.2 dev eth1 lladdr 02:00:00:00:00:99 PERMANENT \n" + trie, evidence.Reproduced, ""},
		{"a rule of policy is put in", breaks, idle(links) + "hand -4 rule 0: from all lookup local\n" + trie, idle(links) + "hand -4 rule 0: from all lookup local\nhand -4 rule 5: from 10.0.0.0/24 lookup 100\n" + trie, evidence.Inconclusive, "a rule of policy of r1 was put in by hand (5: from 10.0.0.0/24 lookup 100)"},
		{"a route is put in, beside daemons", breaks, idle(links) + "runs zebra\nruns bgpd\n" + trie, idle(links) + "runs zebra\nruns bgpd\nhand -6 route blackhole 2001:db8::/32 metric 1024\n" + trie, evidence.Inconclusive, "a route of r1 was put in by hand (blackhole 2001:db8::/32 metric 1024)"},
		{"beside what nobody knows", breaks, links + trie, links + "hand -4 route blackhole 10.1.0.0/16\n" + trie, evidence.Reproduced, "r1: a route of r1 was put in by hand (blackhole 10.1.0.0/16) while the symptom was looked at"},
		{"its port has no carrier", breaks, idle(links) + "hand -4 route 10.1.0.0/16 via 10.0.0.2 dev eth1\n" + trie, idle(links) + "hand -4 route 10.1.0.0/16 via 10.0.0.2 dev eth1 linkdown\n" + trie, evidence.Reproduced, ""},
		{"it goes with its port", breaks, links + "hand -4 route 10.1.0.0/16 via 10.0.0.2 dev eth1\n" + trie, strings.Replace(links, "0x1043", "0x1002", 1) + trie, evidence.Reproduced, "r1: port eth1 was shut down"},
		{"a setting is another one", breaks, idle(links) + "/proc/sys/net/ipv4/conf/eth1/rp_filter:0\n" + trie, idle(links) + "/proc/sys/net/ipv4/conf/eth1/rp_filter:1\n" + trie, evidence.Inconclusive, "net.ipv4.conf.eth1.rp_filter of r1 was set to 1 while"},
		{"a port resolves no addresses any more", breaks, links + trie, strings.Replace(links, "0x1043", "0x10c3", 1) + trie, evidence.Inconclusive, "whether eth1 of r1 resolves addresses, and takes frames for many, was changed"},
		{"the scenario may have told it so", `{node: r1, exec: "(sleep 3; ip link set eth1 arp off) & break it"}`, links + trie, strings.Replace(links, "0x1043", "0x10c3", 1) + trie, evidence.Reproduced, ""},
		{"a port is put into a bridge", breaks, links + trie, links + "member eth1 9\n" + trie, evidence.Inconclusive, "eth1 of r1 was put into a bridge, a bond or a VRF, or taken out of one while"},
		{"it was in it", breaks, links + "member eth1 9\n" + trie, links + "member eth1 9\n" + trie, evidence.Reproduced, ""},
		{"a policy of IPsec is put in", breaks, idle(links) + trie, idle(links) + "hand -4 xfrm src 10.9.0.1/32 dst 10.9.0.2/32 \\\tdir in action block priority 1 ptype main \n" + trie, evidence.Inconclusive, "a policy of IPsec of r1 was put in by hand (src 10.9.0.1/32 dst 10.9.0.2/32"},
		{"a port's network is another one", breaks, idle(links) + "kernel -4 route 10.0.0.0/24 dev eth1 scope link src 10.0.0.1 \n" + trie, idle(links) + trie, evidence.Inconclusive, "the kernel's route of r1 was taken out by hand, or its address has another length (10.0.0.0/24 dev eth1 scope link src 10.0.0.1)"},
		{"it goes with its address", breaks, links + "kernel -4 route 10.0.0.0/24 dev eth1 scope link src 10.0.0.1 \n" + trie, links, evidence.Reproduced, "r1: address 10.0.0.1 was taken away"},
		{"an address comes where nothing runs that takes one", breaks, idle(links), idle(links) + trie, evidence.Inconclusive, "address 10.0.0.1 of r1 was put in while the symptom was looked at, and nothing of the scenario does that"},
		{"the scenario may have put it in", `{node: r1, exec: "(sleep 3; ip a add 10.0.0.1/24 dev eth1) & break it"}`, idle(links), idle(links) + trie, evidence.Reproduced, ""},
		{"it comes with a port", breaks, idle(links) + trie, idle(links) + "/proc/sys/net/ipv4/conf/eth2/rp_filter:1\n" + trie, evidence.Reproduced, ""},
		{"the scenario may have set it", `{node: r1, exec: "(sleep 3; sysctl -w x) & break it"}`, idle(links) + "/proc/sys/net/ipv4/conf/eth1/rp_filter:0\n" + trie, idle(links) + "/proc/sys/net/ipv4/conf/eth1/rp_filter:1\n" + trie, evidence.Reproduced, ""},
		{"it does not answer the second time", breaks, links + trie, "", evidence.Reproduced, "r1: not looked at for what is done to it from outside: its shell ended with status 1"},
		{"nor at all", breaks, "", links + trie, evidence.Reproduced, "r1: not looked at for what is done to it from outside: its shell ended with status 1"},
		{"it says too much", breaks, links + trie, links + "halted 42 bgpd\n" + strings.Repeat("|-- 10.0.0.2\n", 400_000), evidence.Reproduced, "r1: not looked at for what is done to it from outside: its state is longer than 4MiB"},
		{"it has hundreds of interfaces", breaks, links + trie, links + "halted 42 bgpd\n" + strings.Repeat("/proc/sys/net/ipv6/conf/ethernet/setting:1\n", 60_000), evidence.Inconclusive, "bgpd (process 42) of r1 was stopped by a signal"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.platform.ShellFn = func(string, string) (drivers.Exchange, error) {
					w.broken.Store(true)
					return drivers.Exchange{}, nil
				}
				var asked atomic.Int32
				w.provider.HostFn = func(node string, argv []string) (string, int) {
					if node != "r1" || !strings.Contains(strings.Join(argv, " "), "fib_trie") {
						return "", 0
					}
					said := tt.after
					if asked.Add(1) <= 3 { // when the lab is up, the baseline holds, and the stimulus is over
						said = tt.before
					}
					if said == "" {
						return "", 1
					}
					return said, 0
				}
				stimulus, where, shown := strings.Cut(tt.stimulus, " # ")
				symptom := isDown
				if shown {
					node, _, _ := strings.Cut(where, " ")
					symptom = strings.Replace(symptom, "node: r1, run: s,", "node: "+node+", run: show interfaces,", 1)
				}
				v := w.trial(t, t.Context(), planOf(t, head+"stimulus: ["+stimulus+"]\n"+symptom, plan.Options{}))
				said := append(w.notes(t), v.Reason)
				if v.Verdict != tt.want || !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, tt.reason) }) {
					t.Errorf("got %s (%q), want %s (…%s…)", v.Verdict, said, tt.want, tt.reason)
				}
				if looked := func(s string) bool { return strings.Contains(s, "looked at") }; tt.reason == "" && slices.ContainsFunc(said, looked) {
					t.Errorf("got %q, want nothing of the kind", said)
				}
			})
		})
	}
}

// idle is the state of a node in which nothing runs.
func idle(links string) string { return strings.Replace(links, "runs some d\n", "", 1) }

// notes are what the record of the only trial notes.
func (w *world) notes(t *testing.T) (told []string) {
	t.Helper()
	record, err := w.dir.Trial(1).Read()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range record.Events {
		if e.Kind == evidence.EventNote {
			told = append(told, e.Name)
		}
	}
	return told
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
		{"refused", `exec: ask it`, "% No such neighbor\n", evidence.Inconclusive, "was refused: \"ask it\": % No such neighbor; where that is meant, write exit: 0"},
		{"refused, as is meant", `exec: ask it, exit: 0`, "% No such neighbor\n", evidence.Reproduced, ""},
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

// What somebody did to a node before the symptom was looked at is no answer either, as far as it is not what a node does as it comes up,
// or the stimulus.
func TestMeddlingBefore(t *testing.T) {
	const (
		links = "link eth1 0x1043 1500 02:00:00:00:00:01\nruns sh\n"
		busy  = links + "runs zebra\n"
		trie  = "     |-- 10.0.0.1\n        /32 host LOCAL\n"
		route = "hand -4 route blackhole 10.1.0.0/16\n"
	)
	watched := strings.Replace(isDown, "}]", "}, {name: watched, node: r2, exec: watcher -x, expect: 'exit == 0', eventually: 60ms, may-hold-before: true}]", 1)
	for _, tt := range []struct {
		name, node    string
		since         int32 // from which look on: 2 is when the baseline holds, 3 when the stimulus is over
		before, after string
		want          string // part of the reason; empty: it is reproduced
	}{
		{"a process is stopped during the stimulus", "r1", 3, links, links + "halted 42 bgpd\n", "bgpd (process 42) of r1 was stopped by a signal before the symptom was looked at"},
		{"and during the baseline", "r1", 2, links, links + "halted 42 bgpd\n", "bgpd (process 42) of r1 was stopped by a signal before"},
		{"an address comes during the stimulus, elsewhere", "r2", 3, links, links + trie, "address 10.0.0.1 of r2 was put in before"},
		{"also where daemons run that take none", "r2", 3, busy, busy + trie, "address 10.0.0.1 of r2 was put in before"},
		{"where the stimulus may have put it in", "r1", 3, links, links + trie, ""},
		{"an address comes during the baseline", "r2", 2, links, links + trie, "address 10.0.0.1 of r2 was put in before"},
		{"where a daemon may be about to set its own", "r2", 2, busy, busy + trie, ""},
		{"a route comes during the baseline", "r1", 2, busy, busy + route, "a route of r1 was put in by hand (blackhole 10.1.0.0/16) before"},
		{"a route comes during the stimulus", "r2", 3, busy, busy + route, "a route of r2 was put in by hand (blackhole 10.1.0.0/16) before"},
		{"beside what nobody knows", "r2", 3, busy + "runs x\n", busy + "runs x\n" + route, ""},
		{"an MTU is another one during the stimulus", "r2", 3, links, strings.Replace(links, "1500", "600", 1), "eth1 of r2 was given the MTU 600 before"},
		{"during the baseline", "r2", 2, links, strings.Replace(links, "1500", "600", 1), ""},
		{"an address goes during the stimulus, elsewhere", "r2", 3, links + trie, links, "r2: address 10.0.0.1 was taken away before"},
		{"also where daemons run that take none", "r2", 3, busy + trie, busy, "r2: address 10.0.0.1 was taken away before"},
		{"also during the baseline", "r2", 2, busy + trie, busy, "r2: address 10.0.0.1 was taken away before"},
		{"where a program runs that nobody knows", "r2", 3, links + "runs x\n" + trie, links, ""},
		{"where a condition runs it", "r2", 3, links + "runs watcher\n" + trie, links, "r2: address 10.0.0.1 was taken away before"},
		{"where the stimulus may have taken it", "r1", 3, links + trie, links, ""},
		{"where the stimulus waits", "r2 # {node: r2, exec: sleep 1}", 3, links + trie, links, "r2: address 10.0.0.1 was taken away before"},
		{"where a command in the stimulus may have taken it", `r2 # {node: r2, exec: "echo $(x)"}`, 3, links + trie, links, ""},
		{"where a fault deals with frames", `r2 # {link: "r2:eth1", fault: delay, delay: 1ms, may-miss: true}`, 3, links + trie, links, "r2: address 10.0.0.1 was taken away before"},
		{"where it holds a port down", `r2 # {link: "r2:eth1", fault: down}`, 3, links + trie, links, ""},
		{"a port is shut during the stimulus", "r2", 3, links, strings.Replace(links, "0x1043", "0x1002", 1), "r2: port eth1 was shut down before"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.platform.ShellFn = func(_, line string) (drivers.Exchange, error) {
					w.broken.Store(w.broken.Load() || line == "break it")
					return drivers.Exchange{}, nil
				}
				at, beside, more := strings.Cut(tt.node, " # ")
				stimulus := breaks
				if more {
					stimulus += ", " + beside
				}
				var asked atomic.Int32
				w.provider.HostFn = func(node string, argv []string) (string, int) {
					switch {
					case !strings.Contains(strings.Join(argv, " "), "fib_trie"):
						return "", 0
					case node != at:
						return links, 0
					case asked.Add(1) >= tt.since:
						return tt.after, 0
					default:
						return tt.before, 0
					}
				}
				v := w.trial(t, t.Context(), planOf(t, head+"stimulus: ["+stimulus+"]\n"+watched, plan.Options{}))
				if want := (map[bool]evidence.Verdict{true: evidence.Reproduced, false: evidence.Inconclusive})[tt.want == ""]; v.Verdict != want || !strings.Contains(v.Reason, tt.want) {
					t.Errorf("got %s (%s), want %s (…%s…)", v.Verdict, v.Reason, want, tt.want)
				}
			})
		})
	}
}

// What somebody from outside ends of what a step left running is no answer either; what the scenario may have ended is, and so is what
// ended otherwise.
func TestEndedFromOutside(t *testing.T) {
	told := topologies.ProcessEnd{PID: 42, Name: "server", Signal: 15, Sent: 15, Sender: "process 7 (bash) of the machine, outside of the node", Orphan: true}
	with := func(change func(e *topologies.ProcessEnd)) topologies.ProcessEnd {
		e := told
		change(&e)
		return e
	}
	for _, tt := range []struct {
		name, stimulus, deaf string
		end                  topologies.ProcessEnd
		want                 evidence.Verdict
		reason               string
	}{
		{"sent a signal", breaks, "", told, evidence.Inconclusive, "server (process 42) of r1 was ended with signal 15, by process 7 (bash) of the machine"},
		{"and ended well of it", breaks, "", with(func(e *topologies.ProcessEnd) { e.Signal = 0 }), evidence.Inconclusive, "was ended with signal 15"},
		{"by nobody knows whom", breaks, "no ears", with(func(e *topologies.ProcessEnd) { e.Sent, e.Sender = 0, "" }), evidence.Inconclusive, "and by whom is not known: no ears"},
		{"by no process", breaks, "", with(func(e *topologies.ProcessEnd) { e.Sent, e.Sender = 0, "" }), evidence.Reproduced, ""},
		{"by who started it", breaks, "", with(func(e *topologies.ProcessEnd) { e.Orphan = false }), evidence.Reproduced, ""},
		{"the scenario may have", `{node: r1, exec: "(sleep 3; pkill server) & break it"}`, "", told, evidence.Reproduced, ""},
		{"before the trial", breaks, "", with(func(e *topologies.ProcessEnd) { e.At = e.At.Add(-time.Hour) }), evidence.Reproduced, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.platform.ShellFn = func(string, string) (drivers.Exchange, error) {
					w.broken.Store(true)
					return drivers.Exchange{}, nil
				}
				w.provider.HostFn = func(string, []string) (string, int) { return "", 0 }
				w.provider.Deaf = tt.deaf
				begun := time.Now().Add(time.Second)
				w.provider.EndsFn = func(node string) []topologies.ProcessEnd {
					if node != "r1" {
						return nil
					}
					e := tt.end
					if e.At.IsZero() {
						e.At = begun
					}
					return []topologies.ProcessEnd{e}
				}
				if v := w.trial(t, t.Context(), planOf(t, head+"stimulus: ["+tt.stimulus+"]\n"+isDown, plan.Options{})); v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) {
					t.Errorf("got %s (%s), want %s (…%s…)", v.Verdict, v.Reason, tt.want, tt.reason)
				}
			})
		})
	}
}
