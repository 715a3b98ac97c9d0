package bird

import (
	"context"
	"regexp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/node"
)

// parseError matches BIRD's words for a place in the configuration that it refuses:
// "bird: FILE:6:1 syntax error".
var parseError = regexp.MustCompile(`(?m)^bird: \S+?:(\d+:\d+ .*)$`)

// CheckSyntax implements drivers.SyntaxChecker with "bird -p".
func (Factory) CheckSyntax(ctx context.Context, h drivers.Host, config []byte) (string, error) {
	words, exit, err := node.Check(ctx, h, config, "bird", "-p", "-c")
	if m := parseError.FindStringSubmatch(words); err == nil && exit == 1 && m != nil {
		return m[1], nil
	}
	return "", err
}
