package judge

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture/frames"
)

// MaxSeen bounds the frames of a capture that a condition is decided on.
const MaxSeen = 1 << 20

// Seen is a frame of a capture, as far as it is kept.
type Seen struct {
	At     time.Time
	Way    topologies.Way
	Length int
	Head   []byte // nil where it is not kept
}

// seconds rounds to microseconds, for readers.
func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1e6) / 1e6 }

func (n numbered) told() evidence.Frame {
	d := frames.Decode(n.Head)
	f := evidence.Frame{
		Number: n.number, Time: seconds(n.since), Direction: string(n.Way), Length: n.Length, Src: d.Src, Dst: d.Dst, EtherType: d.EtherType, IPSrc: d.IPSrc, IPDst: d.IPDst,
		SPort: d.SPort, DPort: d.DPort, Kind: d.Kind, Message: d.Message, Summary: d.Summary,
	}
	if d.VLAN >= 0 {
		f.VLAN = &d.VLAN
	}
	if d.Proto >= 0 {
		f.Proto = &d.Proto
	}
	if a := d.About; a != nil {
		f.About = &evidence.Frame{IPSrc: a.IPSrc, IPDst: a.IPDst, SPort: a.SPort, DPort: a.DPort, Kind: a.Kind, Message: a.Message}
		if a.Proto >= 0 {
			f.About.Proto = &a.Proto
		}
	}
	return f
}

// rowsOf are the frames as an expression sees them; nil where not all are told.
func rowsOf(text string) ([]map[string]any, error) {
	var f struct {
		Count  int              `json:"count"`
		Frames []map[string]any `json:"frames"`
	}
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		return nil, fmt.Errorf("read recorded frames: %w", err)
	}
	switch {
	case f.Count > len(f.Frames):
		return nil, nil
	case f.Frames == nil:
		return []map[string]any{}, nil
	default:
		return f.Frames, nil
	}
}

// witnesses finds again in a trial's captures what was seen of frames while it ran.
type witnesses struct {
	record evidence.Record
	clock  evidence.Clock
	known  map[string]*witness
}

// witness is a capture, read once.
type witness struct {
	file     string
	seen     []Seen
	lost     uint64
	err      error
	counters map[window]*Counter
}

// window is what looks have in common that go on in one count.
type window struct {
	began     int64
	from      time.Duration
	moved     time.Duration
	direction string
}

// frames has every observation of frames that its capture does not give again be unknown. A record
// whose files are not at hand is taken at its word.
func (j *judge) frames() {
	if j.record.Dir == "" {
		return
	}
	w := witnesses{j.record, j.plan.Clock, map[string]*witness{}}
	list := make([]evidence.Observation, len(j.record.Observations))
	copy(list, j.record.Observations)
	for i := range list {
		if o := &list[i]; o.Probe == evidence.ProbeFrame && o.Error == "" {
			if err := w.confirm(j.plan, *o); err != nil {
				o.Error = err.Error()
			}
		}
	}
	j.record.Observations = list
}

// confirm counts again.
func (w witnesses) confirm(p *plan.Plan, o evidence.Observation) error {
	was, err := evidence.ReadFrames(o.Text)
	if err == nil && was.Count != o.Count {
		err = fmt.Errorf("%d of them are counted as %d", was.Count, o.Count)
	}
	if err != nil {
		return fmt.Errorf("read recorded frames: %w", err)
	}
	of := w.known[was.File]
	if of == nil {
		of = w.read(was.File)
		w.known[was.File] = of
	}
	if of.err != nil {
		return fmt.Errorf("the frames cannot be counted again: %w", of.err)
	}
	if len(of.seen) < was.Delivered {
		return fmt.Errorf("the capture %s has %d frames, and %d had come: they cannot be counted again", was.File, len(of.seen), was.Delivered)
	}
	if of.lost > 0 && !surely(p, o) {
		return fmt.Errorf("the kernel lost %d frames of the capture %s: how many there were is not known", of.lost, was.File)
	}
	for _, was := range []*evidence.Frames{&was, was.Earlier, was.Later} {
		if was == nil {
			continue
		}
		is := evidence.Frames{Direction: was.Direction, FrameWindow: was.FrameWindow}
		if err := of.count(&is, w.clock); err != nil {
			return err
		}
		if !alike(is, *was) {
			return fmt.Errorf("the capture %s says otherwise: %s, and not %s", of.file, words(is), words(*was))
		}
	}
	return nil
}

