package experiment_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// keptLab is a lab that is up. Its captures lose frames.
type keptLab struct {
	topologies.Reservation

	begun   func()           // hears that a fault is being put in
	refuses error            // says why it is not
	half    bool             // of which something is left then
	stuck   map[string]error // why what is left stays, healed or cleared
	done    []string
}

func (l *keptLab) Inject(ctx context.Context, _ topologies.Fault) (topologies.Active, error) {
	l.begun()
	l.done = append(l.done, "inject")
	err := errors.Join(ctx.Err(), l.refuses)
	if err != nil && !l.half {
		return nil, err
	}
	return keptActive{l}, err
}

func (l *keptLab) Clear(ctx context.Context, _ topologies.Endpoint) error {
	l.done = append(l.done, "clear")
	return errors.Join(ctx.Err(), l.stuck["clear"])
}

func (*keptLab) Capture(context.Context, topologies.CaptureSpec) (topologies.Capture, error) {
	return losing{}, nil
}

type keptActive struct{ *keptLab }

func (keptActive) Fired(context.Context) (uint64, error) { return 0, nil }

func (a keptActive) Heal(ctx context.Context) error {
	a.done = append(a.done, "heal")
	return errors.Join(ctx.Err(), a.stuck["heal"])
}

// losing is a capture that has lost frames.
type losing struct{}

func (losing) Mark(time.Time, string)                            {}
func (losing) Sync(context.Context) (topologies.Captured, error) { return losing{}.Stop() }
func (losing) Stop() (topologies.Captured, error) {
	return topologies.Captured{Frames: 7, Dropped: 2, Discarded: 1}, nil
}

// Whatever goes wrong while a fault goes into a lab that is up, nothing of it is left there, or it is said that something is.
func TestTryKeptLeavesNothing(t *testing.T) {
	t.Parallel()
	refused, stuck := errors.New("refused"), errors.New("stuck")
	for _, tt := range []struct {
		name      string
		lab       keptLab
		interrupt bool
		done      string
		answer    string
		left      bool
	}{
		{name: "put in", done: "inject heal"},
		{name: "interrupted", interrupt: true, done: "inject heal", answer: "interrupted, and taken back: "},
		{name: "refused", lab: keptLab{refuses: refused}, done: "inject clear", answer: "refused"},
		{name: "refused, and interrupted", lab: keptLab{refuses: refused}, interrupt: true, done: "inject clear", answer: "interrupted, and taken back: refused"},
		{name: "half", lab: keptLab{refuses: refused, half: true}, done: "inject heal clear", answer: "refused"},
		{
			name: "half, and stuck", lab: keptLab{refuses: refused, half: true, stuck: map[string]error{"heal": stuck}}, interrupt: true,
			done: "inject heal clear", answer: "interrupted, and not taken back: ", left: true,
		},
		{name: "not cleared", lab: keptLab{refuses: refused, stuck: map[string]error{"clear": stuck}}, done: "inject clear", answer: "refused", left: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			lab := &tt.lab
			lab.begun = func() {
				if tt.interrupt {
					cancel()
				}
			}
			link := topologies.Link{A: topologies.Endpoint{Node: "r1", Interface: "eth1"}, B: topologies.Endpoint{Node: "r2", Interface: "eth1"}}
			step := scenarios.Step{Link: "r1:eth1", Fault: scenarios.FaultDrop, For: scenarios.Duration(time.Millisecond)}
			var said []string
			out, err := experiment.TryKept(ctx, lab, step, link, t.TempDir(), func(line string) { said = append(said, line) })
			if got := strings.Join(lab.done, " "); got != tt.done {
				t.Errorf("done: %s", got)
			}
			if _, left := errors.AsType[*experiment.NotHealedError](err); left != tt.left || !strings.HasPrefix(out.Answer, tt.answer) {
				t.Errorf("%q, %v", out.Answer, err)
			}
			if !errors.Is(err, tt.lab.refuses) {
				t.Errorf("got %v", err)
			}
			want := []string{"no witness at r1:eth1: the capture there lost 3 frames", "no witness at r2:eth1: the capture there lost 3 frames"}
			if !slices.Equal(said, want) {
				t.Errorf("said: %q", said)
			}
		})
	}
}
