package containers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
)

var (
	_ topologies.Attacher   = (*Provider)(nil)
	_ topologies.KeptTeller = (*Provider)(nil)
)

// KeptLabs implements topologies.KeptTeller.
func (p *Provider) KeptLabs(ctx context.Context) (list []topologies.KeptLab, err error) {
	_, c, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	host, err := hostID()
	if err != nil {
		return nil, err
	}
	found, err := c.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: make(client.Filters).Add("label", LabelRun)})
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	for _, item := range found.Items {
		number, err := strconv.Atoi(item.Labels[LabelLab])
		kept := topologies.KeptLab{Run: item.Labels[LabelRun], Number: number}
		switch {
		case err != nil, item.Labels[LabelNode] == helperNode, slices.Contains(list, kept):
		case item.Labels[LabelUser] == strconv.Itoa(os.Geteuid()) && ownedBy(item.Labels, host) == "":
			list = append(list, kept)
		}
	}
	return list, nil
}

// Attach implements topologies.Attacher.
func (p *Provider) Attach(ctx context.Context, t topologies.Topology, run string, number int) (topologies.Reservation, error) {
	_, c, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	list, err := containersOf(ctx, c, run, number)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(item container.Summary) bool { return item.Labels[LabelNode] != helperNode })
	if i < 0 {
		return nil, topologies.ErrNoLab
	}
	host, err := hostID()
	if err != nil {
		return nil, err
	}
	id, labels := labID(run, strconv.Itoa(number)), list[i].Labels
	if labels[LabelHost] == host && labels[LabelUser] != strconv.Itoa(os.Geteuid()) {
		return nil, topologies.ErrNoLab
	}
	if by := ownedBy(labels, host); by != "" {
		return nil, &topologies.TakenError{Lab: id, By: by}
	}
	lock, err := lockLab(id)
	if err != nil {
		return nil, err
	}
	l, err := p.plan(ctx, t, topologies.Options{Run: run, Lab: number})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("attach to lab %s: %w", id, err), lock.Close())
	}
	l.lock = lock
	if err := l.attach(ctx, list); err != nil {
		return nil, errors.Join(fmt.Errorf("attach to lab %s: %w", id, err), l.Release(ctx))
	}
	return l, nil
}

// containersOf lists what a lab has in the engine.
func containersOf(ctx context.Context, c client.APIClient, run string, number int) ([]container.Summary, error) {
	filters := make(client.Filters).Add("label", LabelRun+"="+run, LabelLab+"="+strconv.Itoa(number))
	found, err := c.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: filters})
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	return found.Items, nil
}

// ownedBy says who built a lab and goes on, by its labels, or why nobody knows on this machine, which is host; it is
// empty where he has ended.
func ownedBy(labels map[string]string, host string) string {
	if labels[LabelHost] != host {
		return fmt.Sprintf("machine %q built it, and whether that goes on with it is known there alone (a container is a machine of its own: give it the --hostname that built the lab)", labels[LabelHost])
	}
	pid, err := strconv.Atoi(labels[LabelOwner])
	if err != nil || labels[LabelOwnerStart] == "" {
		return "its labels do not say which process built it"
	}
	start, err := processStart(pid)
	switch {
	case errors.Is(err, errEnded) || err == nil && start != labels[LabelOwnerStart]:
		return ""
	case err != nil:
		return fmt.Sprintf("whether process %d, which built it, goes on is not known: %v", pid, err)
	default:
		return fmt.Sprintf("process %d, which built it, goes on", pid)
	}
}

// lockLab keeps others from a lab until what it returns is closed, or this process ends, however. Its name is among
// those that the machine's users share and that no file stands for.
func lockLab(id string) (*net.UnixListener, error) {
	sum := sha256.Sum256([]byte(id))
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: "@reprise-attached-" + hex.EncodeToString(sum[:16]), Net: "unix"})
	if errors.Is(err, unix.EADDRINUSE) {
		return nil, &topologies.TakenError{Lab: id, By: "somebody else is attached to it"}
	}
	if err != nil {
		return nil, fmt.Errorf("lock lab %s: %w", id, err)
	}
	return l, nil
}

// attach takes up a lab whose containers run. Helpers of processes that are gone are taken away: they do
// nothing without those.
func (l *lab) attach(ctx context.Context, list []container.Summary) error {
	ids := map[string]string{}
	for _, item := range list {
		if item.Labels[LabelNode] == helperNode {
			if err := remove(ctx, l.engine, item.ID); err != nil {
				return err
			}
			continue
		}
		ids[item.Labels[LabelNode]] = item.ID
	}
	for _, n := range l.order {
		id, ok := ids[n.Name]
		if !ok {
			return fmt.Errorf("it has no node %s: was it built of this topology?", n.Name)
		}
		n.id = id
		if err := l.locate(ctx, n); err != nil {
			return err
		}
	}
	var err error
	if l.labels, err = ownership(l.options, time.Now()); err != nil { // of the helper
		return err
	}
	if l.wirer, err = l.openWirer(ctx); err != nil {
		return err
	}
	if l.cables, err = l.newCabling(); err == nil {
		l.cables.Found = true
	}
	return err
}
