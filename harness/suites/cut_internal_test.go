package suites

import (
	"context"
	"errors"
	"testing"
)

// The record of a trial that was cut says by whom: Ginkgo takes every signal for the user's.
func TestCutBy(t *testing.T) {
	over := errors.New("it took too long")
	user := errors.New("Interrupted by User")
	for name, tt := range map[string]struct {
		cause error
		gone  func() bool
		want  error
	}{
		"by a signal":        {user, func() bool { return false }, errSignal},
		"nobody can tell":    {user, nil, errSignal},
		"who began it ended": {user, func() bool { return true }, errGone},
		"by its time":        {over, nil, over},
	} {
		t.Run(name, func(t *testing.T) {
			spec, cancel := context.WithCancelCause(t.Context())
			ctx := cutBy(spec, tt.gone)
			if ctx.Err() != nil {
				t.Fatal("it is cut already")
			}
			cancel(tt.cause)
			<-ctx.Done()
			if got := context.Cause(ctx); !errors.Is(got, tt.want) {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}
