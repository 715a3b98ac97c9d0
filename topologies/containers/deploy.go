package containers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/topologies"
)

// startTimeout bounds the start of one container. An engine's call that is under way
// is not broken off, because what it makes would then be nobody's.
const startTimeout = 2 * time.Minute

// deploy starts the nodes in parallel and lays each cable as soon as both its ends run, but in a
// part of a lab, which has no cabling yet.
func (l *lab) deploy(ctx context.Context) error {
	var err error
	if l.labels, err = ownership(l.options, time.Now()); err != nil {
		return err
	}
	if err := l.makePasswords(); err != nil {
		return err
	}
	if err := l.beginDiskWatch(ctx); err != nil {
		return err
	}
	group, building := errgroup.WithContext(ctx)
	wired := make(chan struct{}) // closed when cables can be laid and processes are watched
	group.Go(func() error {
		w, err := l.openWirer(building)
		if err != nil {
			return err
		}
		l.wirer = w
		l.watch.begin(w, l.provider.options.Helper)
		close(wired)
		return nil
	})
	slots := make(chan struct{}, l.options.Workers)
	for _, n := range l.order {
		group.Go(func() error {
			select {
			case slots <- struct{}{}:
			case <-building.Done():
				return building.Err()
			}
			err := l.start(building, n, wired)
			<-slots
			if err != nil {
				return fmt.Errorf("start node %s: %w", n.Name, err)
			}
			if l.cables == nil {
				return nil
			}
			return l.prepare(building, n, wired)
		})
	}
	if l.cables == nil {
		return group.Wait()
	}
	for _, link := range l.topology.Links {
		group.Go(func() error { return l.await(building, link) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := l.cables.StartSwitches(ctx); err != nil {
		return err
	}
	return l.Settle(ctx)
}

// Settle implements cabling.Part.
func (l *lab) Settle(ctx context.Context) error {
	machines, booting := errgroup.WithContext(ctx)
	for _, n := range l.order {
		machines.Go(func() error { return l.awaitMachine(booting, n) })
	}
	return machines.Wait()
}

// start makes and starts a node's container.
func (l *lab) start(ctx context.Context, n *node, wired <-chan struct{}) error {
	if n.machine != nil {
		if err := l.keepPassword(n); err != nil {
			return err
		}
	}
	req, err := l.request(n)
	if err != nil {
		return err
	}
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return err
	}
	ctr, err := l.maker.CreateContainer(whole, req)
	if ctr != nil && ctr.GetContainerID() != "" {
		n.id = ctr.GetContainerID()
		l.own(n.id)
	}
	if err != nil && n.id == "" && n.limits.quota && strings.Contains(err.Error(), "pquota") {
		n.limits.quota = false // the file system was mounted without; it is watched all the same
		return l.start(ctx, n, wired)
	}
	if err != nil {
		return fmt.Errorf("create container %s: %w", n.container, err)
	}
	select { // so that no process of it is missed
	case <-wired:
		l.watch.add(ctx, n.id)
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctr.Start(whole); err != nil {
		return err
	}
	return l.locate(whole, n)
}

// locate learns the process whose namespaces are the node's.
func (l *lab) locate(ctx context.Context, n *node) error {
	i, err := l.engine.ContainerInspect(ctx, n.id, client.ContainerInspectOptions{})
	if err != nil {
		return fmt.Errorf("inspect container %s: %w", n.container, err)
	}
	st := i.Container.State
	if st == nil || !st.Running || st.Pid == 0 {
		return fmt.Errorf("container %s does not run: %w", n.container, ended(st.ExitCode, st.Error))
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pid = st.Pid
	return n.locateMachine(i.Container)
}

func ended(exit int, detail string) error {
	if detail != "" {
		return errors.New(detail)
	}
	return fmt.Errorf("its command ended with status %d", exit)
}

// prepare keeps places for the cables of a node, makes the bridge of a segment and lets the
// cables be laid.
func (l *lab) prepare(ctx context.Context, n *node, wired <-chan struct{}) error {
	select {
	case <-wired:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := l.cables.Prepare(ctx, n.Name); err != nil {
		return err
	}
	close(n.ready)
	return nil
}

// await lays a cable once both its nodes are ready.
func (l *lab) await(ctx context.Context, link topologies.Link) error {
	for _, e := range []topologies.Endpoint{link.A, link.B} {
		select {
		case <-l.nodes[e.Node].ready:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return l.cables.Connect(ctx, link)
}
