package trial

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/docker/go-units"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// Bounds of the kernel's buffers of a lab's captures, in bytes: all of them, and one.
const (
	ringsTogether = 128 << 20
	ringLeast     = 2 << 20
	ringMost      = 16 << 20
)

// captures keep the frames that the scenario asks for, from before a trial's nodes start. Those that
// evidence.captures names are evidence and nothing else: one that fails, or loses frames, says so, and
// decides no verdict. Those that a condition looks at make it unknown.
type captures struct {
	lab    *Lab
	rec    *recorder
	phases phases
	own    ownFrames

	mu   sync.Mutex
	runs []*captureRun // nil: they have not begun, or have ended
}

// captureRun is one that runs, or the reason why it does not.
type captureRun struct {
	scenarios.Capture
	file  string // within the trial
	run   topologies.Capture
	begin time.Duration
	err   error
	log   frameLog // of one that a condition looks at
}

// begin starts them, anew where they run already: that lab is no more.
func (c *captures) begin(ctx context.Context) {
	list := c.wanted()
	if len(list) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.runs {
		if r.run != nil {
			_, _ = r.run.Stop() // of a lab that is no more
		}
	}
	c.runs = nil
	capturer, able := topologies.As[topologies.Capturer](c.lab.res)
	for _, one := range list {
		r := &captureRun{Capture: one, file: path.Join("captures", flat(one.Endpoint)+".pcapng"), begin: c.rec.now()}
		if c.named(r.file) { // r-1:x and r:1-x
			r.file = path.Join("captures", fmt.Sprintf("%s-%d.pcapng", flat(one.Endpoint), len(c.runs)+1))
		}
		if able {
			r.run, r.err = capturer.Capture(ctx, topologies.CaptureSpec{
				Endpoint: one.At(), Filter: one.Filter, Path: c.rec.dir.File(filepath.FromSlash(r.file)), About: c.about(), Max: one.MaxBytes(),
				Ring: max(min(ringsTogether/len(list), ringMost), ringLeast), Each: c.each(r),
			})
		} else {
			r.err = &showsNothingError{cannotCapture(c.lab.kind())}
		}
		c.runs = append(c.runs, r)
	}
}

// wanted are the captures of a trial. Without evidence only those that conditions look at are.
func (c *captures) wanted() []scenarios.Capture {
	list := c.lab.plan.Loaded.Scenario.Captures()
	if !c.lab.env.Lean {
		return list
	}
	return slices.DeleteFunc(list, func(one scenarios.Capture) bool { return !c.lookedAt(one) })
}

// lookedAt reports whether a condition of the plan looks at a capture.
func (c *captures) lookedAt(one scenarios.Capture) bool {
	return slices.ContainsFunc(c.lab.plan.Checks(), func(check plan.Check) bool {
		p, ok := check.Cond.Probe().(scenarios.FrameProbe)
		return ok && sameCapture(p.Capture(), one)
	})
}

func sameCapture(a, b scenarios.Capture) bool {
	return a.Endpoint == b.Endpoint && a.Filter == b.Filter
}

// each is who is told of a capture's frames.
func (c *captures) each(r *captureRun) func(topologies.Frame) {
	if !c.lookedAt(r.Capture) {
		return nil
	}
	return r.log.add
}

// of is the capture that a condition looks at.
func (c *captures) of(one scenarios.Capture) (*captureRun, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.runs {
		switch {
		case !sameCapture(r.Capture, one):
		case r.run == nil:
			return nil, fmt.Errorf("the frames at %s are not captured: %w", one.Endpoint, pathless(r.err))
		default:
			return r, nil
		}
	}
	return nil, fmt.Errorf("the frames at %s are not captured", one.Endpoint)
}

// missing says why a condition cannot see the frames that it looks at. Where that is for want of an
// ability, this lab shows nothing.
func (c *captures) missing() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.runs {
		if r.run != nil || !c.lookedAt(r.Capture) {
			continue
		}
		err := fmt.Errorf("the frames at %s, which a condition looks at, cannot be captured: %w", r.Endpoint, pathless(r.err))
		_, lacks := errors.AsType[*topologies.MissingError](r.err)
		if _, nothing := errors.AsType[*showsNothingError](r.err); lacks || nothing {
			return &showsNothingError{err.Error()}
		}
		return err
	}
	return nil
}

