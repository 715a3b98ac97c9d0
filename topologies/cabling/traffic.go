package cabling

import (
	"context"
	"fmt"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/traffic"
)

// flow is one that runs, between networks that may end with their nodes.
type flow struct {
	*traffic.Flow
	cabling *Cabling
	ends    []string // nodes
	lives   []int    // the processes of their networks when it began
}

// Traffic implements topologies.Trafficker.
func (c *Cabling) Traffic(ctx context.Context, s topologies.FlowSpec) (topologies.Flow, error) {
	f := &flow{cabling: c, ends: []string{s.From, s.To}}
	for _, end := range f.ends {
		n, known := c.nodes[end]
		switch {
		case !known:
			return nil, fmt.Errorf("traffic %s: the lab has no node %s", s.Name, end)
		case n.IsSegment():
			return nil, &topologies.MissingError{What: "sender of traffic", Name: "at " + end, Hint: "it is a segment, which has no addresses"}
		case c.within(end):
			return nil, &topologies.MissingError{What: "sender of traffic", Name: "at " + end, Hint: "it is a machine within its node, where this program opens no sockets"}
		}
	}
	f.lives = f.now()
	var err error
	f.Flow, err = traffic.Open(ctx, s, c.Site.Socket)
	if err != nil {
		return nil, fmt.Errorf("traffic %s: %w", s.Name, err)
	}
	return f, nil
}

// now are the processes of the ends' networks.
func (f *flow) now() []int {
	var lives []int
	for _, end := range f.ends {
		_, life := f.cabling.Site.Network(end)
		lives = append(lives, life)
	}
	return lives
}

// Read implements topologies.Flow. A socket is of the network in which it was opened: where that ended
// with its node, nothing that does not come says anything.
func (f *flow) Read(from time.Time) topologies.FlowReading {
	r := f.Flow.Read(from)
	for i, life := range f.now() {
		if life != f.lives[i] && r.Broken == "" {
			r.Broken = fmt.Sprintf("%s was started anew, or has ended, and its end of the flow with it", f.ends[i])
		}
	}
	return r
}

var _ topologies.Flow = (*flow)(nil)