// surely reports whether frames that are missing change nothing: where one is enough, and came.
func surely(p *plan.Plan, o evidence.Observation) bool {
	c, ok := p.Check(strings.TrimSuffix(o.Ref, evidence.Before))
	return ok && OneIsEnough(c.Cond, o.Count)
}

// OneIsEnough reports whether a condition asks for no more than a frame, of which so many came.
func OneIsEnough(c scenarios.Condition, count int) bool { return c.Expect == "" && count > 0 }

// count fills in what a window shows. The looks of a condition come in the order of their time, and go
// over the frames once together.
func (of *witness) count(f *evidence.Frames, clock evidence.Clock) error {
	key := window{f.Began.UnixNano(), f.From, f.Moved, f.Direction}
	c := of.counters[key]
	if c == nil || c.Seen() > f.Delivered {
		c = NewCounter(f.FrameWindow, f.Direction, clock)
		of.counters[key] = c
	}
	for _, s := range of.seen[c.Seen():f.Delivered] {
		c.See(s)
	}
	return c.Tell(f)
}

// alike compares what does not depend on addresses, which are others in a record that is handed on.
func alike(a, b evidence.Frames) bool {
	return a.Count == b.Count && a.Bytes == b.Bytes && a.Silence == b.Silence && same(a.Rate, b.Rate) && same(a.First, b.First) && same(a.Last, b.Last) && same(a.Gap, b.Gap)
}

func same(a, b *float64) bool { return a == b || a != nil && b != nil && *a == *b }

func words(f evidence.Frames) string {
	if f.Count == 0 || f.Last == nil {
		return "no frame"
	}
	if f.Count == 1 {
		return fmt.Sprintf("1 frame of %d bytes, at %gs", f.Bytes, *f.Last)
	}
	return fmt.Sprintf("%d frames of %d bytes, the last at %gs", f.Count, f.Bytes, *f.Last)
}

// framesWords say what was seen of frames, and what the last one was.
func framesWords(text string) string {
	f, err := evidence.ReadFrames(text)
	if err != nil {
		return ""
	}
	said := words(f) + " at " + f.At
	if shown := f.Shown(); len(shown) > 0 {
		said += ": " + shown[len(shown)-1].Summary
	}
	return evidence.Bounded(said, maxSaw)
}

// read reads a capture of the trial, of which the timeline may have the digest.
func (w witnesses) read(file string) *witness {
	of := &witness{file: file, counters: map[window]*Counter{}}
	if !filepath.IsLocal(file) {
		of.err = fmt.Errorf("%q is no file of the trial", file)
		return of
	}
	f, err := os.Open(filepath.Join(w.record.Dir, filepath.FromSlash(file)))
	if err != nil {
		of.err = fmt.Errorf("the capture %s is not there: %w", file, pathless(err))
		return of
	}
	defer f.Close() //nolint:errcheck // read only
	h := sha256.New()
	of.lost, err = frames.Read(io.TeeReader(f, h), func(s topologies.Frame) error {
		if len(of.seen) == MaxSeen {
			return fmt.Errorf("it has more than %d frames", MaxSeen)
		}
		of.seen = append(of.seen, Seen{At: s.At, Way: s.Way, Length: s.Length})
		return nil
	})
	end, ended := w.end(file)
	if _, failed := io.Copy(h, f); err == nil {
		err = failed
	}
	switch {
	case !ended: // the trial was broken off: what had come by then is there
	case err != nil:
		of.err = fmt.Errorf("the capture %s: %w", file, err)
	case end.SHA256 != "" && end.SHA256 != hex.EncodeToString(h.Sum(nil)):
		of.err = fmt.Errorf("the capture %s is not the one that was recorded: its digest is another", file)
	case end.Discarded > 0:
		of.err = fmt.Errorf("the capture %s reached its bound, and %d frames are gone", file, end.Discarded)
	}
	return of
}

// end is what the timeline says of a capture at its end.
func (w witnesses) end(file string) (evidence.Capture, bool) {
	for _, e := range w.record.Events {
		if e.Capture != nil && e.Capture.File == file {
			return *e.Capture, true
		}
	}
	return evidence.Capture{}, false
}

func pathless(err error) error {
	if where, ok := errors.AsType[*fs.PathError](err); ok {
		return where.Err
	}
	return err
}
