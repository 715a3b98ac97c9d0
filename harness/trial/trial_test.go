package trial_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/harnesstest"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// head begins every fixture. The lab is in memory, and the clock that of synctest, which keeps windows exactly.
const head = `
reprise: v1
id: fixture
title: A fixture
topology:
  nodes: {r1: {image: none}, r2: {image: none}}
  links: [{endpoints: ["r1:eth1", "r2:eth1"]}]
nodes: {r1: {platform: fake}, r2: {platform: fake}}
baseline: [{name: up, node: r1, run: show state, expect: 'text contains "up"', eventually: 200ms, every: 10ms}]
control: {set: {r1.image: other}}
`

const stuck = head + `
stimulus: [{node: r1, configure: [break it]}]
symptom: [{name: down, node: r1, run: show state, expect: 'text contains "down"', within: 100ms, consistently: 50ms, every: 10ms}]
`

const isDown = `symptom: [{name: down, node: r1, run: s, expect: 'text contains "down"', eventually: 100ms, every: 10ms}]
`

// refusing has the shell refuse a command with some words, and the node's kernel what is
// tried again by itself with others.
func refusing(command, tried string) func(*world) {
	return func(w *world) {
		w.platform.ShellFn = func(_, _ string) (drivers.Exchange, error) { return drivers.Exchange{Output: command, Exit: 2}, nil }
		w.provider.HostFn = func(string, []string) (string, int) { return tried, 2 }
	}
}

// plan loads a scenario written in place.
func planOf(t *testing.T, yaml string, o plan.Options) *plan.Plan {
	t.Helper()
	return planWith(t, yaml, nil, o)
}

