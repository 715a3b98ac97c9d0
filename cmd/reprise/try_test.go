package main

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/labs"
	"github.com/reprise-lab/reprise/harness/draft"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// TestFaultTry tries faults on a link: what each did to a frame, and what the witness at the far side saw of it,
// is told, and a try that is interrupted tells what was done until then.
func TestFaultTry(t *testing.T) {
	livetest.Long(t, "labs of namespaces")
	needLab(t)
	needSpaces(t)
	t.Parallel()
	busyLabs <- struct{}{}
	defer func() { <-busyLabs }()
	try := func(t *testing.T, interrupt bool, step string, more ...string) (got result.Tried, code int) {
		t.Helper()
		runs := t.TempDir()
		c := exec.Command(os.Args[0], append([]string{"fault", "try", "ospf-lost-ls-update", step, "--provider", "namespaces", "--dir", runs, "-q", "--json"}, more...)...)
		c.Args[0] = "reprise"
		var out strings.Builder
		c.Stdout, c.Stderr = &out, os.Stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		for begun := !interrupt; !begun; {
			select {
			case <-t.Context().Done():
				t.Fatal(t.Context().Err())
			case <-time.After(50 * time.Millisecond):
			}
			files, _ := filepath.Glob(filepath.Join(runs, "*", "trials", "0001", "timeline.ndjson"))
			for _, file := range files {
				for e, err := range evidence.ReadLines[evidence.Event](file) {
					begun = begun || err == nil && e.Kind == evidence.EventFault
				}
			}
			if begun {
				if err := c.Process.Signal(os.Interrupt); err != nil {
					t.Fatal(err)
				}
			}
		}
		if exit, ended := errors.AsType[*exec.ExitError](c.Wait()); ended {
			code = exit.ExitCode()
		}
		if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
			t.Fatalf("%v: %s", err, out.String())
		}
		return got, code
	}
	for _, tt := range []struct {
		name, step string
		arrives    int
		least      time.Duration
	}{
		{"drop", `{link: "r1:eth1", fault: drop, match: {proto: ospf, type: hello}}`, 0, 0},
		{"delay", `{link: "r1:eth1", fault: delay, delay: 200ms, match: {proto: ospf}}`, 1, 150 * time.Millisecond},
		{"duplicate", `{link: "r1:eth1", fault: duplicate, match: {proto: ospf}}`, 2, 0},
		{"corrupt", `{link: "r1:eth1", fault: corrupt, offset: 40, match: {proto: ospf}}`, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, code := try(t, false, tt.step, "--for", "5s")
			for range realTries - 1 { // of a machine that is too busy to send frames on in time
				if got.Outcome != result.Inconclusive {
					break
				}
				t.Log(got.Answer)
				got, code = try(t, false, tt.step, "--for", "5s")
			}
			if code != 0 || got.Outcome != result.Yes || len(got.Frames) == 0 || got.Ended.Sub(*got.Began) < 5*time.Second {
				t.Fatalf("status %d: %+v", code, got)
			}
			f := got.Frames[0]
			if f.To != "r1:eth1" || !strings.HasPrefix(f.Summary, "OSPF hello") || len(f.Arrived) != tt.arrives || f.Arrived == nil || tt.arrives > 0 && f.Arrived[0] < tt.least {
				t.Errorf("%+v", f)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		if got, code := try(t, false, `{link: "r1:eth1", fault: drop, filter: udp port 9}`, "--for", "1s"); code != 1 || got.Outcome != result.No || len(got.Frames) != 0 {
			t.Errorf("status %d: %+v", code, got)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		got, code := try(t, true, `{link: "r1:eth1", fault: down}`, "--for", "10m")
		if code != 130 || got.Began == nil || got.Ended == nil || got.Did != nil || !strings.HasPrefix(got.Answer, "interrupted, and taken back") {
			t.Errorf("status %d: %+v", code, got)
		}
	})
}

// TestFaultTryKept tries faults in a lab that is up: what each did is told, one try at a time has the lab, and a try that is
// interrupted, or killed, leaves nothing behind.
func TestFaultTryKept(t *testing.T) {
	livetest.Long(t, "a lab of namespaces")
	needLab(t)
	needSpaces(t)
	t.Parallel()
	busyLabs <- struct{}{}
	defer func() { <-busyLabs }()
	dir := t.TempDir()
	file, tries := filepath.Join(dir, "kept.clab.yml"), filepath.Join(dir, "tries")
	name := fmt.Sprintf("kept-%d", os.Getpid())
	text := "name: " + name + `
topology:
  nodes: {a: {kind: linux, image: "reprise/debian:bookworm"}, b: {kind: linux, image: "reprise/debian:bookworm"}}
  links: [{type: veth, endpoints: [{node: a, interface: eth1, ipv4: 10.0.0.1/24}, {node: b, interface: eth1, ipv4: 10.0.0.2/24}]}]
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	program := func(args ...string) *exec.Cmd {
		c := exec.Command(os.Args[0], args...)
		c.Args[0], c.Stderr = "reprise", os.Stderr
		return c
	}
	t.Cleanup(func() { _ = program("topology", "down", file).Run() })
	out, err := program("topology", "up", file, "--provider", "namespaces", "--json").Output()
	var enter map[string]string
	if err = errors.Join(err, json.Unmarshal(out, &enter)); err != nil {
		t.Fatal(err)
	}
	inA := func(command string) *exec.Cmd {
		return exec.Command("sh", "-c", "exec "+strings.TrimSuffix(enter["a"], " bash")+" "+command)
	}
	if out, err := exec.Command("sh", "-c", "exec "+enter["a"]+" -c pwd").CombinedOutput(); err != nil || string(out) != "/\n" {
		t.Errorf("a shell begins with %q: %v", out, err)
	}
	other := filepath.Join(dir, "other.clab.yml")
	if err := os.WriteFile(other, []byte(strings.NewReplacer("a: {", "c: {", "node: a", "node: c").Replace(text)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		status int
		words  string
		args   []string
	}{
		{6, "a lab named " + name + " is up, built of " + file + ": take it down first (reprise topology down " + file + ")", []string{"topology", "up", file, "--provider", "namespaces"}},
		{4, "was built of " + file + ", and not of " + other + ": ", []string{"topology", "down", other}},
		{4, "was built of " + file + ", and not of " + other + ": ", []string{"fault", "try", other, `{link: "c:eth1", fault: drop}`, "--dir", tries}},
	} {
		c := program(append(tt.args, "-q")...)
		c.Stderr = nil
		if said, _ := c.CombinedOutput(); c.ProcessState.ExitCode() != tt.status || !strings.Contains(string(said), tt.words) {
			t.Errorf("%v: status %d: %s", tt.args, c.ProcessState.ExitCode(), said)
		}
	}
	ping := inA("ping -n -q -i 0.1 10.0.0.2")
	if err := ping.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ping.Process.Kill(); _ = ping.Wait() }()
	try := func(step string, more ...string) (got result.Tried, code int) {
		t.Helper()
		c := program(append([]string{"fault", "try", file, step, "--dir", tries, "-q", "--json"}, more...)...)
		out, err := c.Output()
		if exit, ended := errors.AsType[*exec.ExitError](err); ended {
			code = exit.ExitCode()
		}
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return got, code
	}
	refused := func(why string, status int, words string) {
		t.Helper()
		c := program("fault", "try", file, `{link: "a:eth1", fault: drop, match: {proto: icmp}}`, "--dir", tries, "-q", "--for", "1s")
		c.Stderr = nil
		if said, _ := c.CombinedOutput(); c.ProcessState.ExitCode() != status || !strings.Contains(string(said), words) {
			t.Errorf("%s: status %d: %s", why, c.ProcessState.ExitCode(), said)
		}
	}
	// begin starts a try that lasts, and waits until its fault is in force: its captures are there, and the link is down.
	begin := func() *exec.Cmd {
		t.Helper()
		c := program("fault", "try", file, `{link: "a:eth1", fault: down}`, "--dir", tries, "-q", "--for", "10m")
		c.Stderr = nil
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Process.Kill() })
		topologiestest.Eventually(t, "the link is down", func() bool { return !up(t, inA) })
		return c
	}
	for _, tt := range []struct {
		step    string
		arrives int
		least   time.Duration
	}{
		{`{link: "a:eth1", fault: drop, match: {proto: icmp}}`, 0, 0},
		{`{link: "b:eth1", fault: delay, delay: 50ms, match: {proto: icmp}}`, 1, 40 * time.Millisecond},
	} {
		got, code := try(tt.step, "--for", "1s")
		if code != 0 || got.Outcome != result.Yes || len(got.Frames) == 0 || got.Did == nil {
			t.Fatalf("%s: status %d: %+v", tt.step, code, got)
		}
		if f := got.Frames[0]; len(f.Arrived) != tt.arrives || f.Arrived == nil || tt.arrives > 0 && f.Arrived[0] < tt.least {
			t.Errorf("%s: %+v", tt.step, f)
		}
	}
	if got, code := try(`{link: "a:eth1", fault: drop, filter: udp port 9}`, "--for", "100ms"); code != 1 || got.Outcome != result.No {
		t.Errorf("what meets no frame: status %d: %+v", code, got)
	}
	// Who interrupts a try, or kills it, has the link back.
	long := begin()
	refused("beside another try", 6, "somebody else is attached")
	if err := long.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _ = long.Wait(); long.ProcessState.ExitCode() != 130 {
		t.Errorf("interrupted: status %d", long.ProcessState.ExitCode())
	}
	topologiestest.Eventually(t, "the link is up", func() bool { return up(t, inA) })
	// Nobody has the lab before what takes the fault back is done, however long that takes.
	long = begin()
	guard := guardOf(t, long)
	if err := errors.Join(syscall.Kill(guard, syscall.SIGSTOP), long.Process.Kill()); err != nil {
		t.Fatal(err)
	}
	_ = long.Wait()
	refused("before a fault is taken back", 6, "takes back the fault of a try that was killed")
	if err := syscall.Kill(guard, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	topologiestest.Eventually(t, "the link is up again", func() bool { return up(t, inA) })
	topologiestest.Eventually(t, "it is told", func() bool {
		files, _ := filepath.Glob(filepath.Join(tries, "*", "taken-back.json"))
		return len(files) == 1
	})
	if got, code := try(`{link: "a:eth1", fault: drop, match: {proto: icmp}}`, "--for", "1s"); code != 0 || got.Outcome != result.Yes {
		t.Errorf("after one that was killed: status %d: %+v", code, got)
	}
	// A link that was never taken down is not touched.
	flaps := func() (n string) {
		t.Helper()
		out, err := inA("cat /sys/class/net/eth1/carrier_changes").Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	before := flaps()
	if said, err := healFor(t, program(labs.HealVerb), file, cli.HandRun(name), tries, false); err != nil || said.Error != "" {
		t.Errorf("take back what is not there: %v, %+v", err, said)
	}
	if after := flaps(); after != before {
		t.Errorf("a healthy link had %s changes of its carrier, and has %s", before, after)
	}
	// A cable is laid anew, and what people have set at its end is told; one that was pulled, and not put back, is laid.
	ends := func() string {
		t.Helper()
		out, err := inA("ip -o link show eth1").Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	if err := inA("ip address add 192.0.2.1/32 dev eth1").Run(); err != nil {
		t.Fatal(err)
	}
	was := ends()
	if got, code := try(`{link: "a:eth1", fault: replug}`); code != 0 || got.Outcome != result.Yes || strings.Join(got.Lost, ", ") != "192.0.2.1/32 of a:eth1" {
		t.Errorf("replug: status %d: %+v", code, got)
	}
	if ends() == was {
		t.Errorf("the interface is the one that was there: %s", was)
	}
	if got, code := try(`{link: "a:eth1", fault: drop, match: {proto: icmp}}`, "--for", "1s"); code != 0 || got.Outcome != result.Yes {
		t.Errorf("after a replug: status %d: %+v", code, got)
	}
	if err := inA("ip link delete eth1").Run(); err != nil {
		t.Fatal(err)
	}
	if said, err := healFor(t, program(labs.HealVerb), file, cli.HandRun(name), tries, true); err != nil || said.Error != "" || !up(t, inA) {
		t.Errorf("lay a cable that was pulled: %v, %+v", err, said)
	}
	if err := errors.Join(inA("ip address add 192.0.2.1/32 dev eth1").Run(), inA("ip link set eth1 down").Run()); err != nil {
		t.Fatal(err)
	}
	if said, err := healFor(t, program(labs.HealVerb), file, cli.HandRun(name), tries, true); err != nil || strings.Join(said.Lost, ", ") != "192.0.2.1/32 of a:eth1" || !up(t, inA) {
		t.Errorf("lay a cable whose end is down: %v, %+v", err, said)
	}
	before = ends()
	if said, err := healFor(t, program(labs.HealVerb), file, cli.HandRun(name), tries, true); err != nil || said.Error != "" || ends() != before {
		t.Errorf("a cable that is there was laid anew: %v, %+v: %s, before %s", err, said, ends(), before)
	}
	// Where all that a try had started is killed too, its link stays down, which the next does not take for its own doing.
	long = begin()
	if err := errors.Join(syscall.Kill(guardOf(t, long), syscall.SIGKILL), long.Process.Kill()); err != nil {
		t.Fatal(err)
	}
	_ = long.Wait()
	refused("on a link that is down", 2, "the link is down at a:eth1 before anything is put in")
	if err := inA("ip link set eth1 up").Run(); err != nil {
		t.Fatal(err)
	}
	if got, code := try(`{link: "a:eth1", fault: drop, match: {proto: icmp}}`, "--for", "1s"); code != 0 || got.Outcome != result.Yes {
		t.Errorf("after it was brought up: status %d: %+v", code, got)
	}
	if err := program("topology", "down", file).Run(); err != nil {
		t.Error(err)
	}
	refused("without a lab", 4, "has no lab that is kept and found again")
}

// TestFaultTryKeptRun tries faults in the labs of a run that has left two up: in that which is said.
func TestFaultTryKeptRun(t *testing.T) {
	livetest.Long(t, "two labs of namespaces")
	needLab(t)
	needSpaces(t)
	t.Parallel()
	busyLabs <- struct{}{}
	defer func() { <-busyLabs }()
	dir := t.TempDir()
	file, runs, tries := filepath.Join(dir, "scenario.yaml"), filepath.Join(dir, "runs"), filepath.Join(dir, "tries")
	const text = `reprise: v1
id: two-kept
title: Two labs that are kept
topology:
  nodes: {a: {kind: linux, image: "reprise/debian:bookworm"}, b: {kind: linux, image: "reprise/debian:bookworm"}}
  links: [{type: veth, endpoints: [{node: a, interface: eth1, ipv4: 10.0.0.1/24}, {node: b, interface: eth1, ipv4: 10.0.0.2/24}]}]
nodes: {a: {role: dut, platform: linux}, b: {role: peer, platform: linux}}
baseline: [{name: it reaches b, node: a, exec: ping -c 1 -W 1 10.0.0.2, expect: exit == 0, eventually: 10s}]
stimulus: [{node: a, exec: "true"}]
symptom: [{name: it does not, node: a, exec: ping -c 1 -W 1 10.0.0.2, expect: exit != 0, within: 2s, consistently: 1s}]
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	program := func(args ...string) (out, said string, code int) {
		c := exec.Command(os.Args[0], args...)
		var stdout, stderr strings.Builder
		c.Args[0], c.Stdout, c.Stderr = "reprise", &stdout, &stderr
		_ = c.Run()
		return stdout.String(), stderr.String(), c.ProcessState.ExitCode()
	}
	_, said, code := program("run", file, "--keep", "--trials", "2", "--labs", "2", "--provider", "namespaces", "--dir", runs)
	list, _ := filepath.Glob(filepath.Join(runs, "*"))
	if len(list) != 1 {
		t.Fatalf("status %d: %s", code, said)
	}
	run := filepath.Base(list[0])
	t.Cleanup(func() { program("gc", "--run", run) })
	if offered, said, _ := program("__complete", "fault", "try", file, "--run", ""); !strings.Contains(offered, run+"\tlabs 1 and 2\n") {
		t.Errorf("a shell is offered %q, %s", offered, said)
	}
	try := func(more ...string) (string, string, int) {
		return program(append([]string{"fault", "try", file, `{link: "a:eth1", fault: down}`, "--run", run, "--dir", tries, "--for", "100ms"}, more...)...)
	}
	if _, said, code := try(); code != 4 || !strings.Contains(said, "has labs 1 and 2: say which with --run-lab") {
		t.Errorf("of two labs none was said: status %d: %s", code, said)
	}
	if _, said, code := try("--run-lab", "3"); code != 4 || !strings.Contains(said, "has no lab 3 that is kept and found again: it has labs 1 and 2") {
		t.Errorf("one that is not there: status %d: %s", code, said)
	}
	if out, said, code := try("--run-lab", "2"); code != 0 || !strings.Contains(said, "into lab 2 of "+run) {
		t.Errorf("the second: status %d: %s%s", code, out, said)
	}
}

// guardOf is the process that takes the fault of a try back where the try is killed.
func guardOf(t *testing.T, try *exec.Cmd) int {
	t.Helper()
	out, err := exec.Command("pgrep", "-f", "-P", strconv.Itoa(try.Process.Pid), labs.HealVerb).Output()
	pid, bad := strconv.Atoi(strings.TrimSpace(string(out)))
	if err = errors.Join(err, bad); err != nil {
		t.Fatal(err)
	}
	return pid
}

// healFor has what takes faults back do so for a try of a down, or of a replug, that is gone.
func healFor(t *testing.T, heal *exec.Cmd, file, run, dir string, replug bool) (said labs.TakenBack, err error) {
	t.Helper()
	l, err := scenarios.LoadTopology(file, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var in bytes.Buffer
	a := cli.Attachment{Run: run, Number: 1, Topology: l.Topology, At: topologies.Endpoint{Node: "a", Interface: "eth1"}, Down: !replug, Replug: replug, Dir: dir}
	if err := gob.NewEncoder(&in).Encode(a); err != nil {
		t.Fatal(err)
	}
	heal.Stdin = &in
	err = heal.Run()
	data, rerr := os.ReadFile(filepath.Join(dir, "taken-back.json"))
	return said, errors.Join(err, rerr, json.Unmarshal(data, &said))
}

// up reports whether the link at a node is.
func up(t *testing.T, in func(command string) *exec.Cmd) bool {
	t.Helper()
	out, err := in("cat /sys/class/net/eth1/operstate").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out)) == "up"
}

