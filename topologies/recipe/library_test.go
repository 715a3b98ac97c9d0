package recipe_test

import (
	"errors"
	"testing"

	"github.com/reprise-lab/reprise/topologies/recipe"
)

// The newest suite's library comes first, and an image that is not there gives none.
func TestClockLibraries(t *testing.T) {
	t.Parallel()
	got := recipe.ClockLibraries("/lib", func(image string) ([]byte, error) {
		if image == "reprise/debian:bookworm" {
			return nil, errors.New("it is not there")
		}
		return []byte(image), nil
	})
	var from []string
	for _, l := range got {
		if l.Path != "/lib" || string(l.Data) != l.From {
			t.Errorf("%+v", l)
		}
		from = append(from, l.From)
	}
	last := len(from) - 1
	if last < 1 || from[last] != "reprise/debian:bullseye" || from[last-1] != "reprise/debian:trixie" {
		t.Errorf("from %q", from)
	}
}
