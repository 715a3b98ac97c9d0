package device

import (
	"context"
	"fmt"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
)

// Apply sends a start-up configuration through configure; a refused line is an error with
// the device's words. Blank lines and those that begin with the comment sign are not sent.
func (d *Device) Apply(ctx context.Context, config []byte, comment string, configure func(context.Context, []string) ([]drivers.Exchange, error)) error {
	const op = "apply configuration"
	var lines []string
	for line := range strings.Lines(string(config)) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, comment) {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	xs, err := configure(ctx, lines)
	for _, x := range xs {
		if x.Rejected != "" {
			return d.Fail(op, fmt.Errorf("%w: %q: %s", drivers.ErrRefused, x.Command, x.Rejected))
		}
	}
	return d.Fail(op, err)
}
