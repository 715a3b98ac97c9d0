package cabling

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture"
)

// recording is a capture that runs. Its error is guarded by the cabling's wires.
type recording struct {
	cabling  *Cabling
	endpoint topologies.Endpoint
	tap      capture.Tap
	run      *capture.Capture
	blind    error // why nobody saw what passed a new interface
}

// Capture implements topologies.Capturer.
func (c *Cabling) Capture(ctx context.Context, s topologies.CaptureSpec) (topologies.Capture, error) {
	link, ok := c.Topology.Link(s.Endpoint.Node, s.Endpoint.Interface)
	if !ok {
		return nil, fmt.Errorf("capture at %s: no cable ends there", s.Endpoint)
	}
	c.wires.Lock()
	defer c.wires.Unlock()
	r := &recording{cabling: c, endpoint: at(link.A), tap: capture.Tap{Interface: link.A.Interface, Filter: s.Filter, Ring: s.Ring}}
	tap, err := c.Site.Tap(ctx, link.A.Node, r.tap)
	if err != nil {
		return nil, err
	}
	r.run, err = capture.Start(tap, capture.Options{
		Path: s.Path, Name: r.endpoint.String(), Describe: fmt.Sprintf("cable %s–%s", link.A, link.B), About: s.About, Tap: r.tap, Max: s.Max, Each: s.Each, Shift: s.Shift,
	})
	if err != nil {
		return nil, err
	}
	c.recordings = append(c.recordings, r)
	return r, nil
}

// Mark implements topologies.Capture.
func (r *recording) Mark(at time.Time, text string) { r.run.Mark(at, text) }

// Sync implements topologies.Capture.
func (r *recording) Sync(ctx context.Context) (topologies.Captured, error) {
	s, err := r.run.Sync(ctx)
	r.cabling.wires.Lock()
	defer r.cabling.wires.Unlock()
	return captured(s), errors.Join(r.blind, err)
}

// Stop implements topologies.Capture.
func (r *recording) Stop() (topologies.Captured, error) {
	c := r.cabling
	c.wires.Lock()
	c.recordings = slices.DeleteFunc(c.recordings, func(other *recording) bool { return other == r })
	blind := r.blind
	c.wires.Unlock()
	s, err := r.run.Stop()
	return captured(s), errors.Join(blind, err)
}

func captured(s capture.Summary) topologies.Captured {
	return topologies.Captured{Frames: s.Frames - s.Discarded, Bytes: s.Bytes, Dropped: s.Dropped, Discarded: s.Discarded, Anew: s.Anew}
}

// recorded says whether what passes a cable is captured. The caller holds wires.
func (c *Cabling) recorded(link topologies.Link) bool {
	return slices.ContainsFunc(c.recordings, func(r *recording) bool { return r.endpoint == at(link.A) || r.endpoint == at(link.B) })
}

// record has captures go on at ends of cables that are new. That one cannot is told at its end, and
// keeps nobody from the cable. The caller holds wires.
func (c *Cabling) record(ctx context.Context, anew []topologies.Endpoint) {
	for _, r := range c.recordings {
		if !slices.ContainsFunc(anew, func(e topologies.Endpoint) bool { return at(e) == r.endpoint }) {
			continue
		}
		tap, err := c.Site.Tap(ctx, r.endpoint.Node, r.tap)
		if err != nil {
			r.blind = errors.Join(r.blind, fmt.Errorf("%s is a new interface, and from then on nothing was captured: %w", r.endpoint, err))
			continue
		}
		r.run.Replace(tap)
	}
}