// TestTryAggregate: a member that a switch's aggregate has lost comes back as a failure of the Open vSwitch that stands
// for it, of which the control is clean.
func TestTryAggregate(t *testing.T) {
	livetest.Long(t, "two labs of switches, with clocks ten times as fast")
	t.Parallel()
	needSpaces(t)
	busyLabs <- struct{}{}
	defer func() { <-busyLabs }()
	a, err := txtar.ParseFile("../../harness/draft/testdata/exos-lag.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	out := filepath.Join(dir, "draft")
	args := []string{"case", "draft", "--dir", out}
	for _, f := range a.Files {
		args = append(args, filepath.Join(dir, f.Name))
		if err := os.WriteFile(args[len(args)-1], f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var drafted draft.Draft
	ask(t, &drafted, args...)
	tries := tryLikeliest(t, out)
	if tries.Reproduced != "01-changes" {
		t.Errorf("%s: %+v", tries.Answer, tries.Tries)
	}
}

// tryLikeliest tries the likeliest hypothesis of a draft, as often as a busy machine is too slow for its clocks.
func tryLikeliest(t *testing.T, dir string) (tries draft.Tries) {
	t.Helper()
	for range longTries {
		tries = draft.Tries{}
		ask(t, &tries, "case", "try", dir, "--speed", "10", "--budget", "1s") // the likeliest alone
		if tries.Reproduced != "" || len(tries.Tries) > 0 && tries.Tries[0].Outcome != result.Inconclusive {
			break
		}
	}
	return tries
}
