package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture/filter"
	"github.com/reprise-lab/reprise/topologies/capture/frames"
)

// Fault acts on the frames of one way. It is of one [Wire] at a time, and goes on with its
// numbers on another after the cable was laid anew.
type Fault struct {
	kind      topologies.FaultKind
	spec      topologies.FrameFault
	lot       topologies.Lot
	limit     uint64 // below which a frame is drawn
	to        string
	match     func(frame []byte) bool
	filter    filters
	random    *rand.Rand // of jitter
	lsa       topologies.LSAType
	attribute uint8
	sent      *transmissions // nil where it does not matter which a frame is

	mu     sync.Mutex // guards acted and picked alone; held by a wire for many frames at a time
	acted  topologies.Acted
	picked uint64 // frames that it took, of which those of reorder are hit when they are overtaken

	held  []*item // of hold and reorder
	last  time.Time
	queue int // bytes that wait, of rate
}

// Acted is what it did so far.
func (f *Fault) Acted() topologies.Acted {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.acted
	a.Hits = slices.Clone(a.Hits)
	return a
}

// Resume has a fault go on with what something else has done in its place, before any frame comes to it.
func (f *Fault) Resume(a topologies.Acted) {
	f.mu.Lock()
	defer f.mu.Unlock()
	seed := f.acted.Seed
	f.acted, f.picked = a, a.Hit
	f.acted.Seed = seed
}

// filters all have to hold.
type filters []*filter.Filter

// matches says whether a frame is one of the fault's. It is asked once for each.
func (f *Fault) matches(b []byte) bool {
	if !f.match(b) || slices.ContainsFunc(f.filter, func(one *filter.Filter) bool { return !one.Match(b) }) {
		return false
	}
	if f.spec.LSA != "" && !carriesLSA(b, f.lsa) || f.spec.Attribute != "" && !carriesAttribute(b, f.attribute) {
		return false
	}
	return f.sent == nil || f.sent.of(b) == f.spec.Transmission
}

// digestSize is how many bytes of a SHA-256 tell one frame from another.
const digestSize = 8

// NewFault makes one for frames on their way to an endpoint. Of the seed, frames of the same order are
// picked alike.
func NewFault(f topologies.Fault, to topologies.Endpoint, match func([]byte) bool, seed uint64) (*Fault, error) {
	if err := Check(f); err != nil {
		return nil, err
	}
	var chosen filters
	for _, text := range []string{f.Frames.Filter, f.Frames.Message} {
		one, err := filter.Compile(text)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, one)
	}
	share := f.Probability
	if share == 0 {
		share = 1
	}
	if share == 1 && f.Kind != topologies.FaultDelay {
		seed = 0 // nothing is left to chance
	}
	lot := topologies.NewLot(seed, to)
	x := &Fault{
		kind: f.Kind, spec: f.Frames, lot: lot, limit: topologies.LotLimit(share), to: to.String(), match: match, filter: chosen,
		random: rand.New(rand.NewPCG(seed, uint64(lot))), //nolint:gosec // it is to be repeatable
	}
	x.lsa, x.attribute = topologies.LSATypes()[f.Frames.LSA], topologies.PathAttributes()[f.Frames.Attribute]
	x.acted.Seed = seed
	if f.Frames.Transmission != "" {
		x.sent = newTransmissions(x.lsa)
	}
	return x, nil
}

// Check says what is wrong with what a fault on frames is to do.
func Check(f topologies.Fault) error {
	s := f.Frames
	wrong := func(bad bool, what string) error {
		if !bad {
			return nil
		}
		return fmt.Errorf("fault %s: %s", f.Kind, what)
	}
	if err := wrong(s.Nth < 0 || s.Count < 0 || s.Every < 0, "frames are counted from 1"); err != nil {
		return err
	}
	if _, known := topologies.LSATypes()[s.LSA]; s.LSA != "" && !known {
		return wrong(true, "there is no LSA "+strconv.Quote(s.LSA))
	}
	if _, known := topologies.PathAttributes()[s.Attribute]; s.Attribute != "" && !known {
		return wrong(true, "there is no path attribute "+strconv.Quote(s.Attribute))
	}
	if s.Transmission != "" && !slices.Contains(topologies.Transmissions(), s.Transmission) {
		return wrong(true, "there is no transmission "+strconv.Quote(string(s.Transmission)))
	}
	switch f.Kind {
	case topologies.FaultDrop, topologies.FaultDuplicate, topologies.FaultHold:
		return nil
	case topologies.FaultDelay:
		return wrong(s.Delay <= 0 || s.Jitter < 0 || s.Jitter > s.Delay, "it needs a delay, and a jitter that is no longer")
	case topologies.FaultCorrupt:
		return wrong(s.Offset < 0 || s.XOR < 1 || s.XOR > 0xff, "it needs the place of a byte, and what changes it")
	case topologies.FaultReorder:
		return wrong(s.After < 1, "it needs how many frames overtake")
	case topologies.FaultTruncate:
		return wrong(s.Size < headerSize, "a frame has at least its header")
	case topologies.FaultMTU:
		return wrong(s.Size < 1, "it needs what the link carries, in bytes")
	case topologies.FaultRate:
		return wrong(s.Rate < 1 || s.Queue < 1, "it needs a rate, and a queue")
	default:
		return fmt.Errorf("%s is no fault on frames", f.Kind)
	}
}

