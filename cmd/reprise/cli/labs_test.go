package cli_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/harnesstest"
	"github.com/reprise-lab/reprise/topologies"
)

// collecting is a provider whose clean-up meets an error.
type collecting struct {
	harnesstest.Provider
	err error
}

func (*collecting) Close() error { return nil }

func (c *collecting) GC(context.Context, time.Time) ([]string, error) { return nil, c.err }

func (c *collecting) RemoveRun(context.Context, string) ([]string, error) { return nil, c.err }

// What an earlier run has left on a disk that is not mounted is no matter of this one; all else is.
func TestCleanUp(t *testing.T) {
	t.Parallel()
	away := &topologies.AwayError{Path: "/mnt/runs/.reprise-files-x", Note: "/n/x"}
	other := errors.New("something else")
	for _, tt := range []struct {
		name string
		err  error
		bad  bool
	}{
		{name: "nothing"},
		{name: "away", err: errors.Join(nil, errors.Join(away, away))},
		{name: "another", err: other, bad: true},
		{name: "both", err: errors.Join(errors.Join(away, other)), bad: true},
		{name: "both of two providers", err: errors.Join(fmt.Errorf("a: %w", other), errors.Join(away)), bad: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := cli.CleanUp(t.Context(), &collecting{err: tt.err}, "")
			if errors.Is(err, other) != tt.bad || (err != nil) != tt.bad {
				t.Errorf("the error is %v", err)
			}
			if _, ok := errors.AsType[*topologies.AwayError](err); ok {
				t.Errorf("what is away is told: %v", err)
			}
		})
	}
}
