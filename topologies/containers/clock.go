package containers

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/faketime"
	"github.com/reprise-lab/reprise/topologies/recipe"
)

// ClockLibraries implements topologies.ClockSource.
func (p *Provider) ClockLibraries(ctx context.Context) ([]topologies.ClockLibrary, error) {
	_, c, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	var errs []error
	libraries := recipe.ClockLibraries(faketime.Installed(), func(image string) ([]byte, error) {
		data, err := readImage(ctx, c, image, faketime.Installed(), faketime.Largest)
		if err != nil && !errdefs.IsNotFound(err) {
			errs = append(errs, err)
		}
		return data, err
	})
	return libraries, errors.Join(errs...)
}

// readImage reads a file of an image, of so many bytes at most, from a container that never starts.
func readImage(ctx context.Context, c client.APIClient, image, path string, limit int64) (data []byte, err error) {
	if _, err := c.ImageInspect(ctx, image); err != nil {
		return nil, err
	}
	o, err := fill(topologies.Options{})
	if err != nil {
		return nil, err
	}
	labels, err := ownership(o, time.Now())
	if err != nil {
		return nil, err
	}
	made, err := c.ContainerCreate(ctx, client.ContainerCreateOptions{
		Config: &container.Config{Image: image, Labels: labels}, HostConfig: &container.HostConfig{NetworkMode: "none"},
	})
	if err != nil {
		return nil, fmt.Errorf("look into image %s: %w", image, err)
	}
	defer func() { err = errors.Join(err, remove(context.WithoutCancel(ctx), c, made.ID)) }()
	copied, err := c.CopyFromContainer(ctx, made.ID, client.CopyFromContainerOptions{SourcePath: path})
	if err != nil {
		return nil, fmt.Errorf("read %s of image %s: %w", path, image, err)
	}
	defer copied.Content.Close() //nolint:errcheck // read only
	r := tar.NewReader(copied.Content)
	h, err := r.Next()
	if err != nil {
		return nil, fmt.Errorf("read %s of image %s: %w", path, image, err)
	}
	if h.Typeflag != tar.TypeReg || h.Size > limit {
		return nil, fmt.Errorf("read %s of image %s: it is no file of at most %d bytes", path, image, limit)
	}
	return io.ReadAll(io.LimitReader(r, limit))
}
