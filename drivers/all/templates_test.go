package all_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers/all"
)

// The chapter on drivers says of every template what its layout rests on.
func TestTemplatesAreListed(t *testing.T) {
	r, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, platform := range []string{"exos", "voss"} {
		var listed []string
		for line := range strings.Lines(string(text)) {
			row, ok := strings.CutPrefix(line, "| `"+platform+":` |")
			if !ok {
				continue
			}
			for i, word := range strings.Split(row, "`") {
				if i%2 == 1 {
					listed = append(listed, platform+":"+word)
				}
			}
		}
		slices.Sort(listed)
		if want := slices.Sorted(slices.Values(r.Templates(platform))); !slices.Equal(listed, want) {
			t.Errorf("listed %v, there are %v", listed, want)
		}
	}
}
