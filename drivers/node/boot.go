package node

import "context"

// Start is how a platform's software starts in a node: what its driver adds to the sequence
// that is the same for all. Every part may be empty but Daemons.
type Start struct {
	// SetUp makes the node what its start-up configuration wants before any daemon runs; the
	// addresses and routes that are there then are those that come back.
	SetUp func(context.Context) error
	// Ask learns, once, what depends on the software.
	Ask func(context.Context) error
	// Dirs are directories that the software needs, made where there are none before any of it runs.
	Dirs []string
	// Before are shell lines that StartAll runs, in the exchange that starts the first daemon; one that fails as the
	// last of them keeps it from being started.
	Before string
	// Daemons puts the configuration in place, starts the daemons and returns when they answer.
	Daemons func(context.Context) error
	// Forget is a shell line that removes what the daemons left; empty for none.
	Forget string
}

// StartBy says how the node's software starts.
func (n *Node) StartBy(s Start) { n.start = s }

// Boot implements drivers.Booter. A daemon that dies by a signal on the start-up configuration is
// no error: Deaths tells of it.
func (n *Node) Boot(ctx context.Context) error {
	return inTurn(ctx, n.Prepare, n.start.SetUp, n.SaveNetwork, n.start.Ask, n.start.Daemons)
}

// RestartDaemons implements drivers.DaemonRestarter: it stops every daemon, forgets what they
// left, brings addresses and routes back to what was there before the first boot, and starts
// them again.
func (n *Node) RestartDaemons(ctx context.Context) error {
	return inTurn(ctx, n.StopAll, n.forget, n.RestoreNetwork, n.Prepare, n.start.Daemons)
}

func (n *Node) forget(ctx context.Context) error {
	if n.start.Forget == "" {
		return nil
	}
	_, err := n.Control(ctx, "forget state", n.start.Forget)
	return err
}

// inTurn does one thing after the other, until one fails.
func inTurn(ctx context.Context, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if step == nil {
			continue
		}
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}
