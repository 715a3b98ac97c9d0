package lab_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies/lab"
)

// childRole names, in the environment, the part that this test binary plays as a child.
const childRole = "REPRISE_LAB_TEST_CHILD"

func TestMain(m *testing.M) {
	if role := os.Getenv(childRole); role != "" {
		if err := child(role, os.Args[len(os.Args)-1], os.Stdin, os.Stdout); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child obeys the lines that it reads: reserve, keep, release. It answers each with one
// line. The role storm does all of it without being asked, until it is killed.
func child(role, file string, in io.Reader, out io.Writer) error {
	inv, err := lab.Load(file)
	if err != nil {
		return err
	}
	ctx := context.Background()
	l, err := lab.Open(ctx, inv, lab.Settings{Owner: role})
	if err != nil {
		return err
	}
	order := lab.Order{Request: lab.RequestDevices("sw1"), Purpose: role}
	fmt.Fprintln(out, "ready")
	for role == "storm" {
		h, err := l.Reserve(ctx, order)
		if err != nil {
			return err
		}
		if err := h.Release(ctx); err != nil {
			return err
		}
	}
	var h *lab.Hold
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		switch lines.Text() {
		case "reserve":
			h, err = l.Reserve(ctx, order)
			if _, ok := errors.AsType[*lab.BusyError](err); ok {
				fmt.Fprintln(out, "busy")
				continue
			}
		case "keep":
			err = h.Keep(ctx, "sw1", "a", restorePoint())
		case "release":
			err = h.Release(ctx)
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(out, "done")
	}
	return nil
}

type process struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Reader
}

func start(t *testing.T, inv *lab.Inventory, role string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, inv.File)
	cmd.Env = append(os.Environ(), childRole+"="+role)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	p := &process{cmd, in, bufio.NewReader(out)}
	if got := p.answer(t); got != "ready" {
		t.Fatalf("child %s: %s", role, got)
	}
	return p
}

func (p *process) tell(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

func (p *process) answer(t *testing.T) string {
	t.Helper()
	line, err := p.lines.ReadString('\n')
	if err != nil {
		t.Fatalf("a child ended: %v", err)
	}
	return strings.TrimSpace(line)
}

func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait()
}

// Eight processes reserve one switch at the same instant, 1,000 times (200 under the race
// detector): one wins each time.
func TestOneOfEightWins(t *testing.T) {
	const processes = 8
	inv := row(t, t.TempDir(), 1)
	var ps []*process
	for i := range processes {
		ps = append(ps, start(t, inv, fmt.Sprintf("p%d", i)))
	}
	wins, began, rounds := make([]int, processes), time.Now(), rounds
	if testing.Short() {
		rounds /= 10
	}
	for round := range rounds {
		for _, p := range ps {
			p.tell(t, "reserve")
		}
		winner := -1
		for i, p := range ps {
			switch got := p.answer(t); {
			case got == "done" && winner < 0:
				winner = i
			case got != "busy":
				t.Fatalf("round %d: process %d says %q, process %d has the switch", round, i, got, winner)
			}
		}
		if winner < 0 {
			t.Fatalf("round %d: nobody has the switch", round)
		}
		wins[winner]++
		ps[winner].tell(t, "release")
		if got := ps[winner].answer(t); got != "done" {
			t.Fatalf("round %d: release: %s", round, got)
		}
	}
	t.Logf("%d rounds of %d processes in %s; wins %v", rounds, processes, time.Since(began).Round(time.Millisecond), wins)
}

// The lease of a killed process ends at once.
func TestKilledProcess(t *testing.T) {
	inv := row(t, t.TempDir(), 1)
	p := start(t, inv, "victim")
	p.tell(t, "reserve")
	if got := p.answer(t); got != "done" {
		t.Fatal(got)
	}
	l := open(t, inv, lab.Settings{Owner: "heir"})
	_ = busy(t, l, "sw1")
	p.kill(t)
	free(t, l, "sw1")
}

// Unless the device is not restored: then it waits for that, whoever died.
func TestKilledProcessWithOpenEntry(t *testing.T) {
	inv := row(t, t.TempDir(), 1)
	p := start(t, inv, "victim")
	for _, line := range []string{"reserve", "keep"} {
		p.tell(t, line)
		if got := p.answer(t); got != "done" {
			t.Fatal(got)
		}
	}
	p.kill(t)
	l := open(t, inv, lab.Settings{Owner: "heir"})
	_, err := l.Reserve(t.Context(), lab.Order{Request: lab.RequestDevices("sw1")})
	if err == nil || !strings.Contains(err.Error(), "reprise lab restore sw1") {
		t.Fatalf("got %v", err)
	}
	list, err := l.List(t.Context())
	if err != nil || list[0].State != lab.StateUnrestored || list[0].Entry.Owner != "victim" {
		t.Errorf("got %+v, %v", list, err)
	}
}

// A process that dies in the middle of a transaction leaves a store that works.
func TestKilledInTheMiddle(t *testing.T) {
	inv := row(t, t.TempDir(), 1)
	l := open(t, inv, lab.Settings{Owner: "heir"})
	for i := range 20 {
		p := start(t, inv, "storm")
		timer := time.NewTimer(time.Duration(i*7%40) * time.Millisecond / 4)
		<-timer.C
		p.kill(t)
		free(t, l, "sw1")
	}
}

// A waiter who dies leaves the queue.
func TestDeadWaiterDropsOut(t *testing.T) {
	inv, f := row(t, t.TempDir(), 1), newFake("b")
	l := open(t, inv, f.settings("anna@x"))
	h := reserve(t, l, lab.Order{Request: lab.RequestDevices("sw1"), ByHand: true})
	waiting := make(chan struct{}, 100)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	slow := f.settings("ben@y")
	slow.Poll = time.Hour // it looks once
	ended, ben := make(chan struct{}), open(t, inv, slow)
	go func() {
		defer close(ended)
		_, _ = ben.Reserve(ctx, lab.Order{
			Request: lab.RequestDevices("sw1"), Wait: true, Waiting: func(lab.Place) { waiting <- struct{}{} },
		})
	}()
	<-waiting
	if err := h.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b := busy(t, l, "sw1"); !b.Holders[0].Queued {
		t.Errorf("got %v", b)
	}
	f.dead.Store(true)
	free(t, l, "sw1")
	cancel()
	<-ended
}
