package node_test

import (
	"context"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/node"
)

// endless is a node whose programs do not end saying what they think of a configuration.
type endless struct{ drivers.Host }

func (endless) WriteFile(context.Context, string, []byte, fs.FileMode) error { return nil }

func (endless) Exec(_ context.Context, _ []string, _ io.Reader, stdout, _ io.Writer) (int, error) {
	for range 1 << 8 {
		if _, err := io.WriteString(stdout, strings.Repeat("line 1: no\n", 1<<10)); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// What is not read to its end is no judgement of a configuration.
func TestEndlessCheck(t *testing.T) {
	if words, exit, err := node.Check(t.Context(), endless{}, nil, "vtysh", "-C", "-f"); err == nil {
		t.Errorf("got %d bytes and exit status %d", len(words), exit)
	}
}
