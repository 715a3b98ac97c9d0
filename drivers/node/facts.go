package node

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
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

// FactsOf are the facts of a node that runs a product: the versions of its packages and of more,
// the kernel and the distribution, and its version, which is the first group of version in the
// answer to the product's own command.
func (n *Node) FactsOf(ctx context.Context, p drivers.Product, version *regexp.Regexp, more ...string) (drivers.Facts, error) {
	details, err := n.Packages(ctx, slices.Concat(p.Packages, more)...)
	if err != nil {
		return drivers.Facts{}, err
	}
	if err := n.System(ctx, details); err != nil {
		return drivers.Facts{}, err
	}
	v, err := n.VersionOf(ctx, p, version)
	if err != nil {
		return drivers.Facts{}, err
	}
	return drivers.Facts{Platform: n.platform, Version: v, Details: details}, nil
}

// VersionOf asks for the version of a product alone.
func (n *Node) VersionOf(ctx context.Context, p drivers.Product, version *regexp.Regexp) (string, error) {
	const op = "ask for the version"
	out, err := n.Control(ctx, op, p.Facts)
	if err != nil {
		return "", err
	}
	m := version.FindStringSubmatch(out)
	if m == nil {
		return "", n.Fail(op, fmt.Errorf("unexpected %q", out))
	}
	return m[1], nil
}
