package containers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// GC removes the containers of labs that nobody needs any more: those whose owner on
// this machine has ended and that were not meant to outlive it, and those past their
// time. It touches nothing that lacks our labels. A lab has nothing outside its
// containers but the passwords of machines within them. removed names what it removed.
func (p *Provider) GC(ctx context.Context, now time.Time) (removed []string, err error) {
	host, err := hostID()
	if err != nil {
		return nil, err
	}
	return p.sweep(ctx, func(labels map[string]string) bool { return abandoned(labels, host, now) })
}

// RemoveRun removes the containers of one run, kept or not and whoever owns them.
func (p *Provider) RemoveRun(ctx context.Context, run string) (removed []string, err error) {
	return p.sweep(ctx, func(labels map[string]string) bool { return labels[LabelRun] == run })
}

// Sources implements topologies.SourceTeller.
func (p *Provider) Sources(ctx context.Context, run string) ([]string, error) {
	_, c, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	found, err := c.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: make(client.Filters).Add("label", LabelRun+"="+run)})
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	var sources []string
	for _, item := range found.Items {
		if s := item.Labels[LabelSource]; item.Labels[LabelNode] != helperNode && !slices.Contains(sources, s) {
			sources = append(sources, s)
		}
	}
	return sources, nil
}

// sweep removes those of our containers whose labels match.
func (p *Provider) sweep(ctx context.Context, match func(labels map[string]string) bool) (removed []string, err error) {
	_, c, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	found, err := c.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: make(client.Filters).Add("label", LabelRun)})
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var errs []error
	for _, item := range found.Items {
		if !match(item.Labels) {
			continue
		}
		wg.Go(func() {
			err := remove(ctx, c, item.ID)
			if err == nil {
				err = os.RemoveAll(privateDir(labID(item.Labels[LabelRun], item.Labels[LabelLab])))
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
				return
			}
			removed = append(removed, displayName(item.Names, item.ID))
		})
	}
	wg.Wait()
	return removed, errors.Join(errs...)
}

// abandoned says whether a container with these labels may be removed. Labels that
// cannot be read are not ours to judge.
func abandoned(labels map[string]string, host string, now time.Time) bool {
	if expires, err := time.Parse(time.RFC3339, labels[LabelExpires]); err == nil && now.After(expires) {
		return true
	}
	pid, err := strconv.Atoi(labels[LabelOwner])
	if err != nil || labels[LabelHost] != host || labels[LabelOwnerStart] == "" || labels[LabelKeep] == "true" {
		return false
	}
	start, err := processStart(pid)
	return err != nil || start != labels[LabelOwnerStart]
}

// remove ends a container and takes it away. One that is gone, or that somebody else
// is just taking away, is no error.
func remove(ctx context.Context, c client.APIClient, id string) error {
	_, err := c.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if err == nil || errdefs.IsNotFound(err) {
		return nil
	}
	if errdefs.IsConflict(err) && strings.Contains(err.Error(), "already in progress") {
		return nil
	}
	return fmt.Errorf("remove container %s: %w", id, err)
}

func displayName(names []string, id string) string {
	if len(names) == 0 {
		return id
	}
	return strings.TrimPrefix(names[0], "/")
}
