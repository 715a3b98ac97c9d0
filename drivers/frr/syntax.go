package frr

import (
	"context"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/node"
)

// CheckSyntax implements drivers.SyntaxChecker with "vtysh -C". That knows the lines of
// every daemon, so it refuses less than a daemon may.
func (Factory) CheckSyntax(ctx context.Context, h drivers.Host, config []byte) (string, error) {
	words, exit, err := node.Check(ctx, h, config, "vtysh", "-C", "-f")
	if err != nil || exit == 0 || exit >= 124 {
		return "", err
	}
	return strings.Join(loadRefusals(words), "; "), nil
}
