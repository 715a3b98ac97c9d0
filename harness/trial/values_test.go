package trial_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
)

// once gives a scenario whose only symptom looks with a probe, as YAML.
func once(symptom string) string {
	return head + "stimulus: [{node: r1, configure: [break it]}]\nsymptom: [{name: s, node: r1, " + symptom + ", eventually: 60ms, every: 10ms}]\n"
}

// What is absent decides nothing: a failed command, a missing key, an empty table, a probe
// that could not be sent. Each case was reproduced once.
func TestAbsentIsInconclusive(t *testing.T) {
	before := drivers.Exchange{Output: "not yet"} // the symptom does not hold before the stimulus
	for _, tt := range []struct {
		name, symptom string
		answer        drivers.Exchange // of the command, after the stimulus
		want          evidence.Verdict
		reason        string
	}{
		{
			"a command that is not there", `exec: nosuchcmd, expect: 'not (text contains "not yet")'`,
			drivers.Exchange{Exit: 127, Output: "sh: 1: nosuchcmd: not found\n"},
			evidence.Inconclusive, "status 127: sh: 1: nosuchcmd: not found",
		},
		{
			"a line that the shell cannot read", `exec: 'echo "down', expect: 'exit != 0'`,
			drivers.Exchange{Exit: 2, Output: "sh: 1: eval: Syntax error: Unterminated quoted string\n"},
			evidence.Inconclusive, "a shell could not read what it was given, and has run nothing of it (status 2): sh: 1: eval: Syntax error: Unterminated quoted string",
		},
		{
			"and another shell", `exec: 'a )', exit: any, expect: 'not (text contains "not yet")'`,
			drivers.Exchange{Exit: 2, Output: "bash: -c: line 1: syntax error near unexpected token `)'\nbash: -c: line 1: `a )'\n"},
			evidence.Inconclusive, "bash: -c: line 1: syntax error near unexpected token",
		},
		{
			"a command that fails", `exec: ip rooute show, expect: 'not (text contains "not yet")'`,
			drivers.Exchange{Exit: 255, Output: "Object \"rooute\" is unknown\n"},
			evidence.Inconclusive, "status 255: Object",
		},
		{
			"a vtysh that fails", `exec: vtysh -c x, expect: 'not (text contains "not yet")'`,
			drivers.Exchange{Exit: 1, Output: "% Unknown command: x\n"},
			evidence.Inconclusive, "exit: [0, 1]",
		},
		{
			"a run that fails where there are statuses", `run: list-br, expect: 'not (text contains "not yet")'`,
			drivers.Exchange{Exit: 1, Output: "ovs-vsctl: no", Rejected: "ovs-vsctl: no"},
			evidence.Inconclusive, "status 1: ovs-vsctl: no",
		},
		{
			"a run that is refused where there are none", `run: show x, expect: 'not (text contains "not yet")'`,
			drivers.Exchange{Exit: drivers.NoExit, Output: "% Unknown", Rejected: "% Unknown"},
			evidence.Inconclusive, `"show x": % Unknown`,
		},
		{
			"a device's words for what is not there", `run: show vrf x, expect: 'not (text contains "not yet")'`,
			drivers.Exchange{Exit: drivers.NoExit, Output: "% VRF x not found\n"},
			evidence.Inconclusive, "what was asked about is not there: % VRF x not found",
		},
		{
			"and by a shell", `exec: vtysh -c x, expect: 'not (text contains "not yet")'`,
			drivers.Exchange{Output: "% BGP instance not found\n"},
			evidence.Inconclusive, "% BGP instance not found",
		},
		{
			"an expression that looks at those words", `run: show neighbor x, expect: 'text contains "No such neighbor"'`,
			drivers.Exchange{Exit: drivers.NoExit, Output: "% No such neighbor in this view/vrf\n"},
			evidence.Reproduced, "",
		},
		{
			"an expression that looks for them with a pattern", `run: show neighbor x, expect: 'text matches "^% No such"'`,
			drivers.Exchange{Exit: drivers.NoExit, Output: "% No such neighbor in this view/vrf\n"},
			evidence.Reproduced, "",
		},
		{
			"an expression that looks at the status alone", `exec: vtysh -c x, expect: 'exit == 0'`,
			drivers.Exchange{Output: "% BGP instance not found\n"},
			evidence.Inconclusive, "before the stimulus already",
		},
		{
			"a status that is named", `exec: grep -c x, expect: 'trim(text) == "0"', exit: [0, 1]`,
			drivers.Exchange{Exit: 1, Output: "0\n"},
			evidence.Reproduced, "",
		},
		{
			"a status that is not named", `exec: grep -c x, expect: 'trim(text) == "0"', exit: [0, 1]`,
			drivers.Exchange{Exit: 2, Output: "0\n"},
			evidence.Inconclusive, "which exit does not name (0, 1)",
		},
		{
			"an expression that looks at the status", `exec: test -e x, expect: 'exit == 1'`,
			drivers.Exchange{Exit: 1},
			evidence.Reproduced, "",
		},
		{
			"a run whose expression looks at the status", `run: br-exists x, expect: 'exit == 2'`,
			drivers.Exchange{Exit: 2, Rejected: "exit status 2"},
			evidence.Reproduced, "",
		},
		{
			"a pipeline from a command that is not there", `exec: nosuchcmd | grep -c x, expect: 'text contains "0"', exit: [0, 1]`,
			drivers.Exchange{Exit: 1, Output: "sh: 1: eval: nosuchcmd: not found\n0\n"},
			evidence.Inconclusive, "never run: sh: 1: eval: nosuchcmd: not found",
		},
		{
			"a list that goes on after a command that is not there", `exec: nosuchcmd; true, expect: 'not (text contains "not yet")'`,
			drivers.Exchange{Output: "bash: line 1: nosuchcmd: command not found\n"},
			evidence.Inconclusive, "never run: bash: line 1",
		},
		{"a key that is missing", `exec: x, expect: 'json.state != "Full"'`, drivers.Exchange{Output: "{}"}, evidence.Inconclusive, "absent: json.state"},
		{"an optional chain", `exec: x, expect: 'json?.a?.state != "Full"'`, drivers.Exchange{Output: "{}"}, evidence.Inconclusive, "absent: json"},
		{"all of nothing", `exec: x, expect: 'all(json, .state == "Down")'`, drivers.Exchange{Output: "[]"}, evidence.Inconclusive, "json is empty"},
		{"none of nothing", `exec: x, expect: 'none(json, .state == "Full")'`, drivers.Exchange{Output: "[]"}, evidence.Reproduced, ""},
		{
			"before, by another name", `exec: x, expect: 'let b = before; b.json?.x != json.y'`,
			drivers.Exchange{Output: `{"y": 1}`},
			evidence.Inconclusive, "not JSON",
		},
		{
			"before, by a command that failed", `exec: x, expect: 'before.text != text'`,
			drivers.Exchange{Output: "now", Command: "fails before"},
			evidence.Inconclusive, "before the stimulus: the command ended with status 3: broken",
		},
		{
			"a table that was not recognised", `exec: x, template: t.textfsm, expect: 'none(rows, .STATE == "up")'`,
			drivers.Exchange{Output: "nothing that it knows\n\n"},
			evidence.Inconclusive, "absent: rows",
		},
		{
			"a table without rows", `exec: x, template: t.textfsm, expect: 'none(rows, .STATE == "up")'`,
			drivers.Exchange{Output: "Port State\n"},
			evidence.Reproduced, "",
		},
		{
			"all rows of none", `exec: x, template: t.textfsm, expect: 'all(rows, .STATE == "down")'`,
			drivers.Exchange{Output: "Port State\n"},
			evidence.Inconclusive, "rows is empty",
		},
		{
			"a cell that the text does not have", `exec: x, template: t.textfsm, expect: 'any(rows, .STATE != "up")'`,
			drivers.Exchange{Output: "Port State\n1\n"},
			evidence.Inconclusive, "absent: .STATE",
		},
		{
			"no row, asked for", `exec: x, template: t.textfsm, expect: 'count == 0', may-hold-before: true`,
			drivers.Exchange{Output: "nothing that it knows\n"},
			evidence.Reproduced, "",
		},
		{
			"an address that is none", `reach: {ping: name.invalid}, expect: 'count == 0'`,
			drivers.Exchange{Exit: 2, Output: "ping: name.invalid: Name or service not known\n"},
			evidence.Inconclusive, "could not be sent: ping: name.invalid",
		},
		{
			"an interface that is none", `reach: {ping: 10.0.0.2, from: nosuchif}, expect: 'count == 0'`,
			drivers.Exchange{Exit: 2, Output: "ping: SO_BINDTODEVICE nosuchif: No such device\n"},
			evidence.Inconclusive, "could not be sent",
		},
		{
			"a source that is not ours", `reach: {ping: 10.0.0.2, from: 10.9.9.9}, expect: 'count == 0'`,
			drivers.Exchange{Exit: 2, Output: "ping: bind: Cannot assign requested address\n"},
			evidence.Inconclusive, "could not be sent",
		},
		{
			"a packet that was not taken", `reach: {ping: 10.0.0.2}, expect: 'count == 0'`,
			drivers.Exchange{Exit: 1, Output: "ping: sendmsg: Operation not permitted\n\n1 packets transmitted, 0 received, 100% packet loss, time 0ms\n"},
			evidence.Inconclusive, "Operation not permitted",
		},
		{
			"an address of one link, without it", `reach: {ping: "fe80::1"}, expect: 'count == 0'`,
			drivers.Exchange{Exit: 1, Output: "PING fe80::1(fe80::1) 56 data bytes\n\n--- fe80::1 ping statistics ---\n1 packets transmitted, 0 received, 100% packet loss, time 0ms\n"},
			evidence.Inconclusive, "no interface is named",
		},
		{
			"an address of one link, from an address", `reach: {ping: "ff02::1", from: "fe80::2"}, expect: 'count == 0'`,
			drivers.Exchange{Exit: 1, Output: "1 packets transmitted, 0 received, 100% packet loss, time 0ms\n"},
			evidence.Inconclusive, "no interface is named",
		},
		{
			"an address of one link, with it", `reach: {ping: "fe80::1%eth1"}, expect: 'count == 0'`,
			drivers.Exchange{Exit: 1, Output: "1 packets transmitted, 0 received, 100% packet loss, time 0ms\n"},
			evidence.Reproduced, "",
		},
		{
			"an address of one link, from an interface", `reach: {ping: "fe80::1", from: eth1}, expect: 'count == 0'`,
			drivers.Exchange{Exit: 1, Output: "1 packets transmitted, 0 received, 100% packet loss, time 0ms\n"},
			evidence.Reproduced, "",
		},
		{
			"a packet that is too long", `reach: {ping: 10.0.0.2}, expect: 'count == 0'`,
			drivers.Exchange{Exit: 1, Output: "ping: local error: message too long, mtu=68\n\n1 packets transmitted, 0 received, +1 errors, 100% packet loss, time 0ms\n"},
			evidence.Inconclusive, "message too long",
		},
		{
			"a packet that inetutils could not send", `reach: {ping: 10.0.0.2}, expect: 'count == 0'`,
			drivers.Exchange{Exit: 1, Output: "ping: sending packet: Invalid argument\n1 packets transmitted, 0 packets received, 100% packet loss\n"},
			evidence.Inconclusive, "Invalid argument",
		},
		{
			"a connection from an interface that is none", `reach: {tcp: "10.0.0.2:179", from: nosuchif}, expect: 'count == 0'`,
			drivers.Exchange{Output: "Traceback (most recent call last):\n  File \"<string>\", line 12, in <module>\nOSError: [Errno 19] No such device\nreprise: status 1\n"},
			evidence.Inconclusive, "No such device",
		},
		{
			"no ping at all", `reach: {ping: 10.0.0.2}, expect: 'count == 0'`,
			drivers.Exchange{Exit: 127, Output: "sh: 1: ping: not found\n"},
			evidence.Inconclusive, "could not be sent",
		},
		{
			"no answer", `reach: {ping: 10.0.0.2}, expect: 'count == 0'`,
			drivers.Exchange{Exit: 1, Output: "PING 10.0.0.2 (10.0.0.2) 56(84) bytes of data.\n\n--- 10.0.0.2 ping statistics ---\n1 packets transmitted, 0 received, 100% packet loss, time 0ms\n"},
			evidence.Reproduced, "",
		},
		{
			"no way there", `reach: {ping: 10.0.0.2}, expect: 'count == 0'`,
			drivers.Exchange{Exit: 2, Output: "ping: connect: Network is unreachable\n"},
			evidence.Reproduced, "",
		},
		{
			"nobody there", `reach: {ping: 10.0.0.2}, expect: 'count == 0'`,
			drivers.Exchange{Exit: 1, Output: "From 10.0.0.1 icmp_seq=1 Destination Host Unreachable\n\n1 packets transmitted, 0 received, +1 errors, 100% packet loss\n"},
			evidence.Reproduced, "",
		},
		{
			"a connection refused", `reach: {tcp: "10.0.0.2:179"}, expect: 'count == 0'`,
			drivers.Exchange{Output: "bash: connect: Connection refused\nbash: line 1: /dev/tcp/10.0.0.2/179: Connection refused\nreprise: status 1\n"},
			evidence.Reproduced, "",
		},
		{
			"a connection without an answer", `reach: {tcp: "10.0.0.2:179"}, expect: 'count == 0'`,
			drivers.Exchange{Output: "reprise: status 124\n"},
			evidence.Reproduced, "",
		},
		{
			"a connection made", `reach: {tcp: "10.0.0.2:179"}, expect: 'count == 1'`,
			drivers.Exchange{Output: "reprise: status 0\n"},
			evidence.Reproduced, "",
		},
		{
			"nothing to connect with", `reach: {tcp: "10.0.0.2:179"}, expect: 'count == 0'`,
			drivers.Exchange{Output: "reprise: neither bash nor python3 is there to connect with\n"},
			evidence.Inconclusive, "neither bash nor python3",
		},
		{
			"a name without an address", `reach: {tcp: "name.invalid:179"}, expect: 'count == 0'`,
			drivers.Exchange{Output: "reprise: the name name.invalid has no address here\n"},
			evidence.Inconclusive, "has no address",
		},
		{
			"a connection that could not be tried", `reach: {tcp: "10.0.0.2:179"}, expect: 'count == 0'`,
			drivers.Exchange{Output: "bash: line 1: /dev/tcp/10.0.0.2/179: No such file or directory\nreprise: status 1\n"},
			evidence.Inconclusive, "could not be tried",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				answer := func(_, line string) (drivers.Exchange, error) {
					switch {
					case line == "show state":
						return drivers.Exchange{Output: "state is up"}, nil
					case w.broken.Load():
						return tt.answer, nil
					case tt.answer.Command != "":
						return drivers.Exchange{Output: "broken", Exit: 3}, nil
					default:
						return before, nil
					}
				}
				w.platform.RunFn, w.platform.ShellFn = answer, answer
				p := planWith(t, once(tt.symptom), map[string]string{
					"t.textfsm": "Value Required PORT (\\d+)\nValue STATE (\\w+)\n\nStart\n  ^Port\\s+State\n  ^${PORT}(?:\\s+${STATE})?$$ -> Record\n  ^.*$$\n",
				}, plan.Options{})
				v := w.trial(t, t.Context(), p)
				if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) {
					t.Errorf("got %s (%s), want %s (…%s…)", v.Verdict, v.Reason, tt.want, tt.reason)
				}
			})
		})
	}
}

