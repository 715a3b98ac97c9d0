package labworker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
)

// TaskOptions are what the coordinator's side puts into the options of a task, beside what is in the task
// itself.
type TaskOptions struct {
	Options
	// Images are the archives that were shipped, by the digest of the image that each holds.
	Images map[string]string `json:"images,omitempty"`
	// Registries are references of images in registries, HOST/REPOSITORY@sha256:…, by the digest of the image.
	Registries map[string]string `json:"registries,omitempty"`
}

// Summary is what a task's outcome says of it, beside the record: a result, or why there is none and would
// be none elsewhere.
type Summary struct {
	Result  *Result `json:"result,omitempty"`
	Refused string  `json:"refused,omitempty"`
}

// Executor gives a bench to a worker of a fleet.
type Executor struct {
	Bench *Bench
	// Describe says what this machine has to offer.
	Describe func(ctx context.Context) (fleet.Offer, error)
	// Tell is told of each trial that is over, in a line; nil tells nobody.
	Tell func(line string)
}

var _ fleet.Executor = (*Executor)(nil)

// Offer implements [fleet.Executor].
func (e *Executor) Offer(ctx context.Context) (fleet.Offer, error) { return e.Describe(ctx) }

// Execute implements [fleet.Executor]. A plan that was refused is an outcome, for the next worker refuses it
// as well.
func (e *Executor) Execute(ctx context.Context, t fleet.Task, progress func(string)) (fleet.Outcome, error) {
	var o TaskOptions
	if err := json.Unmarshal(t.Options, &o); err != nil {
		return outcome(Summary{Refused: fmt.Sprintf("read the task's options: %v", err)}, nil)
	}
	order := Order{
		Payload: t.Payload, Trial: t.Trial, Patience: t.Patience, Options: o.Options, Archives: o.Images, Archive: t.Image, Registries: o.Registries,
	}
	result, record, err := e.Bench.Try(ctx, order, func(p trial.Progress) { progress(lineOf(p)) })
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		e.tell(t, t.Work, "refused: "+refused.Error())
		return outcome(Summary{Refused: refused.Error()}, nil)
	}
	if err != nil {
		if ctx.Err() != nil {
			e.tell(t, t.Work, "ended: "+context.Cause(ctx).Error())
			return fleet.Outcome{}, err
		}
		e.tell(t, t.Work, "not executed: "+err.Error())
		if foreign, ok := errors.AsType[*scenarios.ForeignError](err); ok { // which another worker may have been told to trust
			err = &fleet.UnfitError{Err: foreign}
		}
		if fetch, ok := errors.AsType[*FetchError](err); ok { // which its coordinator sends, if it has it
			err = &fleet.UnfitError{Err: fetch}
		}
		return fleet.Outcome{}, err
	}
	e.tell(t, result.Run, fmt.Sprintf("%s in %s, in lab %d", result.Entry.Verdict, result.Entry.Took.Round(time.Millisecond), result.Entry.Lab))
	return outcome(Summary{Result: &result}, record)
}

// tell tells of a trial that is over.
func (e *Executor) tell(t fleet.Task, of, how string) {
	if e.Tell != nil {
		e.Tell(fmt.Sprintf("trial %d of %s: %s", t.Trial, of, how))
	}
}

func outcome(s Summary, record []byte) (fleet.Outcome, error) {
	data, err := json.Marshal(s)
	return fleet.Outcome{Summary: data, Record: record}, err
}

// lineOf is where a trial is, for whoever watches.
func lineOf(p trial.Progress) string {
	if p.Text != "" {
		return p.Text
	}
	if p.Verdict != "" {
		return string(p.Verdict)
	}
	return string(p.Phase)
}
