package trial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/docker/go-units"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// observeFrames finds the frames that had come to the capture of an endpoint. Where one may have gone by
// unseen, what there is of them is no answer, unless one is enough.
func observeFrames(ctx context.Context, b *observer, q question, p scenarios.FrameProbe) error {
	r, err := b.lab.captures.of(p.Capture())
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, q.timeout)
	defer cancel()
	got, lacks := r.run.Sync(limited)
	f := evidence.Frames{
		At: p.At, Filter: p.Filter, Direction: string(p.Way()), File: r.file,
		FrameWindow: evidence.FrameWindow{
			Began: b.rec.start.UTC().Round(0), From: b.lab.captures.phases.from(p.Since == scenarios.SinceBaseline),
		},
	}
	if b.since != nil {
		f.From = b.since.at
	}
	f.Clock = b.lab.clockAt(r.At().Node, b.rec.start.Add(b.rec.clock.Real(f.From)))
	over, unsteady := r.log.look(&f, b.rec)
	own, whose := 0, ""
	if decides(q.seen.Ref) {
		own, whose = b.lab.captures.own.among(&f)
	}
	text, err := json.Marshal(f)
	q.seen.Text, q.seen.Count = string(text), f.Count
	switch {
	case err != nil:
		return err
	case unsteady != nil:
		return errors.Join(unsteady, lacks, missed(r, got, over))
	case judge.OneIsEnough(q.check.Cond, f.Count-own):
		return nil
	case own > 0:
		return errors.Join(&ownFramesError{own, whose}, lacks, missed(r, got, over))
	default:
		return errors.Join(lacks, missed(r, got, over))
	}
}

// decides reports whether what a condition sees is told of the network: not where it says when a fault takes force or a step may
// begin, nor before the stimulus, where it shows no more than what is there without.
func decides(ref string) bool {
	return (strings.HasPrefix(ref, "symptom") || strings.HasPrefix(ref, "expect") || strings.HasPrefix(ref, "workaround.expect")) && !strings.HasSuffix(ref, evidence.Before)
}

// missed says why frames of a capture may be unknown.
func missed(r *captureRun, got topologies.Captured, over bool) error {
	switch {
	case got.Dropped > 0:
		return fmt.Errorf("the kernel lost %d frames at %s: how many there were is not known", got.Dropped, r.Endpoint)
	case got.Discarded > 0:
		return fmt.Errorf("the capture at %s reached its bound of %s, and %d frames are gone: a narrower filter, or max, makes room", r.Endpoint, units.HumanSize(float64(r.MaxBytes())), got.Discarded)
	case over:
		return fmt.Errorf("more than %d frames came at %s: a narrower filter makes them less", judge.MaxSeen, r.Endpoint)
	default:
		return nil
	}
}