// The rules of before still give what they gave: a record that they judged is not altered.
func TestRulesV1Absent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, symptom := range []string{
			`exec: nosuchcmd, expect: 'not (text contains "not yet")'`,
			`exec: x, expect: 'json.state != "Full"'`,
			`exec: x, expect: '(json.peers ?? []) == []'`,
		} {
			w := newWorld()
			w.platform.ShellFn = func(string, string) (drivers.Exchange, error) {
				if w.broken.Load() {
					return drivers.Exchange{Output: "{}", Exit: 127}, nil
				}
				return drivers.Exchange{Output: "not yet"}, nil
			}
			p := planOf(t, once(symptom), plan.Options{})
			p.Rules = evidence.RulesV1
			if v := w.trial(t, t.Context(), p); v.Verdict != evidence.Reproduced {
				t.Errorf("%s: %s (%s)", symptom, v.Verdict, v.Reason)
			}
		}
	})
}

// A command that is not answered in time hangs; one that waits for its turn does not.
func TestHangs(t *testing.T) {
	waits := func(ctx context.Context, d time.Duration) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	for _, tt := range []struct {
		name  string
		after func(ctx context.Context, line string) error
		want  evidence.Verdict
		why   string
	}{
		{"it hangs", func(ctx context.Context, line string) error {
			if line == "show x" {
				return waits(ctx, time.Minute)
			}
			return nil
		}, evidence.Reproduced, ""},
		{"it is slow", func(ctx context.Context, _ string) error { return waits(ctx, 20*time.Millisecond) }, evidence.NotReproduced, ""},
		{"it fails", func(context.Context, string) error { return errors.New("connection reset") }, evidence.Inconclusive, "connection reset"},
		{"another command is slow", func(ctx context.Context, line string) error {
			if line == "show other" {
				return waits(ctx, 150*time.Millisecond)
			}
			return nil
		}, evidence.NotReproduced, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				turn := make(chan struct{}, 1) // a session takes one command at a time
				w.platform.RunCtxFn = func(ctx context.Context, _, line string) (drivers.Exchange, error) {
					select {
					case turn <- struct{}{}:
						defer func() { <-turn }()
					case <-ctx.Done():
						return drivers.Exchange{}, context.Cause(ctx)
					}
					if w.broken.Load() {
						if err := tt.after(ctx, line); err != nil {
							return drivers.Exchange{}, fmt.Errorf("r1: run: %w", err)
						}
					}
					return drivers.Exchange{Output: "state is up"}, nil
				}
				v := w.trial(t, t.Context(), planOf(t, head+`
stimulus: [{node: r1, configure: [break it]}]
symptom:
  - {name: it hangs, node: r1, run: show x, hangs: 50ms, within: 300ms, consistently: 200ms, every: 10ms}
  - {name: other, node: r1, run: show other, expect: 'text contains "up"', eventually: 1s, every: 10ms, may-hold-before: true}
`, plan.Options{}))
				if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.why) {
					t.Errorf("got %s (%s), want %s (…%s…)", v.Verdict, v.Reason, tt.want, tt.why)
				}
			})
		})
	}
}

