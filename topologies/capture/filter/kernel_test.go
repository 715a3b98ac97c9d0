package filter_test

import (
	"errors"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/capture/capturetest"
	"github.com/reprise-lab/reprise/topologies/capture/filter"
)

// pipe is two sockets of which the second gets from the first what a program accepts. Any socket
// runs one; of a packet socket, package capture tests it.
type pipe [2]int

func newPipe(t *testing.T) pipe {
	t.Helper()
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(unix.Close(p[0]), unix.Close(p[1])) })
	return p
}

func (p pipe) attach(t *testing.T, text string, program []bpf.Instruction) {
	t.Helper()
	raw, err := bpf.Assemble(program)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	code := make([]unix.SockFilter, len(raw))
	for i, in := range raw {
		code[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	if err := unix.SetsockoptSockFprog(p[1], unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}); err != nil {
		t.Fatalf("%q: the kernel refuses its program: %v", text, err)
	}
}

func (p pipe) passes(t *testing.T, frame []byte) bool {
	t.Helper()
	if err := unix.Send(p[0], frame, 0); err != nil {
		t.Fatal(err)
	}
	n, _, err := unix.Recvfrom(p[1], make([]byte, 4096), 0)
	if err == nil && n != len(frame) {
		t.Errorf("%d bytes of %d", n, len(frame))
	}
	return err == nil
}

// TestSameInTheKernel: the kernel takes the programs, and they say there what they say here.
func TestSameInTheKernel(t *testing.T) {
	t.Parallel()
	p := newPipe(t)
	list := capturetest.Frames(4, 300)
	texts := written()
	m := capturetest.NewMaker(11)
	for range 100 {
		texts = append(texts, m.Expression(3))
	}
	for _, text := range texts {
		f, err := filter.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		for name, program := range map[string][]bpf.Instruction{"for files": f.Offline(), "live": f.Live()} {
			p.attach(t, text, program)
			for _, frame := range list {
				if len(frame) == 0 {
					continue
				}
				if got, want := p.passes(t, frame), f.Match(frame); got != want {
					t.Errorf("%q, %s, of % x: %v in the kernel, %v here", text, name, frame, got, want)
					break
				}
			}
		}
	}
}
