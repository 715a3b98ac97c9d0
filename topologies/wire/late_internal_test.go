package wire

import (
	"encoding/binary"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
)

// pair are the ends of a socket that keeps messages apart.
func pair(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(fds[0], true); err != nil { // reads of ours can be bounded
		t.Fatal(err)
	}
	ours, theirs = os.NewFile(uintptr(fds[0]), "ours"), os.NewFile(uintptr(fds[1]), "theirs")
	t.Cleanup(func() { _ = ours.Close() }) // who takes the other over closes it
	return ours, theirs
}

func asker(t *testing.T) *os.File {
	t.Helper()
	f, err := OpenAsk()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// unwired is a wire whose frames come from a test and go to it.
func unwired(t *testing.T) (w *Wire, in, out *os.File) {
	t.Helper()
	in, from := pair(t)
	out, to := pair(t)
	_, poke := pair(t)
	w, err := Start(Sockets{In: from, Out: to, Poke: poke, Ask: asker(t)}, 1500)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() }) // it may be over
	return w, in, out
}

// message is one of the kernel's with a frame.
func message(number uint32, frame []byte) []byte {
	body := attribute(attributePayload, frame)
	body = append(body, attribute(attributeSequence, binary.BigEndian.AppendUint32(nil, number))...)
	b := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+4+len(body)))
	b = binary.NativeEndian.AppendUint16(b, messagePacket)
	return append(append(b, make([]byte, unix.SizeofNlMsghdr-6+4)...), body...)
}

func newFault(t *testing.T, kind topologies.FaultKind, spec topologies.FrameFault) *Fault {
	t.Helper()
	f, err := NewFault(topologies.Fault{Kind: kind, Frames: spec}, topologies.Endpoint{Node: "r1", Interface: "eth1"}, func([]byte) bool { return true }, 1)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A frame that goes on later than its fault is to send it is known to.
func TestLate(t *testing.T) {
	w, in, out := unwired(t)
	f := newFault(t, topologies.FaultDelay, topologies.FrameFault{Delay: 10 * time.Millisecond})
	w.Add("w", f)
	const stopped = 300 * time.Millisecond
	w.mu.Lock() // as if this program did not run
	if _, err := in.Write(message(0, make([]byte, 60))); err != nil {
		t.Fatal(err)
	}
	end := time.After(stopped)
	<-end
	w.mu.Unlock()
	if _, err := out.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.State("w", 1); err != nil { // it has told
		t.Error(err)
	}
	if a := f.Acted(); a.Late < stopped/2 || a.Hit != 1 {
		t.Errorf("%+v", a)
	}
}

// What is read when the program runs again may have come when it was stopped.
func TestPulse(t *testing.T) {
	var p pulse
	begin := time.Now()
	at := func(d time.Duration) time.Time { return begin.Add(d * time.Millisecond) }
	p.tick(at(0))
	p.tick(at(20))
	if got := p.since(at(45)); got != at(45) {
		t.Errorf("while it runs: since %s", got.Sub(begin))
	}
	if got := p.since(at(3020)); got != at(20) {
		t.Errorf("it reads first: since %s", got.Sub(begin))
	}
	p.tick(at(3020))
	if got := p.since(at(3025)); got != at(20) {
		t.Errorf("it reads after its pulse: since %s", got.Sub(begin))
	}
	if got := p.since(at(3050)); got != at(3050) {
		t.Errorf("when it runs again: since %s", got.Sub(begin))
	}
}

// A frame that nothing overtook is held until the end, and no hit.
func TestReorderThatNothingOvertook(t *testing.T) {
	w, in, out := unwired(t)
	f := newFault(t, topologies.FaultReorder, topologies.FrameFault{Every: 2, Nth: 1, After: 1})
	w.Add("w", f)
	for i := range 3 {
		if _, err := in.Write(message(uint32(i), make([]byte, 60+i))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.State("w", 3); err != nil {
		t.Error(err)
	}
	if a := f.Acted(); a.Hit != 1 || len(a.Hits) != 1 || a.Hits[0].Ordinal != 1 || a.Hits[0].Length != 60 {
		t.Errorf("one was overtaken: %+v", a)
	}
	w.Remove(f)
	if a := f.Acted(); a.Hit != 1 || a.Healed != 1 || a.Matched != 3 || a.Passed != 1 {
		t.Errorf("one was held until the end: %+v", a)
	}
	for _, want := range []int{61, 60, 62} {
		if n, err := out.Read(make([]byte, 100)); err != nil || n != want {
			t.Errorf("%d bytes came, want %d, %v", n, want, err)
		}
	}
}

// A rate hits the frames that wait for it, or find its queue full.
func TestRateHits(t *testing.T) {
	for _, tt := range []struct {
		rate      int64
		queue     int
		hit, full uint64
	}{
		{1_000_000_000, 6000, 0, 0},
		{8000, 6000, 3, 0},
		{8000, 120, 3, 1},
	} {
		w, _, _ := unwired(t)
		f := newFault(t, topologies.FaultRate, topologies.FrameFault{Rate: tt.rate, Queue: tt.queue})
		w.Add("w", f)
		w.lock() // so that they come at once
		for i := range 3 {
			w.take(handed{number: uint32(i), frame: make([]byte, 60)})
		}
		w.unlock()
		if a := f.Acted(); a.Hit != tt.hit || a.Full != tt.full || a.Matched != 3 || a.Passed != 3-tt.hit || len(a.Hits) != int(tt.hit) {
			t.Errorf("%d bit/s: %+v", tt.rate, a)
		}
	}
}

// What the kernel does not take as the far end of the cable goes down is no frame that the wire has lost.
func TestDark(t *testing.T) {
	t.Parallel()
	var w Wire
	w.refused(nil, unix.ENOBUFS)
	w.Dark()
	w.refused(nil, unix.ENOBUFS)
	w.refused(nil, unix.EPERM)
	if w.unsent != 2 || w.failure == nil {
		t.Errorf("%d frames were lost, %v; want that of before, and that for another reason", w.unsent, w.failure)
	}
}