// planWith loads a scenario written in place, with files beside it.
func planWith(t *testing.T, yaml string, files map[string]string, o plan.Options) *plan.Plan {
	t.Helper()
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(filepath.Dir(file), name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := scenarios.Load(file, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(l, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// world is a network that is up until somebody breaks it.
type world struct {
	provider harnesstest.Provider
	platform harnesstest.Platform
	broken   atomic.Bool
	dir      evidence.Dir // of the last trial's run
	set      atomic.Int64 // how far the clock that can be set was set forward
}

// wall is the clock that can be set.
func (w *world) wall() time.Time { return time.Now().Add(time.Duration(w.set.Load())) }

func newWorld() *world {
	w := &world{}
	w.platform = harnesstest.Platform{
		Name: "fake",
		RunFn: func(_, _ string) (drivers.Exchange, error) {
			if w.broken.Load() {
				return drivers.Exchange{Output: "state is down"}, nil
			}
			return drivers.Exchange{Output: "state is up"}, nil
		},
		ConfigureFn: func(_, _ string) (string, error) {
			w.broken.Store(true)
			return "", nil
		},
		BootFn: func(string) error {
			w.broken.Store(false)
			return nil
		},
	}
	return w
}

// trial runs one trial and checks that it leaves nothing behind and is judged the same
// from its stored record.
func (w *world) trial(t *testing.T, ctx context.Context, p *plan.Plan) evidence.TrialVerdict { //nolint:revive // t comes first in helpers
	t.Helper()
	return w.trialIn(t, ctx, p, &w.provider)
}

// trialIn is trial in the labs of a provider.
func (w *world) trialIn(t *testing.T, ctx context.Context, p *plan.Plan, provider topologies.Provider) evidence.TrialVerdict { //nolint:revive // t comes first in helpers
	t.Helper()
	dir, err := trial.CreateRun(ctx, p, t.TempDir(), provider, evidence.Tool{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	w.dir = dir
	lab := trial.NewLab(p, trial.Environment{Provider: provider, Registry: w.platform.Registry(), Dir: dir, Wall: w.wall}, 1)
	tr, err := lab.Begin(1)
	if err != nil {
		t.Fatal(err)
	}
	tr.Execute(ctx)
	v, err := tr.Finish(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := lab.Close(ctx); err != nil {
		t.Error(err)
	}
	if n := w.provider.Up(); n != 0 {
		t.Errorf("%d labs are still up", n)
	}
	if f := w.provider.Active(); len(f) != 0 {
		t.Errorf("faults still in force: %v", f)
	}
	again, _, _, err := plan.OpenRun(dir.Path)
	if err != nil {
		t.Fatal(err)
	}
	rejudged, err := judge.Rejudge(again, dir)
	if err != nil || len(rejudged.Altered) > 0 {
		t.Fatalf("judged again: %v, %v", rejudged.Altered, err)
	}
	if diff := cmp.Diff(v, rejudged.Verdicts[0]); diff != "" {
		t.Errorf("judged again it differs: %s", diff)
	}
	return v
}

func TestTrialVerdicts(t *testing.T) {
	crash := drivers.Death{Process: "bgpd", Exit: 139, Signal: "SIGSEGV"}
	for _, tt := range []struct {
		name   string
		yaml   string
		plan   plan.Options
		change func(*world)
		want   evidence.Verdict
		reason string // a part of it
	}{
		{name: "the symptom is there", yaml: stuck, want: evidence.Reproduced},
		{
			name: "the symptom is absent", yaml: stuck, want: evidence.NotReproduced, reason: `"down"`,
			change: func(w *world) { w.platform.ConfigureFn = nil },
		},
		{
			name: "the baseline never holds", yaml: stuck, want: evidence.Inconclusive, reason: `baseline "up" did not hold`,
			change: func(w *world) {
				w.platform.RunFn = func(_, _ string) (drivers.Exchange, error) { return drivers.Exchange{Output: "nothing"}, nil }
			},
		},
		{
			name: "the device refuses a line", yaml: stuck, want: evidence.Inconclusive, reason: "% Unknown command",
			change: func(w *world) {
				w.platform.ConfigureFn = func(_, _ string) (string, error) { return "% Unknown command", nil }
			},
		},
		{
			name: "the probe breaks after the stimulus", yaml: stuck, want: evidence.Inconclusive, reason: "unknown",
			change: func(w *world) {
				run := w.platform.RunFn
				w.platform.RunFn = func(n, l string) (drivers.Exchange, error) {
					if w.broken.Load() {
						return drivers.Exchange{}, drivers.ErrTimeout
					}
					return run(n, l)
				}
			},
		},
		{
			name: "the answer is cut", yaml: stuck, want: evidence.Inconclusive, reason: "cut",
			change: func(w *world) {
				run := w.platform.RunFn
				w.platform.RunFn = func(n, l string) (drivers.Exchange, error) {
					x, err := run(n, l)
					x.Truncated = w.broken.Load()
					return x, err
				}
			},
		},
		{
			name: "a node does not start", yaml: stuck, want: evidence.Inconclusive, reason: "r1 did not start: line 3",
			change: func(w *world) {
				w.platform.BootFn = func(node string) error {
					if node == "r1" {
						return errors.New("line 3: syntax error")
					}
					return nil
				}
			},
		},
		{
			name: "the lab cannot be built", yaml: stuck, want: evidence.Inconclusive, reason: "no space left",
			change: func(w *world) {
				w.provider.ReserveFn = func(context.Context, topologies.Topology, topologies.Options) error {
					return errors.New("no space left")
				}
			},
		},
		{
			name: "a node's container ends", yaml: stuck, want: evidence.Inconclusive, reason: "memory ran out",
			change: func(w *world) {
				w.provider.StateFn = func(node string) (topologies.NodeState, error) {
					return topologies.NodeState{Running: node != "r2" || !w.broken.Load(), Exit: 137, OOM: true}, nil
				}
			},
		},
		{
			name: "a node uses more than it may", yaml: stuck, want: evidence.Inconclusive, reason: "node r2 ended with status 137: it used 300MiB of memory, and may use 256MiB",
			change: func(w *world) {
				w.provider.StateFn = func(node string) (topologies.NodeState, error) {
					return topologies.NodeState{Running: node != "r2" || !w.broken.Load(), Exit: 137, Detail: "it used 300MiB of memory, and may use 256MiB"}, nil
				}
			},
		},
		{
			name: "another daemon dies although the symptom is there", yaml: stuck, want: evidence.Inconclusive, reason: "bgpd died (SIGSEGV)",
			change: func(w *world) { w.diesWhenBroken("r2", crash) },
		},
		{
			name: "the daemon dies that the symptom asks for", want: evidence.Reproduced,
			yaml:   head + "stimulus: [{node: r1, configure: [x]}]\nsymptom: [{name: crash, node: r1, core: bgpd, eventually: 200ms, every: 10ms}]\n",
			change: func(w *world) { w.diesWhenBroken("r1", crash) },
		},
		{
			name: "the daemon dies on another node", want: evidence.Inconclusive, reason: "another failure",
			yaml:   head + "stimulus: [{node: r1, configure: [x]}]\nsymptom: [{name: crash, node: r1, core: bgpd, eventually: 100ms, every: 10ms}]\n",
			change: func(w *world) { w.diesWhenBroken("r2", crash) },
		},
		{
			name: "the fault meets no frame", want: evidence.Inconclusive, reason: "did not fire",
			yaml:   head + "stimulus: [{link: 'r1:eth1', fault: drop}, {node: r1, configure: [x]}]\nsymptom: [{name: down, node: r1, run: s, expect: 'text contains \"down\"', eventually: 100ms, every: 10ms}]\n",
			change: func(w *world) { w.provider.FiredFn = func(topologies.Fault) uint64 { return 0 } },
		},
		{
			name: "the fault may miss", want: evidence.Reproduced,
			yaml:   head + "stimulus: [{link: 'r1:eth1', fault: drop, may-miss: true}, {node: r1, configure: [x]}]\nsymptom: [{name: down, node: r1, run: s, expect: 'text contains \"down\"', eventually: 100ms, every: 10ms}]\n",
			change: func(w *world) { w.provider.FiredFn = func(topologies.Fault) uint64 { return 0 } },
		},
		{
			name: "nobody can tell what the fault did, which may miss", want: evidence.Inconclusive, reason: "nobody knows what the fault stimulus[0] did: the counter is gone",
			yaml: head + "stimulus: [{link: 'r1:eth1', fault: drop, may-miss: true}, {node: r1, configure: [x]}]\nsymptom: [{name: down, node: r1, run: s, expect: 'text contains \"down\"', eventually: 100ms, every: 10ms}]\n",
			change: func(w *world) {
				w.provider.WitnessFn = func(topologies.Fault) error { return errors.New("the counter is gone") }
			},
		},
		{
			name: "a cable goes during the symptom", yaml: stuck, want: evidence.Inconclusive, reason: "the lab broke: the cable r1:eth1–r2:eth1 is gone",
			change: func(w *world) { w.loses("r1", "r2") },
		},
		{
			name: "a step takes the cable away", want: evidence.Reproduced,
			yaml:   head + "stimulus: [{node: r2, exec: 'ip link del dev eth1'}, {node: r1, configure: [x]}]\n" + isDown,
			change: func(w *world) { w.loses("r1", "r2") },
		},
		{
			name: "a step does something else to the interface", want: evidence.Inconclusive, reason: "the lab broke",
			yaml:   head + "stimulus: [{node: r2, exec: 'ip link del eth10; ip addr del 10.0.0.1/24 dev eth1; ip link set eth1 mtu 1300'}, {node: r1, configure: [x]}]\n" + isDown,
			change: func(w *world) { w.loses("r1", "r2") },
		},
		{
			name: "the control leaves out the step that takes the cable away", want: evidence.Inconclusive, reason: "the lab broke",
			yaml:   strings.Replace(head, "{set: {r1.image: other}}", "{without: [stimulus.0]}", 1) + "stimulus: [{node: r2, exec: 'ip link del dev eth1'}, {node: r1, configure: [x]}]\n" + isDown,
			plan:   plan.Options{Variant: evidence.VariantControl},
			change: func(w *world) { w.loses("r1", "r2") },
		},
		{
			name: "a node was started anew", yaml: stuck, want: evidence.Inconclusive, reason: "the lab broke: node r1 was started anew",
			change: func(w *world) {
				w.provider.ChangesFn = func() []topologies.Change {
					return []topologies.Change{{What: "node r1 was started anew", Ends: []topologies.Endpoint{{Node: "r1"}}}}
				}
			},
		},
		{
			name: "a wait-for that never holds", want: evidence.Inconclusive, reason: "waited in vain",
			yaml: head + "stimulus: [{wait-for: {node: r1, run: s, expect: 'text contains \"never\"', eventually: 50ms, every: 10ms}}]\nsymptom: [{name: down, node: r1, run: s, expect: 'text contains \"up\"', eventually: 100ms, every: 10ms}]\n",
		},
		{
			name: "compared with before", want: evidence.Reproduced,
			yaml: head + "stimulus: [{node: r1, configure: [x]}]\nsymptom: [{name: changed, node: r1, run: s, expect: 'text != before.text', eventually: 100ms, every: 10ms}]\n",
		},
		{
			name: "labs of containers cannot show it", want: evidence.NotApplicable, reason: "[vm hardware]",
			yaml: stuck + "fidelity: [vm, hardware]\n",
		},
		{
			name: "the platform lacks an ability", yaml: stuck, want: evidence.NotApplicable, reason: "not supported",
			change: func(w *world) {
				w.platform.ConfigureFn = func(_, _ string) (string, error) {
					return "", &drivers.OpError{Node: "r1", Op: "configure", Err: drivers.ErrUnsupported}
				}
			},
		},
		{
			name: "the kernel lacks an ability", want: evidence.NotApplicable, reason: "netem",
			yaml: stuck,
			change: func(w *world) {
				w.platform.ConfigureFn = func(_, _ string) (string, error) {
					return "", &topologies.MissingError{What: "kernel ability", Name: "netem"}
				}
			},
		},
		{
			name: "a lab whose kind is known once it is built", want: evidence.NotApplicable, reason: "[container]",
			yaml:   stuck + "fidelity: [container]\n",
			change: func(w *world) { w.provider.BuiltKind = topologies.KindVM },
		},
		{
			name: "a lab that could not be built", yaml: stuck, want: evidence.Inconclusive, reason: "the lab broke",
			change: func(w *world) {
				w.provider.ReserveFn = func(context.Context, topologies.Topology, topologies.Options) error {
					return &topologies.MissingError{What: "engine", Name: "docker"}
				}
			},
		},
		{
			name: "a lab whose kernel lacks a node's sysctl", yaml: stuck, want: evidence.NotApplicable, reason: "kernel ability sysctl net.mpls.platform_labels is missing",
			change: func(w *world) {
				w.provider.ReserveFn = func(context.Context, topologies.Topology, topologies.Options) error {
					return fmt.Errorf("start node r1: %w", &topologies.MissingError{What: topologies.KernelAbility, Name: "sysctl net.mpls.platform_labels"})
				}
			},
		},
		{
			name: "the kernel has no such interfaces", want: evidence.NotApplicable,
			reason: "interfaces of type vrf is missing; a machine has a kernel of its own, which has: reprise run fixture --set r1.image=reprise/guest:bookworm --set r2.image=reprise/guest:bookworm",
			yaml:   head + "stimulus: [{node: r1, exec: 'ip link add blue type vrf table 10'}]\n" + isDown,
			change: refusing("Error: Unknown device type.", "Error: Unknown device type."),
		},
		{
			name: "the kernel has no such interfaces, and the step may fail", want: evidence.NotApplicable, reason: "interfaces of type vrf is missing",
			yaml:   head + "stimulus: [{node: r1, exec: 'ip link add blue type vrf table 10', may-fail: true}]\n" + isDown,
			change: refusing("Error: Unknown device type.", "Error: Unknown device type."),
		},
		{
			name: "the kernel has no such interfaces, and the line goes on", want: evidence.NotApplicable, reason: "interfaces of type vrf is missing",
			yaml: head + "stimulus: [{node: r1, exec: 'ip link add blue type vrf table 10 || true'}]\n" + isDown,
			change: func(w *world) {
				refusing("Error: Unknown device type.", "Error: Unknown device type.")(w)
				shell := w.platform.ShellFn
				w.platform.ShellFn = func(node, line string) (drivers.Exchange, error) {
					x, err := shell(node, line)
					x.Exit = 0
					return x, err
				}
			},
		},
		{
			name: "the kernel has no such qdisc", want: evidence.NotApplicable, reason: "qdisc netem is missing",
			yaml:   head + "stimulus: [{node: r1, exec: 'set -e; tc qdisc add dev eth1 root netem delay 100ms'}]\n" + isDown,
			change: refusing("Error: Specified qdisc kind is unknown.", "Error: Specified qdisc kind is unknown."),
		},
		{
			name: "the kernel's bridges do not filter VLANs", want: evidence.NotApplicable, reason: "filtering of VLANs in bridges is missing",
			yaml:   head + "stimulus: [{node: r1, exec: 'bridge vlan add dev eth1 vid 5'}]\n" + isDown,
			change: refusing("RTNETLINK answers: Operation not supported", "RTNETLINK answers: Operation not supported"),
		},
		{
			name: "the kernel has no such tunnel", want: evidence.NotApplicable, reason: "interfaces of type ip6tnl is missing",
			yaml:   head + "stimulus: [{node: r1, exec: 'ip -6 tunnel add t mode ipip6 remote fd00::2'}]\n" + isDown,
			change: refusing("add tunnel \"ip6tnl0\" failed: No such device", "Error: Unknown device type."),
		},
		{
			name: "the kernel has no such classifier", want: evidence.NotApplicable, reason: "tc classifier flower is missing",
			yaml:   head + "stimulus: [{node: r1, exec: 'tc filter add dev eth1 ingress flower dst_ip 10.0.0.2 action drop'}]\n" + isDown,
			change: refusing("Error: TC classifier not found.", "Error: TC classifier not found."),
		},
		{
			name: "the kernel has no such action", want: evidence.NotApplicable, reason: "tc action mirred is missing",
			yaml:   head + "stimulus: [{node: r1, exec: 'tc filter add dev eth1 ingress matchall action mirred egress redirect dev lo'}]\n" + isDown,
			change: refusing("Error: Failed to load TC action module.", "Error: TC classifier not found.\nError: Failed to load TC action module."),
		},
		{
			name: "the kernel has no such encapsulation", want: evidence.NotApplicable, reason: "routes with encapsulation mpls is missing",
			yaml:   head + "stimulus: [{node: r1, exec: 'ip route add 10.9.0.0/16 encap mpls 100 via 10.0.0.2'}]\n" + isDown,
			change: refusing("Error: lwt encapsulation type not supported.", "Error: lwt encapsulation type not supported."),
		},
		{
			name: "the kernel has no such keys", want: evidence.NotApplicable, reason: "keys net.mpls.* of sysctl is missing",
			yaml:   head + "stimulus: [{node: r1, exec: 'sysctl -w net.mpls.conf.eth1.input=1'}]\n" + isDown,
			change: refusing("sysctl: cannot stat /proc/sys/net/mpls/conf/eth1/input: No such file or directory", "ls: cannot access '/proc/sys/net/mpls': No such file or directory"),
		},
		{
			name: "a key that is spelt wrong", want: evidence.Inconclusive, reason: "cannot stat",
			yaml:   head + "stimulus: [{node: r1, exec: 'sysctl -w net.ipv4.ip_fowrard=1'}]\n" + isDown,
			change: refusing("sysctl: cannot stat /proc/sys/net/ipv4/ip_fowrard: No such file or directory", "No such file or directory"),
		},
		{
			name: "a module that is not there, nor what it brings", want: evidence.NotApplicable, reason: "interfaces of type bond is missing",
			yaml:   head + "stimulus: [{node: r1, exec: 'modprobe bonding', may-fail: true}]\n" + isDown,
			change: refusing("modprobe: FATAL: Module bonding not found in directory /lib/modules/6.1.0", "Error: Unknown device type."),
		},
		{
			name: "the kernel has it and the command is wrong", want: evidence.Inconclusive, reason: "not supported",
			yaml:   head + "stimulus: [{node: r1, exec: 'ip link add blue type vrf table 10'}]\n" + isDown,
			change: refusing("RTNETLINK answers: Operation not supported", "Error: argument \"table\" is required"),
		},
		{
			name: "a type that no kernel has", want: evidence.Inconclusive, reason: "Unknown device type",
			yaml:   head + "stimulus: [{node: r1, exec: 'ip link add blue type vfr table 10'}]\n" + isDown,
			change: refusing("Error: Unknown device type.", "Error: Unknown device type."),
		},
		{
			name: "there before already", want: evidence.Inconclusive, reason: "before the stimulus already",
			yaml: head + "stimulus: [{node: r1, run: x}]\nsymptom: [{name: up, node: r1, run: s, expect: 'text contains \"state\"', eventually: 100ms, every: 10ms}]\n",
		},
		{
			name: "there before already, which is meant", want: evidence.Reproduced,
			yaml: head + "stimulus: [{node: r1, run: x}]\nsymptom: [{name: up, node: r1, run: s, expect: 'text contains \"state\"', eventually: 100ms, every: 10ms, may-hold-before: true}]\n",
		},
		{
			name: "a link flaps", want: evidence.NotReproduced,
			yaml: head + "stimulus: [{link: 'r1:eth1', fault: flap, times: 2, for: 10ms, every: 10ms}, {link: 'r1:eth1', fault: down}, {link: 'r1:eth1', fault: up}]\nsymptom: [{name: down, node: r1, run: s, expect: 'text contains \"down\"', eventually: 50ms, every: 10ms}]\n",
		},
		{
			name: "up of a fault that is over", want: evidence.Inconclusive, reason: "no fault is in force",
			yaml: head + "stimulus: [{link: 'r1:eth1', fault: down, for: 10ms, background: true}, {hold: 50ms, why: it ends}, {link: 'r1:eth1', fault: up}]\nsymptom: [{name: down, node: r1, run: s, expect: 'text contains \"down\"', eventually: 50ms, every: 10ms}]\n",
		},
		{
			name: "a log line since the stimulus", want: evidence.Reproduced,
			yaml: head + "stimulus: [{node: r1, configure: [x]}]\nsymptom: [{name: logged, node: r1, log: 'went (down|away)', expect: 'count == 1', eventually: 100ms, every: 10ms}]\n",
			change: func(w *world) {
				w.platform.LogFn = func(string) string {
					if w.broken.Load() {
						return "it went down\nit went away\n"
					}
					return "it went down\n"
				}
			},
		},
		{
			name: "the workaround helps", want: evidence.Reproduced,
			yaml: stuck + "workaround: {steps: [{node: r1, run: repair}], expect: [{name: up, same-as: baseline}]}\n",
			change: func(w *world) {
				run := w.platform.RunFn
				w.platform.RunFn = func(n, l string) (drivers.Exchange, error) {
					if l == "repair" {
						w.broken.Store(false)
					}
					return run(n, l)
				}
			},
		},
		{
			name: "the workaround helps, whose steps take longer than its window", want: evidence.Reproduced,
			yaml: stuck + "workaround: {steps: [{node: r1, run: repair}, {hold: 4s, why: it takes a while}], expect: [{name: up, node: r1, run: show state, expect: 'text contains \"up\"', eventually: 2s, every: 100ms}]}\n",
			change: func(w *world) {
				run := w.platform.RunFn
				w.platform.RunFn = func(n, l string) (drivers.Exchange, error) {
					if l == "repair" {
						w.broken.Store(false)
					}
					return run(n, l)
				}
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				if tt.change != nil {
					tt.change(w)
				}
				v := w.trial(t, t.Context(), planOf(t, tt.yaml, tt.plan))
				if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) {
					t.Errorf("got %s (%s), want %s (…%s…)", v.Verdict, v.Reason, tt.want, tt.reason)
				}
				if strings.Contains(tt.name, "workaround") && !cmp.Equal(v.Notes, []string{"workaround: what it must bring about held after it; whether it is the reason, trials without it tell (reprise verify-fix --workaround)"}) {
					t.Errorf("notes %q", v.Notes)
				}
			})
		})
	}
}

// A record of older rules is judged by those, and shown under today's beside them.
func TestRejudgeOlderRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		p := planOf(t, head+"stimulus: [{node: r1, run: x}]\nsymptom: [{name: up, node: r1, run: s, expect: 'text contains \"state\"', eventually: 100ms, every: 10ms}]\n", plan.Options{Trials: 1})
		dir, err := trial.CreateRun(t.Context(), p, t.TempDir(), &w.provider, evidence.Tool{Name: "test"})
		if err != nil {
			t.Fatal(err)
		}
		lab := trial.NewLab(p, trial.Environment{Provider: &w.provider, Registry: w.platform.Registry(), Dir: dir}, 1)
		tr, err := lab.Begin(1)
		if err != nil {
			t.Fatal(err)
		}
		tr.Execute(t.Context())
		v, err := tr.Finish(t.Context())
		if err = errors.Join(err, lab.Close(t.Context())); err != nil {
			t.Fatal(err)
		}
		if v.Verdict != evidence.Inconclusive || v.Rules != evidence.CurrentRules {
			t.Fatalf("it is %s by rules %q", v.Verdict, v.Rules)
		}
		// As a program of before left it: no rules are named, and the verdict is theirs.
		var info evidence.RunInfo
		if err := evidence.ReadJSON(dir.File("run.json"), &info); err != nil {
			t.Fatal(err)
		}
		info.Rules, v.Rules, v.Verdict, v.Reason = "", "", evidence.Reproduced, ""
		if err := errors.Join(evidence.WriteJSON(dir.File("run.json"), info), evidence.WriteJSON(dir.Trial(1).File("verdict.json"), v)); err != nil {
			t.Fatal(err)
		}
		old, _, _, err := plan.OpenRun(dir.Path)
		if err != nil {
			t.Fatal(err)
		}
		again, err := judge.Rejudge(old, dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(again.Altered) > 0 || again.Rules != evidence.RulesV1 || again.Verdicts[0].Verdict != evidence.Reproduced {
			t.Errorf("by its own rules %s: %v, altered %v", again.Rules, again.Verdicts, again.Altered)
		}
		if len(again.Today) != 1 || again.Today[0].Again != evidence.Inconclusive || again.CombineToday(1, evidence.Reproduced).Verdict != evidence.Inconclusive {
			t.Errorf("by today's: %v", again.Today)
		}
	})
}

// loses takes the cable between two nodes away once the world is broken.
func (w *world) loses(a, b string) {
	w.provider.ChangesFn = func() []topologies.Change {
		if !w.broken.Load() {
			return nil
		}
		return []topologies.Change{{
			What:  "the cable " + a + ":eth1–" + b + ":eth1 is gone from " + a + ":eth1",
			Ends:  []topologies.Endpoint{{Node: a, Interface: "eth1"}, {Node: b, Interface: "eth1"}},
			Deeds: []string{"link del", "link delete", "link netns"},
		}}
	}
}

func (w *world) diesWhenBroken(where string, d drivers.Death) {
	w.platform.DeathsFn = func(node string) ([]drivers.Death, error) {
		if node == where && w.broken.Load() {
			return []drivers.Death{d}, nil
		}
		return nil, nil
	}
}

func TestTrialInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		ctx, cancel := context.WithCancelCause(t.Context())
		w.platform.ConfigureFn = func(_, _ string) (string, error) {
			cancel(errors.New("the operator left"))
			return "", nil
		}
		v := w.trial(t, ctx, planOf(t, stuck, plan.Options{}))
		if v.Verdict != evidence.Inconclusive || !strings.Contains(v.Reason, "the operator left") {
			t.Errorf("got %s (%s)", v.Verdict, v.Reason)
		}
	})
}

