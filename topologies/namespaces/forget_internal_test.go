package namespaces

import (
	"context"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A command that is forgotten is ended, also where it is started later than that, and nothing of it is
// kept; of one that could not be started neither.
func TestForgotten(t *testing.T) {
	t.Parallel()
	l := one(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close() //nolint:errcheck // nothing is written
	for range 10 {
		p, err := l.client.ask(request{Op: opSpawn, Node: "r1", Argv: []string{"sleep", "1005"}}, null, null, null)
		if err != nil {
			t.Fatal(err)
		}
		l.client.say(request{Op: opForget, Of: p.id})
		if _, err := p.next(ctx); err != nil {
			t.Fatal(err)
		}
		if r, err := p.next(ctx); err != nil || r.Exit != 128+int(unix.SIGKILL) {
			t.Fatalf("the command's end: %d, %v", r.Exit, err)
		}
		p.done()
	}
}

// What an owner has said of a command before it was started holds, and an owner that is gone has
// forgotten every one.
func TestForgottenEarly(t *testing.T) {
	t.Parallel()
	s := &supervisor{commands: map[commandID]*command{}}
	s.release(request{Op: opForget, Of: 1}) // of one that could not be started
	if len(s.commands) != 0 {
		t.Errorf("kept: %v", s.commands)
	}
	for number, forget := range map[int]func(){2: func() { s.release(request{Op: opForget, Of: 2}) }, 3: s.forgetAll} {
		id := commandID{number: number}
		s.expect(id)
		forget()
		cmd, held := group(t, "exec sleep 100")
		c := s.started(id, begun{pid: cmd.Process.Pid, handle: held})
		_ = cmd.Wait() // by a signal
		select {
		case <-c.reap:
			t.Error("it may be reaped though nobody said so")
		default:
		}
		s.release(request{Op: opReap, Of: number})
		<-c.reap
		<-c.forget
	}
}

// Two who have a lab one after the other number what they ask for alike, and neither has a command of the other's.
func TestCommandsOfTwo(t *testing.T) {
	t.Parallel()
	s := &supervisor{commands: map[commandID]*command{}}
	builder, visitor := request{ID: 1, Op: opSpawn, from: &net.UnixConn{}}, request{ID: 1, Op: opSpawn, from: &net.UnixConn{}}
	s.expect(builder.command(1))
	s.expect(visitor.command(1))
	s.drop(builder.command(1)) // it has ended
	if c := s.started(visitor.command(1), begun{}); c == nil {
		t.Error("the visitor's command is not known")
	}
	s.release(request{Op: opForget, Of: 1, from: visitor.from})
	if c := s.commands[visitor.command(1)]; c == nil {
		t.Error("what is forgotten is kept until it has ended")
	} else {
		<-c.forget
	}
}
