package containers

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers/engine"
	"github.com/reprise-lab/reprise/topologies/containers/images"
	"github.com/reprise-lab/reprise/topologies/recipe"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// planned is a node with everything decided that can be before it starts.
type planned struct {
	topologies.Node
	ours    bool // the image is one that this tool made
	command bool // the image, or the node, brings a command of its own
	limits  limits
	ports   []published
	machine *machine // within the container; nil: there is none
}

// plan looks whether the nodes of a topology can be built here: images, names, and what they ask for.
func plan(ctx context.Context, c client.APIClient, t topologies.Topology) ([]planned, error) {
	var nodes []planned
	var errs []error
	info, err := about(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := protected(info); err != nil {
		return nil, err
	}
	look := &looked{client: c, known: map[string]imageFacts{}, memory: info.MemTotal, quota: engine.Quota(info)}
	for _, n := range t.Nodes {
		pl, err := planNode(ctx, look, t, n)
		if err != nil {
			errs = append(errs, fmt.Errorf("node %s: %w", n.Name, err))
		}
		nodes = append(nodes, pl)
	}
	return nodes, errors.Join(errs...)
}

// looked is what a plan has learned of the engine.
type looked struct {
	client client.APIClient
	known  map[string]imageFacts
	memory int64 // of the machine, in bytes
	quota  bool  // its storage can bound files
}

func planNode(ctx context.Context, look *looked, t topologies.Topology, n topologies.Node) (planned, error) {
	pl := planned{Node: n}
	var err error
	if n.IsSegment() {
		if _, err = wiring.SegmentOf(n); err != nil {
			return pl, err
		}
		if pl.Image == "" {
			if pl.Image, err = segmentImage(ctx, look.client); err != nil {
				return pl, err
			}
		}
	}
	if pl.Image == "" {
		return pl, topologies.ErrNoImage
	}
	facts, ok := look.known[pl.Image]
	if !ok {
		if facts, err = factsOf(ctx, look.client, pl.Image); err != nil {
			return pl, err
		}
		look.known[pl.Image] = facts
	}
	pl.ours = facts.ours
	pl.command = n.Cmd != "" || n.Entrypoint != "" || facts.command
	if pl.ports, err = publish(n.Ports); err != nil {
		return pl, err
	}
	if pl.machine, err = machineOf(n, facts.health); err != nil {
		return pl, err
	}
	if pl.limits, err = limitsOf(n, pl.machine != nil, look.memory); err != nil {
		return pl, err
	}
	if pl.machine != nil {
		for _, iface := range t.Interfaces(n.Name) {
			if _, err := netdev(iface); err != nil {
				return pl, err
			}
		}
	}
	pl.limits.quota = look.quota
	if shares(n.NetworkMode) && cabled(t, n.Name) {
		return pl, fmt.Errorf("a node in another's network (%s) cannot have cables", n.NetworkMode)
	}
	if !shares(n.NetworkMode) {
		if err := wiring.CheckSettings(n); err != nil {
			return pl, err
		}
	}
	pl.Binds = absolute(n.Binds, t.Dir)
	return pl, nil
}

// imageFacts is what a plan needs to know of an image.
type imageFacts struct{ ours, command, health bool }

func factsOf(ctx context.Context, c client.APIClient, ref string) (imageFacts, error) {
	i, err := c.ImageInspect(ctx, ref)
	if errdefs.IsNotFound(err) {
		return imageFacts{}, images.Missing(ref)
	}
	if err != nil {
		return imageFacts{}, fmt.Errorf("inspect image %s: %w", ref, err)
	}
	if i.Config == nil {
		return imageFacts{}, nil
	}
	argv := append(append([]string{}, i.Config.Entrypoint...), i.Config.Cmd...)
	check := i.Config.Healthcheck
	return imageFacts{
		ours: i.Config.Labels[recipe.LabelRecipe] != "", command: len(argv) > 0 && !isShell(argv),
		health: check != nil && len(check.Test) > 0 && check.Test[0] != "NONE",
	}, nil
}

// isShell says that a command is nothing but a shell, which ends at once when nobody
// is at its terminal.
func isShell(argv []string) bool {
	name := filepath.Base(argv[0])
	return len(argv) == 1 && (name == "sh" || name == "bash" || name == "ash")
}

// segmentImage chooses the image for a segment that names none: any of ours will do.
func segmentImage(ctx context.Context, c client.APIClient) (string, error) {
	list, err := images.New(c, "").List(ctx)
	if err != nil {
		return "", err
	}
	preferred := recipe.SuiteRef("bookworm")
	for _, img := range list {
		for _, ref := range img.Refs {
			if ref == preferred {
				return ref, nil
			}
		}
	}
	for _, img := range list {
		if len(img.Refs) > 0 {
			return img.Refs[0], nil
		}
	}
	return "", images.Missing(preferred)
}

// absolute makes the host part of binds absolute.
func absolute(binds []string, dir string) []string {
	var list []string
	for _, b := range binds {
		host, rest, _ := strings.Cut(b, ":")
		if !filepath.IsAbs(host) {
			if full, err := filepath.Abs(filepath.Join(dir, host)); err == nil {
				host = full
			}
		}
		list = append(list, host+":"+rest)
	}
	return list
}
