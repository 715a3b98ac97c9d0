package node_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/node"
)

// knowing is a host that knows its programs.
type knowing struct {
	*drivertest.Rooted
	programs string
	err      error
}

func (k *knowing) Programs(context.Context) (string, error) { return k.programs, k.err }

// Programs are asked once of all nodes that have the same, and of each whose are not known; what is no answer is asked for
// again.
func TestAskPrograms(t *testing.T) {
	t.Parallel()
	sound := regexp.MustCompile(`^version \d+`)
	ask := func(host drivers.Host) string {
		t.Helper()
		n, err := node.Open(t.Context(), "linux", []byte("[]"), drivers.Target{Node: "r1", Host: host})
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close(context.Background()) //nolint:errcheck // it was only asked
		x, err := n.AskPrograms(t.Context(), "ask", "cat /run/reprise/told; exit 3", sound)
		if err != nil || x.Exit != 3 {
			t.Errorf("%+v, %v", x, err)
		}
		return strings.TrimSpace(x.Output)
	}
	says := func(text string) *drivertest.Rooted {
		host := drivertest.NewRooted(t, nil)
		host.Write(t, "/run/reprise/told", text+"\n")
		return host
	}
	for _, tt := range []struct {
		programs, says, want string
	}{
		{"sha256:1", "out of memory", "out of memory"},
		{"sha256:1", "version 1", "version 1"},
		{"sha256:1", "version 2", "version 1"},
		{"sha256:2", "version 2", "version 2"},
		{"", "version 3", "version 3"},
		{"", "version 4", "version 4"},
	} {
		if got := ask(&knowing{Rooted: says(tt.says), programs: tt.programs}); got != tt.want {
			t.Errorf("one of %q that says %q: %q", tt.programs, tt.says, got)
		}
	}
	if got := ask(says("version 5")); got != "version 5" {
		t.Errorf("of a host that does not know: %q", got)
	}
	n, err := node.Open(t.Context(), "linux", []byte("[]"), drivers.Target{Node: "r1", Host: &knowing{Rooted: says(""), err: errors.New("it is gone")}})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close(context.Background()) //nolint:errcheck // it was only asked
	if _, err := n.AskPrograms(t.Context(), "ask", "true", sound); err == nil || !strings.Contains(err.Error(), "r1: ask: it is gone") {
		t.Errorf("it cannot be asked: %v", err)
	}
}
