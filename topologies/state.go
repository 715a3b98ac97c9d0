package topologies

import "context"

// Change is something of a lab that is not as the lab left it: a cable that is gone, a node
// that was started anew, a fault that is no longer in force.
type Change struct {
	What string // in words: the cable r1:eth1–r2:eth1 is gone
	// Ends are the interfaces that it is seen at. Of a change of a whole node, the interface is empty.
	Ends []Endpoint
	// Deeds are the words by which a command on one of the ends' nodes does this, such as "link
	// delete": one that holds all words of a deed and the interface is taken to have done it.
	// None: no command of a node does.
	Deeds []string
	// Undoes says that it takes a fault's force away.
	Undoes bool
}

// StateChecker is a lab that can tell whether what it has built is still there. What a node
// sets within itself (addresses, MTU, whether an interface is up) is the node's own.
type StateChecker interface {
	Changes(ctx context.Context) ([]Change, error)
}
