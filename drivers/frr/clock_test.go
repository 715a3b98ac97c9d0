package frr_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/frr"
	"github.com/reprise-lab/reprise/drivers/session"
)

// asked is a host that keeps what it was asked to open, and opens nothing.
type asked struct {
	drivers.Host
	argv []string
}

func (a *asked) Open(_ context.Context, argv []string, _ bool) (io.ReadWriteCloser, error) {
	a.argv = argv
	return nil, errors.New("nothing is opened")
}

// TestRealTime: vtysh runs by this machine's clock in a lab that has its own. By a fast one it
// takes an answer for starvation and says so after its prompt.
func TestRealTime(t *testing.T) {
	t.Parallel()
	dialect, err := frr.Dialect()
	if err != nil {
		t.Fatal(err)
	}
	var host asked
	if _, err := session.OpenCLI(t.Context(), session.Config{Node: "r1", Host: &host}, dialect); err == nil {
		t.Fatal("it opened")
	}
	if !slices.Contains(host.argv, "LD_PRELOAD=") {
		t.Errorf("it is run as %q", host.argv)
	}
}
