package mixed_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/mixed"
)

// source is a builder that has libraries for clocks.
type source struct {
	mixed.Builder
	from string // images, apart by spaces
	err  error
}

func (s source) ClockLibraries(context.Context) (libraries []topologies.ClockLibrary, err error) {
	for f := range strings.FieldsSeq(s.from) {
		libraries = append(libraries, topologies.ClockLibrary{From: f})
	}
	return libraries, s.err
}

// The libraries are those of both places, each image's once; that one place does not answer is told.
func TestClockLibraries(t *testing.T) {
	silent := errors.New("the engine does not answer")
	p := mixed.New(source{from: "new old", err: silent}, source{from: "new other"})
	libraries, err := p.ClockLibraries(t.Context())
	var from []string
	for _, l := range libraries {
		from = append(from, l.From)
	}
	if got := strings.Join(from, " "); got != "new other old" || !errors.Is(err, silent) {
		t.Errorf("those of %q: %v", got, err)
	}
}
