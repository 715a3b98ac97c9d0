package wiring_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// endless is the node of a segment that says without end what it has.
type endless struct {
	topologies.Host
	exit int
}

func (e endless) Exec(_ context.Context, _ []string, _ io.Reader, stdout, _ io.Writer) (int, error) {
	for range 1 << 10 {
		if _, err := io.WriteString(stdout, strings.Repeat("eth1 ", 1<<12)); err != nil {
			return 0, err
		}
	}
	return e.exit, nil
}

// A node that lists ports without end has no list of ports, and its words have an end.
func TestEndlessSwitch(t *testing.T) {
	seg := wiring.Segment{Name: "s1"}
	if ports, _, err := wiring.SwitchPorts(t.Context(), endless{}, seg); err == nil {
		t.Errorf("got %d ports", len(ports))
	}
	if err := wiring.StartSwitch(t.Context(), endless{exit: 1}, seg, nil); err == nil || len(err.Error()) > 64<<10 {
		t.Errorf("got %.80q", err)
	}
}
