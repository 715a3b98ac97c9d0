package node

import (
	"context"
	"fmt"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/topologies/bounded"
)

// checkFile is where a configuration that is only checked lies meanwhile.
const checkFile = "/tmp/reprise-check.conf"

// maxChecked bounds what a program says of a configuration, in bytes.
const maxChecked = 1 << 20

// Check has a program read a configuration and returns what it said and its exit status.
// argv is completed by the name of the file. An end by a signal is a status of 128 or more
// and one by the bound of 10 seconds 124, as timeout(1) tells them.
func Check(ctx context.Context, h drivers.Host, config []byte, argv ...string) (words string, exit int, err error) {
	if err := h.WriteFile(ctx, checkFile, config, 0o644); err != nil {
		return "", 0, fmt.Errorf("check configuration: %w", err)
	}
	out := bounded.NewFirst(maxChecked)
	exit, err = h.Exec(ctx, append(append([]string{"timeout", "10"}, argv...), checkFile), nil, out, out)
	if err == nil && out.Over() {
		err = fmt.Errorf("%s says more than %d bytes", argv[0], maxChecked)
	}
	if err != nil {
		return "", 0, fmt.Errorf("check configuration: %w", err)
	}
	return out.String(), exit, nil
}
