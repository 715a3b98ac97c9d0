package cli_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// What is logged is told in a line each, whatever somebody is called.
func TestTellLog(t *testing.T) {
	t.Parallel()
	var got []string
	log := cli.TellLog(func(format string, args ...any) { got = append(got, fmt.Sprintf(format, args...)) })
	log.Debug("of no interest")
	log.Info("it is connected again")
	log.Warn("a client is refused", "name", "me\x1b[2J\nthe fleet is fine", "key", "", "from", "10.0.0.1", "err", errors.New("its key is unknown"))
	log.Error("the disk is full", "free", 12)
	want := []string{
		"it is connected again",
		"warning: a client is refused: its key is unknown (name me; the fleet is fine, from 10.0.0.1)",
		"warning: the disk is full (free 12)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
