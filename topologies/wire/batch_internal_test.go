package wire

import (
	"encoding/binary"
	"io"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// A wire that cannot keep up has the kernel gather frames, and pokes for them until nothing comes.
func TestHaste(t *testing.T) {
	in, from := pair(t)
	out, to := pair(t)
	pokes, poke := pair(t)
	w, err := Start(Sockets{In: from, Out: to, Poke: poke, Ask: asker(t)}, 1500)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() }) // it may be over
	const count = 2 * batch             // whatever comes first, a whole batch follows
	w.mu.Lock()
	for i := range count {
		if _, err := in.Write(message(uint32(i), make([]byte, 60+i))); err != nil {
			t.Fatal(err)
		}
	}
	w.mu.Unlock()
	for i := range count {
		if n, err := out.Read(make([]byte, 1<<10)); err != nil || n != 60+i {
			t.Fatalf("%d bytes came, want %d, %v", n, 60+i, err)
		}
	}
	for range 2 { // one that brings nothing, and one when the kernel is not to gather any more
		if err := pokes.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if n, err := pokes.Read(make([]byte, 100)); err != nil || n != headerSize {
			t.Fatalf("a poke of %d bytes, %v", n, err)
		}
	}
	if s, err := w.State("w", count); err != nil || s.Come != count || s.Missing != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

// What a poke brings is no frame, and no gap.
func TestPokeIsNoFrame(t *testing.T) {
	w, in, out := unwired(t)
	poked := message(0, make([]byte, headerSize))
	poked = append(poked, attribute(attributeMark, binary.BigEndian.AppendUint32(nil, PokeMark))...)
	binary.NativeEndian.PutUint32(poked, uint32(len(poked)))
	for _, b := range [][]byte{poked, message(1, make([]byte, 60))} {
		if _, err := in.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := out.Read(make([]byte, 100)); err != nil || n != 60 {
		t.Errorf("%d bytes came, %v", n, err)
	}
	if s, err := w.State("w", 1); err != nil || s.Come != 1 || s.Missing != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

// A frame costs no memory, with whatever acts on it.
func TestFlatMemory(t *testing.T) {
	w, _, out := unwired(t)
	go func() { _, _ = io.Copy(io.Discard, struct{ io.Reader }{out}) }() // until it is closed
	for _, f := range []struct {
		kind topologies.FaultKind
		spec topologies.FrameFault
	}{
		{topologies.FaultMTU, topologies.FrameFault{Size: 1500, Filter: "udp port 7"}},
		{topologies.FaultDuplicate, topologies.FrameFault{Every: 2}},
		{topologies.FaultReorder, topologies.FrameFault{Every: 3, After: 2}},
		{topologies.FaultRate, topologies.FrameFault{Rate: 1 << 40, Queue: 1 << 20}},
	} {
		w.Add("w", newFault(t, f.kind, f.spec))
	}
	number := uint32(0)
	frame := make([]byte, 60)
	many := func() {
		w.lock()
		for range 10 * topologies.MaxHits {
			w.take(handed{number: number, frame: frame})
			number++
		}
		w.unlock()
		for waiting := true; waiting; {
			w.release()
			w.lock()
			waiting = len(w.waiting) > 0
			w.unlock()
		}
	}
	many()
	if n := testing.AllocsPerRun(10, many); n > topologies.MaxHits {
		t.Errorf("%d frames take %.0f pieces of memory", 10*topologies.MaxHits, n)
	}
}
