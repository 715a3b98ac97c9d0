package experiment

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture/frames"
)

// Try carries out one trial of a plan whose stimulus is one fault on a link, and says what that did, to which
// frames, and which of them a witness at the far side saw. The result is what is on disk, also beside an
// error; when ctx is cancelled the fault was taken back, and the error is ctx's.
func Try(ctx context.Context, b *Bench, p *plan.Plan) (result.Tried, error) {
	step := p.Stimulus[0]
	if step.Step.Count == scenarios.AllFrames {
		step.Step.Count = 0 // in words
	}
	out := result.Tried{
		Reprise: evidence.Format, On: step.Lane(), Words: step.Step.Action().Words(), Clock: p.Clock, Frames: []result.TriedFrame{},
		Outcome: result.Inconclusive, Answer: "nothing was tried",
	}
	r, err := Rate(ctx, b, p, nil, RateOptions{Rule: StopRule{Runs: 1}})
	if out.Dir = r.Dir; r.Dir == "" {
		return out, err
	}
	dir := evidence.Dir{Path: r.Dir}.Trial(1)
	record, rerr := dir.Read()
	v, judged, verr := dir.Verdict()
	if rerr = errors.Join(rerr, verr); rerr != nil {
		return out, errors.Join(err, rerr)
	}
	triedOf(&out, step.Ref, record)
	if !step.Step.Fault.OnFrames() {
		out.Did = nil
	}
	seen, werr := witnessed(dir, record)
	arrivals(out.Frames, seen, comes(step.Step.Fault))
	out.Outcome, out.Answer = triedAnswer(out, v, judged)
	if ctx.Err() != nil {
		out.Answer = "interrupted, and taken back: " + out.Answer
	}
	return out, errors.Join(err, werr)
}

// comes is how often a frame that a fault acted on may come to the far side as it was.
func comes(f scenarios.Fault) int {
	switch f {
	case scenarios.FaultDrop, scenarios.FaultCorrupt, scenarios.FaultTruncate:
		return 0
	case scenarios.FaultDuplicate:
		return 2
	default:
		return 1
	}
}

// arrivals says of each frame when the witness at the endpoint that it was on its way to saw it, by what was
// seen there of its digest. Many protocols repeat a frame byte for byte: where more came than the
// fault lets through of one, or there is another of the same, which of them came is not known.
func arrivals(tried []result.TriedFrame, seen map[string]map[string][]time.Time, most int) {
	for i := range tried {
		f := &tried[i]
		at, ok := seen[f.To]
		if !ok {
			continue
		}
		came := []time.Duration{}
		for _, t := range at[f.Digest] {
			if !t.Before(f.Time) {
				came = append(came, t.Sub(f.Time))
			}
		}
		alike := slices.ContainsFunc(tried, func(o result.TriedFrame) bool { return o.Digest == f.Digest && o.To == f.To && o.Time != f.Time })
		if len(came) == 0 || len(came) <= most && !alike {
			f.Arrived = came
		}
	}
}

// triedOf takes from a record what its fault did.
func triedOf(out *result.Tried, ref string, record evidence.Record) {
	for _, e := range record.Events {
		at := e.Time
		switch {
		case e.Ref != ref:
		case e.Kind == evidence.EventFault && e.Outcome == evidence.OK && out.Began == nil:
			out.Began, out.By = &at, e.Detail
		case e.Kind == evidence.EventHeal && e.Outcome == evidence.OK:
			out.Ended, out.Did = &at, e.Frames
		}
	}
	if out.Did == nil {
		return
	}
	for _, h := range out.Did.First {
		out.Frames = append(out.Frames, result.TriedFrame{Hit: h})
	}
	slices.SortStableFunc(out.Frames, func(a, b result.TriedFrame) int { return a.Time.Compare(b.Time) })
}

// triedAnswer is what a try answers, and that in a sentence.
func triedAnswer(t result.Tried, v evidence.TrialVerdict, judged bool) (result.Outcome, string) {
	switch {
	case t.Began == nil || t.Ended == nil:
		if judged && v.Reason != "" {
			return result.Inconclusive, "the fault did not take force and end: " + v.Reason
		}
		return result.Inconclusive, "the fault did not take force and end"
	case judged && v.Verdict == evidence.Inconclusive:
		return result.Inconclusive, v.Reason
	case t.Did == nil:
		return result.Yes, "it was in force"
	case t.Did.Hit == 0:
		return result.No, fmt.Sprintf("it acted on none of the frames that matched (%d)", t.Did.Matched)
	default:
		return result.Yes, fmt.Sprintf("it acted on %d of the %d frames that matched", t.Did.Hit, t.Did.Matched)
	}
}

// witnessed is when frames arrived at each endpoint that was captured in full, by the begin of their digest
// as a fault tells it.
func witnessed(dir evidence.TrialDir, record evidence.Record) (map[string]map[string][]time.Time, error) {
	all := map[string]map[string][]time.Time{}
	for _, e := range record.Events {
		if e.Kind != evidence.EventCollect || e.Capture == nil || e.Capture.File == "" || e.Capture.Dropped+e.Capture.Discarded > 0 {
			continue
		}
		at, err := arrived(dir.File(e.Capture.File))
		if err != nil {
			return all, fmt.Errorf("read the capture at %s: %w", e.Lane, err)
		}
		all[e.Lane] = at
	}
	return all, nil
}

// arrived is when the frames of a capture came in.
func arrived(file string) (map[string][]time.Time, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	at := map[string][]time.Time{}
	_, err = frames.Read(f, func(frame topologies.Frame) error {
		if frame.Way == topologies.WayIn {
			d := sha256.Sum256(frame.Data)
			key := hex.EncodeToString(d[:])[:digestLength]
			at[key] = append(at[key], frame.At)
		}
		return nil
	})
	return at, err
}

// digestLength is how much of a SHA-256 a fault tells of a frame, in hexadecimal digits.
const digestLength = 16