const headerSize = 14

// picks counts a frame that matches, and says whether the fault acts on it. The caller holds mu.
func (f *Fault) picks(b []byte, now time.Time) bool {
	f.acted.Matched++
	n := int(f.acted.Matched) //nolint:gosec // nobody sends so many
	lot := f.lot.Draw(f.acted.Matched) < f.limit
	since := n - max(f.spec.Nth, 1)
	if since < 0 || f.spec.Every > 1 && since%f.spec.Every != 0 || !lot || !f.changes(b) ||
		f.spec.Count > 0 && f.picked >= uint64(f.spec.Count) {
		f.acted.Passed++
		return false
	}
	f.picked++
	if f.kind != topologies.FaultReorder && f.kind != topologies.FaultRate { // of which it is not known yet
		f.hit(b, f.acted.Matched, now)
	}
	return true
}

// hit counts a frame that the fault made a difference to. The caller holds mu.
func (f *Fault) hit(b []byte, ordinal uint64, now time.Time) {
	f.acted.Hit++
	if len(f.acted.Hits) < topologies.MaxHits {
		d := sha256.Sum256(b)
		f.acted.Hits = append(f.acted.Hits, topologies.Hit{
			To: f.to, Ordinal: ordinal, Time: now, Length: len(b), Digest: hex.EncodeToString(d[:digestSize]), Summary: frames.Decode(b).Summary,
		})
	}
}

// leastWait is how long a frame of a rate has to wait, for others or for its own bytes, to be told from
// one that goes on at once.
const leastWait = time.Millisecond

// waited counts a frame of a rate, which is lost where the queue is full. The caller holds mu.
func (f *Fault) waited(b []byte, now, at time.Time, full bool) {
	switch {
	case full:
		f.acted.Full++
	case at.Sub(now) < leastWait:
		f.acted.Passed++
		return
	}
	f.hit(b, f.acted.Matched, now)
}

// changes says whether the fault makes a difference to a frame.
func (f *Fault) changes(b []byte) bool {
	switch f.kind {
	case topologies.FaultCorrupt:
		return f.spec.Offset < len(b)
	case topologies.FaultTruncate:
		return f.spec.Size < len(b)
	case topologies.FaultMTU:
		return payload(b) > f.spec.Size
	default:
		return true
	}
}

// payload is how many bytes a frame carries behind its header and its tags.
func payload(b []byte) int { return max(len(b)-behindTags(b), 0) }

// behindTags is where what a frame carries begins, beyond its end where that is cut off.
func behindTags(b []byte) int {
	at := headerSize
	for at <= len(b) && (b[at-2] == 0x81 && b[at-1] == 0 || b[at-2] == 0x88 && b[at-1] == 0xa8) {
		at += 4
	}
	return at
}

// due is when a frame arrives that the fault delays.
func (f *Fault) due(now time.Time, size int) time.Time {
	if f.kind == topologies.FaultRate {
		if f.last.Before(now) {
			f.last = now
		}
		f.last = f.last.Add(time.Duration(float64(8*size) / float64(f.spec.Rate) * float64(time.Second)))
		return f.last
	}
	at := now.Add(f.spec.Delay + time.Duration((2*f.random.Float64()-1)*float64(f.spec.Jitter)))
	if f.spec.Unorder {
		return at
	}
	if at.Before(f.last) {
		at = f.last
	}
	f.last = at
	return at
}
