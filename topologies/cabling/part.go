package cabling

import (
	"context"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// Part is some nodes of a lab, which run and have no cables yet: who puts the parts together lays
// them.
type Part interface {
	topologies.Reservation
	// Wirer wires networks by processes as the machine numbers them; nil: this part has none.
	Wirer() wiring.Wirer
	// Process is one of the node's network, by that number; 0, which no process has, where it has ended.
	Process(node string) int
	Machines() Machines // nil: none
	Life(ctx context.Context, node string) (Life, error)
	// Cable gives the part the cabling of the whole lab, for nodes that it restarts.
	Cable(c *Cabling)
	// Settle waits for what boots when its cables are laid.
	Settle(ctx context.Context) error
}
