package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// member is one of the processes of a fleet. It has a state of its own, which outlives it.
type member struct {
	name, dir string
	args, env []string
	program   string               // that it is; empty: this one
	attr      *syscall.SysProcAttr // nil: as this one
	cmd       *exec.Cmd
	out, said string // files
	over      chan struct{}
}

// start begins the program, or begins it again.
func (p *member) start(ctx context.Context, t *testing.T) {
	t.Helper()
	p.out, p.said = filepath.Join(p.dir, p.name+".out"), filepath.Join(p.dir, p.name+".err")
	out, err := os.Create(p.out)
	if err != nil {
		t.Fatal(err)
	}
	said, err := os.OpenFile(p.said, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.CommandContext(ctx, cmp.Or(p.program, os.Args[0]), p.args...)
	p.cmd.Args[0], p.cmd.Stdout, p.cmd.Stderr, p.cmd.SysProcAttr = "reprise", out, said, p.attr
	p.cmd.Env = append(append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(p.dir, "state-"+p.name)), p.env...)
	if err := errors.Join(p.cmd.Start(), out.Close(), said.Close()); err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	p.over = over
	go func(c *exec.Cmd) {
		_ = c.Wait() // its status is in its state
		close(over)
	}(p.cmd)
}

// kill is SIGKILL: nothing is written any more.
func (p *member) kill() {
	_ = p.cmd.Process.Kill()
	<-p.over
}

// urls waits for what a server prints.
func (p *member) urls(ctx context.Context, t *testing.T) (worker, coordinator, listen string) {
	t.Helper()
	var told struct{ Worker, Coordinator, Listen string }
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		data, err := os.ReadFile(p.out)
		if err == nil && json.Unmarshal(data, &told) == nil {
			return told.Worker, told.Coordinator, told.Listen
		}
		select {
		case <-tick.C:
		case <-p.over:
			t.Fatalf("the server does not start: %s", p.told())
		case <-ctx.Done():
			t.Fatalf("the server does not start: %v", ctx.Err())
		}
	}
}

func (p *member) told() []byte {
	said, err := os.ReadFile(p.said)
	if err != nil {
		return []byte(err.Error())
	}
	return said
}

// roster waits until these workers are in a fleet, and no others.
func roster(t *testing.T, at, dir string, names ...string) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		asks := &member{name: "asks", dir: dir, args: []string{"fleet", "status", "--json", "--fleet", at}}
		asks.start(t.Context(), t)
		<-asks.over
		var got struct{ Workers []struct{ Name string } }
		data, err := os.ReadFile(asks.out)
		err = cmp.Or(err, json.Unmarshal(data, &got))
		var are []string
		for _, w := range got.Workers {
			are = append(are, w.Name)
		}
		if err == nil && slices.Equal(are, names) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v are in the fleet: %s, %v", are, data, err)
		}
	}
}