func (c *captures) named(file string) bool {
	for _, r := range c.runs {
		if r.file == file {
			return true
		}
	}
	return false
}

// about says in a file where it comes from.
func (c *captures) about() string {
	text := fmt.Sprintf("reprise %s trial %d", c.lab.env.Dir.ID(), c.rec.dir.Number)
	if c.rec.clock.Scaled() {
		text += fmt.Sprintf("; the clocks of the lab run %gx, the times of frames are real", c.rec.clock.Factor())
	}
	return text
}

// cannotCapture says why a kind of lab has no captures.
func cannotCapture(kind topologies.Kind) string {
	switch kind {
	case topologies.KindVM:
		return "the cables of machines are within QEMU, where nothing of this machine listens"
	case topologies.KindHardware:
		return "the cables of switches do not come by this machine"
	case topologies.KindSimulator:
		return "simulators have no cables"
	default:
		return "this lab has no way to listen at its cables"
	}
}

// mark puts what happens on the frame that comes next, whose time is of a clock that may have been set.
func (c *captures) mark(e evidence.Event) {
	c.phases.event(e)
	text := markOf(e)
	if text == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.runs {
		if r.run != nil {
			r.run.Mark(e.Time.Add(c.rec.stepped()), text)
		}
	}
}

// markOf is what frames say of an event; empty where it is not worth it.
func markOf(e evidence.Event) string {
	var what string
	switch e.Kind {
	case evidence.EventPhase:
		what = "begins"
	case evidence.EventStep, evidence.EventFault, evidence.EventHeal, evidence.EventDeath, evidence.EventEnd, evidence.EventDecided, evidence.EventBoot:
		what = string(e.Kind)
	default:
		return ""
	}
	words := []string{fmt.Sprintf("reprise +%.3fs", e.At.Seconds()), string(e.Phase), what}
	for _, w := range []string{e.Ref, e.Lane, e.Name, string(e.Outcome)} {
		if w != "" {
			words = append(words, w)
		}
	}
	text := strings.Join(words, " ")
	if e.Detail != "" {
		text += ": " + evidence.Short(e.Detail)
	}
	return text
}

// end ends them, and records what each holds. It may be called again.
func (c *captures) end() {
	c.mu.Lock()
	runs := c.runs
	c.runs = nil
	c.mu.Unlock()
	for _, r := range runs {
		c.record(r)
	}
}

func (c *captures) record(r *captureRun) {
	e := evidence.Event{Kind: evidence.EventCollect, Lane: r.Endpoint, Name: "capture", Capture: &evidence.Capture{Filter: r.Filter, Max: r.MaxBytes()}}
	if r.run == nil {
		c.rec.done(e, r.begin, fmt.Errorf("not captured: %w", pathless(r.err)))
		return
	}
	got, err := r.run.Stop()
	k := e.Capture
	k.File, k.Frames, k.Bytes, k.Dropped, k.Discarded, k.Anew = r.file, got.Frames, got.Bytes, got.Dropped, got.Discarded, got.Anew
	var failed error
	if k.SHA256, failed = digestOf(c.rec.dir.File(filepath.FromSlash(r.file))); err == nil {
		err = failed
	}
	e.Name, e.Detail = r.file, captureWords(*k)
	if err != nil {
		err = fmt.Errorf("%s; %w", e.Detail, pathless(err))
	}
	c.rec.done(e, r.begin, err)
}

// pathless drops the path from an error: the record is handed on.
func pathless(err error) error {
	if where, ok := errors.AsType[*fs.PathError](err); ok {
		return where.Err
	}
	return err
}

// captureWords say what a file holds and lacks.
func captureWords(k evidence.Capture) string {
	words := []string{fmt.Sprintf("%d frames, %s", k.Frames, units.HumanSize(float64(k.Bytes)))}
	if k.Filter != "" {
		words = append(words, "of those that match "+k.Filter)
	}
	if k.Discarded > 0 {
		words = append(words, fmt.Sprintf("the newest: %d before them went at the bound of %s", k.Discarded, units.HumanSize(float64(k.Max))))
	}
	if k.Dropped > 0 {
		words = append(words, fmt.Sprintf("not whole: the kernel lost %d", k.Dropped))
	}
	if k.Anew > 0 {
		words = append(words, fmt.Sprintf("the interface was made anew %d times", k.Anew))
	}
	return strings.Join(words, "; ")
}

func digestOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // read only
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), err
}