// A trial that is killed leaves a record without an end: it judges as inconclusive
// wherever it is cut.
func TestJudgeCutRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		p := planOf(t, stuck, plan.Options{})
		dir, err := trial.CreateRun(t.Context(), p, t.TempDir(), &w.provider, evidence.Tool{})
		if err != nil {
			t.Fatal(err)
		}
		lab := trial.NewLab(p, trial.Environment{Provider: &w.provider, Registry: w.platform.Registry(), Dir: dir}, 1)
		tr, err := lab.Begin(1)
		if err != nil {
			t.Fatal(err)
		}
		tr.Execute(t.Context())
		if v, err := tr.Finish(t.Context()); err != nil || v.Verdict != evidence.Reproduced {
			t.Fatalf("the whole trial: %v, %v", v, err)
		}
		record, err := dir.Trial(1).Read()
		if err != nil {
			t.Fatal(err)
		}
		for n := range record.Events {
			if e := record.Events[n]; n > 0 && record.Events[n-1].Kind == evidence.EventPhaseEnd && record.Events[n-1].Phase == evidence.PhaseCollect {
				t.Logf("whole from %s %s on", e.Kind, e.Phase)
				break
			}
			last := time.Duration(-1)
			if n > 0 {
				last = record.Events[n-1].At
			}
			cut := evidence.Record{Events: record.Events[:n]}
			for _, o := range record.Observations {
				if o.At+o.Took <= last {
					cut.Observations = append(cut.Observations, o)
				}
			}
			if v := judge.Judge(p, 1, cut); v.Verdict != evidence.Inconclusive {
				t.Errorf("cut before event %d (%s %s): %s", n, record.Events[n].Kind, record.Events[n].Phase, v.Verdict)
			}
		}
	})
}

