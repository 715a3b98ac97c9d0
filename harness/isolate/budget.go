package isolate

import (
	"context"
	"errors"
	"slices"
	"time"
)

var errBudget = errors.New("the budget is used up")

// budget keeps the time that runs take together within a bound.
type budget struct {
	whole, spent time.Duration
	recent       []time.Duration // what the last runs took
}

// expectFrom is the number of runs that the next is expected to be like.
const expectFrom = 9

func (b *budget) spend(took time.Duration) {
	b.spent += took
	b.recent = append(b.recent, took)
	if len(b.recent) > expectFrom {
		b.recent = b.recent[1:]
	}
}

// expected is how long the next run takes: the median of the last ones.
func (b *budget) expected() time.Duration {
	if len(b.recent) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(b.recent))
	return sorted[len(sorted)/2]
}

// affords tells how many of n runs can end within what is left, and how long each of them
// may take.
func (b *budget) affords(n int) (int, share) {
	if b.whole == 0 {
		return n, 0
	}
	left := b.whole - b.spent
	for n > 0 && left < time.Duration(n)*max(b.expected(), 1) {
		n--
	}
	return n, share(left / time.Duration(max(n, 1)))
}

// share is the time that one run may take; 0 is no bound.
type share time.Duration

// context ends the runs when the share is used up, with errBudget as the cause.
func (s share) context(ctx context.Context) (context.Context, context.CancelFunc) {
	if s <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, time.Duration(s), errBudget)
}
