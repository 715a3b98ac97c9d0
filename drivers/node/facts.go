package node

import (
	"context"
	"strings"

	"github.com/reprise-lab/reprise/drivers/session"
)

// Packages tells the versions of installed Debian packages; those that are not
// installed, or a node without dpkg, are left out.
func (n *Node) Packages(ctx context.Context, names ...string) (map[string]string, error) {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = session.Quote(name)
	}
	out, err := n.Control(ctx, "ask for packages", `if command -v dpkg-query >/dev/null; then dpkg-query -W -f '${Package} ${Version}\n' `+strings.Join(quoted, " ")+` 2>/dev/null || true; fi`)
	if err != nil {
		return nil, err
	}
	versions := map[string]string{}
	for line := range strings.Lines(out) {
		if name, version, ok := strings.Cut(strings.TrimSpace(line), " "); ok && version != "" {
			versions[name] = version
		}
	}
	return versions, nil
}

// System adds the kernel and the distribution to details.
func (n *Node) System(ctx context.Context, details map[string]string) error {
	out, err := n.Control(ctx, "ask for the system", `uname -r; . /etc/os-release 2>/dev/null && echo "$PRETTY_NAME"`)
	if err != nil {
		return err
	}
	kernel, os, _ := strings.Cut(strings.TrimSpace(out), "\n")
	details["kernel"] = kernel
	if os != "" {
		details["os"] = os
	}
	return nil
}