func TestCombine(t *testing.T) {
	trials := func(words string) []evidence.TrialVerdict {
		var out []evidence.TrialVerdict
		for _, w := range words {
			v := evidence.TrialVerdict{Trial: len(out) + 1}
			switch w {
			case 'r':
				v.Verdict = evidence.Reproduced
			case 'n':
				v.Verdict = evidence.NotReproduced
			case 'i':
				v.Verdict = evidence.Inconclusive
			case 'a':
				v.Verdict = evidence.NotApplicable
			case 'x':
				v.Verdict, v.OtherFailures = evidence.Inconclusive, []string{"r1: bgpd died"}
			}
			out = append(out, v)
		}
		return out
	}
	for _, tt := range []struct {
		words   string
		planned int
		want    evidence.Verdict
	}{
		{"rrr", 3, evidence.Reproduced},
		{"nnr", 3, evidence.Reproduced},
		{"nnn", 3, evidence.NotReproduced},
		{"nni", 3, evidence.NotReproduced},
		{"nii", 3, evidence.Inconclusive},
		{"nni", 6, evidence.Inconclusive}, // the run was broken off
		{"nnx", 3, evidence.Inconclusive},
		{"aaa", 3, evidence.NotApplicable},
		{"", 3, evidence.Inconclusive},
	} {
		if v, rate := judge.Combine(trials(tt.words), tt.planned, evidence.Reproduced); v.Verdict != tt.want || rate.Valid != v.Valid() {
			t.Errorf("%q of %d: %s, want %s", tt.words, tt.planned, v.Verdict, tt.want)
		}
	}
}

func TestDropReachesTheLab(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		var got topologies.Fault
		w.provider.FiredFn = func(f topologies.Fault) uint64 {
			got = f
			return 1
		}
		w.provider.DropsBy = topologies.DropByNFT
		w.trial(t, t.Context(), planOf(t, head+"stimulus: [{link: 'r2:eth1', fault: drop, direction: both, match: {proto: udp}, probability: 0.5}, {node: r1, configure: [x]}]\n"+isDown, plan.Options{}))
		want := topologies.Fault{
			Kind: topologies.FaultDrop, Endpoint: topologies.Endpoint{Node: "r2", Interface: "eth1"}, Direction: topologies.DirectionBoth,
			Match: topologies.FrameMatch{Proto: "udp"}, Probability: 0.5,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		record, err := w.dir.Trial(1).Read()
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(record.Events, func(e evidence.Event) bool { return e.Kind == evidence.EventFault }); i < 0 || record.Events[i].Detail != "frames are dropped by nftables" {
			t.Errorf("the record does not tell what dropped frames: %+v", record.Events)
		}
	})
}
