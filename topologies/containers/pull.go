package containers

import (
	"context"
	"fmt"
	"slices"

	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies"
)

// Pull fetches the images of a topology that the engine does not hold, from the
// registries it knows. It is only ever called because somebody asked for it.
func (p *Provider) Pull(ctx context.Context, t topologies.Topology, progress func(string)) error {
	_, c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	var done []string
	for _, n := range t.Nodes {
		if n.Image == "" || slices.Contains(done, n.Image) {
			continue
		}
		done = append(done, n.Image)
		if _, err := c.ImageInspect(ctx, n.Image); err == nil {
			continue
		}
		progress("pulling " + n.Image)
		r, err := c.ImagePull(ctx, n.Image, client.ImagePullOptions{})
		if err == nil {
			err = r.Wait(ctx)
		}
		if err != nil {
			return &topologies.MissingError{What: "image", Name: n.Image, Hint: fmt.Sprintf("pulling it did not work: %v", err)}
		}
	}
	return nil
}
