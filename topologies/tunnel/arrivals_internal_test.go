package tunnel

import (
	"testing"

	"pgregory.net/rapid"
)

// What has come is counted as a list of all numbers has it, however numbers come.
func TestArrivals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a arrivals
		seen := map[uint64]bool{}
		var high, duplicated, reordered uint64
		next := uint64(1)
		for range rapid.IntRange(0, 300).Draw(t, "frames") {
			n := next
			switch rapid.IntRange(0, 5).Draw(t, "how") {
			case 0: // some are lost
				n += rapid.Uint64Range(1, 3*lookBack).Draw(t, "gap")
			case 1: // an old one
				n = rapid.Uint64Range(max(1, next-min(next-1, 2*lookBack)), max(1, next)).Draw(t, "old")
			}
			fresh := a.take(n)
			late := high >= n && high-n >= lookBack
			if want := !seen[n] && !late; fresh != want {
				t.Fatalf("%d after %d: fresh %v, want %v", n, high, fresh, want)
			}
			switch {
			case !fresh:
				duplicated++
			case n < high:
				reordered++
			}
			if fresh {
				seen[n] = true
			}
			high = max(high, n)
			next = high + 1
		}
		if a.high != high || a.distinct != uint64(len(seen)) || a.duplicated != duplicated || a.reordered != reordered {
			t.Fatalf("%+v: want %d high, %d distinct, %d duplicated, %d reordered", a.high, high, len(seen), duplicated, reordered)
		}
	})
}

// What is no packet of the lab's is refused, whatever it is; one that was changed anywhere is too.
func FuzzPacket(f *testing.F) {
	key := Key{1}
	c, err := key.seal()
	if err != nil {
		f.Fatal(err)
	}
	whole := pack(c, nil, address{kindReport, 1, 7, 9}, report{Sent: 5}.encode())
	f.Add(whole)
	f.Add(pack(c, nil, address{kindFrame, 0, 7, 9}, []byte("a frame")))
	f.Add([]byte(letters))
	f.Fuzz(func(t *testing.T, p []byte) {
		a, err := addressOf(p)
		if err != nil {
			return
		}
		rest, err := unpack(c, append([]byte{}, p...))
		if err != nil {
			return
		}
		if again := pack(c, nil, a, rest); string(again) != string(p) {
			t.Errorf("%x is %+v and %x, which is %x", p, a, rest, again)
		}
		if a.kind == kindReport {
			if r, err := decodeReport(rest); err == nil && string(r.encode()) != string(rest) {
				t.Errorf("%x is %+v", rest, r)
			}
		}
	})
}

// Every bit of a packet is vouched for.
func TestDamaged(t *testing.T) {
	c, err := Key{1}.seal()
	if err != nil {
		t.Fatal(err)
	}
	other, err := Key{2}.seal()
	if err != nil {
		t.Fatal(err)
	}
	whole := pack(c, nil, address{kindFrame, 0, 7, 9}, []byte("a frame"))
	if rest, err := unpack(c, append([]byte{}, whole...)); err != nil || string(rest) != "a frame" {
		t.Fatalf("%q, %v", rest, err)
	}
	if _, err := unpack(other, append([]byte{}, whole...)); err == nil {
		t.Error("another key opens it")
	}
	for i := range 8 * len(whole) {
		p := append([]byte{}, whole...)
		p[i/8] ^= 1 << (i % 8)
		if _, err := addressOf(p); err != nil {
			continue
		}
		if rest, err := unpack(c, p); err == nil {
			t.Errorf("bit %d is changed, and %q comes out", i, rest)
		}
	}
	for n := range whole {
		if _, err := unpack(c, append([]byte{}, whole[:n]...)); err == nil {
			t.Errorf("cut to %d bytes it opens", n)
		}
	}
}
