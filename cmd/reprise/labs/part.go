package labs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"unicode"

	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/cabling"
	"github.com/reprise-lab/reprise/topologies/faketime"
	"github.com/reprise-lab/reprise/topologies/namespaces"
	"github.com/reprise-lab/reprise/topologies/spread"
)

// ServePart builds a part of a lab that is spread over several machines, for who is at the other end of a connection, of what the
// worker was told to give to others.
func (o Offered) ServePart(ctx context.Context, conn net.Conn) error {
	b, err := openSpaces()
	if err != nil {
		return err
	}
	return errors.Join(spread.Serve(ctx, conn, partBuilder{b, o.permit}), b.Close())
}

// partBuilder builds what is permitted.
type partBuilder struct {
	*namespaces.Provider
	permit func(topologies.Topology) error
}

// CheckPart implements [spread.Builder].
func (b partBuilder) CheckPart(ctx context.Context, t topologies.Topology) error {
	if err := b.permit(t); err != nil {
		return err
	}
	return b.Provider.CheckPart(ctx, t)
}

// ReservePart implements [spread.Builder].
func (b partBuilder) ReservePart(ctx context.Context, t topologies.Topology, o topologies.Options) (cabling.Part, error) {
	if err := b.permit(t); err != nil {
		return nil, err
	}
	return b.Provider.ReservePart(ctx, t, o)
}

// permit refuses a part that asks for more than scenarios of others get, or than one of the worker's labs has: who sent it need
// not have looked.
func (o Offered) permit(t topologies.Topology) error {
	t = t.Clone()
	for _, n := range t.Nodes {
		delete(n.Env, faketime.EnvClock) // it is of the lab, and tells nothing of this machine
	}
	errs := []error{scenarios.PermitPart(t, o.Trust), namable(t)}
	memory, err := o.share()
	if err != nil {
		return err
	}
	var wanted int64
	cores := 0.0
	for _, n := range t.Nodes {
		size, err := n.MemoryBytes()
		errs = append(errs, err)
		if size > memory-wanted {
			errs = append(errs, fmt.Errorf("node %s wants %s of memory, and one lab has %d MiB, of which %d are wanted by others", n.Name, n.Memory, memory>>20, wanted>>20))
			break
		}
		wanted, cores = wanted+size, cores+n.CPU
	}
	if most := float64(runtime.NumCPU()); cores > most {
		errs = append(errs, fmt.Errorf("its nodes want %g cores, and there are %g", cores, most))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("the part is not built: %w", err)
	}
	return nil
}

// namable refuses names that would be another path than that of a node, or of an interface.
func namable(t topologies.Topology) error {
	bad := func(name string) bool {
		return name == "" || strings.HasPrefix(name, "-") || name == "." || name == ".." ||
			strings.ContainsFunc(name, func(r rune) bool { return r == '/' || unicode.IsSpace(r) || unicode.IsControl(r) })
	}
	var errs []error
	for _, n := range t.Nodes {
		if bad(n.Name) {
			errs = append(errs, fmt.Errorf("a node cannot be called %q", n.Name))
		}
	}
	for _, l := range t.Links {
		for _, e := range []topologies.Endpoint{l.A, l.B} {
			if bad(e.Interface) {
				errs = append(errs, fmt.Errorf("node %s cannot have an interface called %q", e.Node, e.Interface))
			}
		}
	}
	return errors.Join(errs...)
}
