package cli_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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

// A stranger who connects again and again does not fill a log, and that lines were dropped is told.
func TestTellLogBounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []string
		log := cli.TellLog(func(format string, args ...any) { got = append(got, fmt.Sprintf(format, args...)) })
		for range 1000 {
			log.Warn("a client is refused", "name", strings.Repeat("x", 4000))
		}
		if len(got) != 60 || len(got[0]) > 600 {
			t.Errorf("%d lines of %d bytes", len(got), len(got[0]))
		}
		time.Sleep(time.Minute) //nolint:forbidigo // of the bubble's clock
		log.Info("it is connected again")
		if got = got[60:]; !slices.Equal(got, []string{"940 lines that came too fast were not told", "it is connected again"}) {
			t.Errorf("%q", got)
		}
	})
}