// How long an answer took is a value.
func TestTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.platform.ShellFn = func(string, string) (drivers.Exchange, error) {
			if w.broken.Load() {
				return drivers.Exchange{Took: 1500 * time.Millisecond}, nil
			}
			return drivers.Exchange{Took: 100 * time.Millisecond}, nil
		}
		v := w.trial(t, t.Context(), planOf(t, strings.Replace(once(`exec: x, expect: 'took > 1 and took < 2 and before.took < 1'`), "eventually: 60ms", "eventually: 3s", 1), plan.Options{}))
		if v.Verdict != evidence.Reproduced {
			t.Errorf("%s (%s)", v.Verdict, v.Reason)
		}
	})
}

// A step that may fail has taken place where the node received it, whatever came of it.
func TestMayFail(t *testing.T) {
	for _, tt := range []struct {
		name, step string
		x          drivers.Exchange
		err        error
		want       evidence.Verdict
	}{
		{"a refusal", "run: kill it, may-fail: true", drivers.Exchange{Rejected: "% lost"}, nil, evidence.Reproduced},
		{"a refusal that may not be", "run: kill it", drivers.Exchange{Rejected: "% lost"}, nil, evidence.Inconclusive},
		{"words alone, where there are no statuses", "run: kill it", drivers.Exchange{Exit: drivers.NoExit, Output: "% BGP: Unknown neighbor"}, nil, evidence.Inconclusive},
		{"such words of what may fail", "run: kill it, may-fail: true", drivers.Exchange{Exit: drivers.NoExit, Output: "% BGP: Unknown neighbor"}, nil, evidence.Reproduced},
		{"words of another kind", "run: kill it", drivers.Exchange{Exit: drivers.NoExit, Output: "done"}, nil, evidence.Reproduced},
		{"a session that broke", "run: kill it, may-fail: true", drivers.Exchange{}, drivers.ErrClosed, evidence.Reproduced},
		{"no answer", "run: kill it, may-fail: true", drivers.Exchange{}, drivers.ErrTimeout, evidence.Reproduced},
		{"nobody there to ask", "run: kill it, may-fail: true", drivers.Exchange{}, drivers.ErrUnreachable, evidence.Inconclusive},
		{"a status", "exec: kill it, may-fail: true", drivers.Exchange{Exit: 3}, nil, evidence.Reproduced},
		{"a command that is not there", "exec: kill it, may-fail: true", drivers.Exchange{Exit: 127}, nil, evidence.Inconclusive},
		{"nothing failed", "run: kill it, may-fail: true", drivers.Exchange{}, nil, evidence.Reproduced},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				answer := func(_, line string) (drivers.Exchange, error) {
					switch {
					case line == "kill it":
						w.broken.Store(true)
						return tt.x, tt.err
					case w.broken.Load():
						return drivers.Exchange{Output: "state is down"}, nil
					default:
						return drivers.Exchange{Output: "state is up"}, nil
					}
				}
				w.platform.RunFn, w.platform.ShellFn = answer, answer
				v := w.trial(t, t.Context(), planOf(t, head+"stimulus: [{node: r1, "+tt.step+"}]\nsymptom: [{name: s, node: r1, run: show state, expect: 'text contains \"down\"', eventually: 60ms, every: 10ms}]\n", plan.Options{}))
				if v.Verdict != tt.want {
					t.Errorf("got %s (%s), want %s", v.Verdict, v.Reason, tt.want)
				}
			})
		})
	}
}

// A symptom that borrows from the baseline keeps what it says itself.
func TestBorrowedSymptom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for own, want := range map[string]evidence.Verdict{"": evidence.Inconclusive, ", may-hold-before: true": evidence.Reproduced} {
			w := newWorld()
			v := w.trial(t, t.Context(), planOf(t, head+"stimulus: [{node: r1, run: x}]\nsymptom: [{name: up, same-as: baseline"+own+"}]\n", plan.Options{}))
			if v.Verdict != want {
				t.Errorf("same-as%s: %s (%s), want %s", own, v.Verdict, v.Reason, want)
			}
		}
	})
}
