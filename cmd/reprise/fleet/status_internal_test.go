package fleet

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/fleet"
)

// TestImagesCounted: an image is one however many names it has, and one that was sent, which has none, is one too.
func TestImagesCounted(t *testing.T) {
	for _, c := range []struct {
		images map[string]string
		want   string
	}{
		{nil, ", 0 images"},
		{map[string]string{"sha256:a": "sha256:a"}, ", 1 image"},
		{map[string]string{"sha256:a": "sha256:a", "x:1": "sha256:a", "x:latest": "sha256:a", "sha256:b": "sha256:b"}, ", 2 images"},
	} {
		if got := hasWords(fleet.Offer{Images: c.images}); !strings.Contains(got+",", c.want+",") {
			t.Errorf("%v: %s, want %s", c.images, got, c.want)
		}
	}
}
