package trial

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// ConfigBench has the platforms' own parsers read the configurations of candidates, on one
// machine per image that nothing else runs on, so that a text which is refused costs no
// lab. It spares runs and judges nothing: where it cannot check, a run finds out.
type ConfigBench struct {
	env      Environment
	machines map[string]machine // by image; one without a host could not be had
	answers  map[string]string  // by platform, image and digest of the configuration: why it is refused
}

type machine struct {
	reservation topologies.Reservation
	host        drivers.Host
}

// NewConfigBench makes one; no machine is up before the first check.
func NewConfigBench(env Environment) *ConfigBench {
	return &ConfigBench{env: env, machines: map[string]machine{}, answers: map[string]string{}}
}

// Unread names the nodes of a plan whose configurations no parser reads before a trial, though their platform has one: labs are on
// machines of others, of which a check would keep a place that trials need.
func Unread(p *plan.Plan, env Environment) (nodes []string) {
	if !elsewhere(env.Provider) {
		return nil
	}
	for _, n := range p.Nodes {
		if _, ok := readable(env.Registry, n); ok {
			nodes = append(nodes, n.Name)
		}
	}
	return nodes
}

// elsewhere reports whether labs are on machines that this process has no place of its own on.
func elsewhere(p topologies.Provider) bool {
	_, claims := topologies.As[topologies.Claimer](p)
	return claims || p.Name() == fleet
}

// readable is the parser of a node's platform, where it would be asked.
func readable(r *drivers.Registry, n plan.Node) (checker drivers.SyntaxChecker, ok bool) {
	checker, ok = r.SyntaxChecker(n.Platform)
	return checker, ok && !n.Segment && len(n.Config) > 0 && (len(n.Files) == 0 || !bytes.Contains(n.Config, []byte("include")))
}

// Check gives the first refusal of a node's start-up configuration. One that includes
// further files of the node is left alone, for they are not on the machine.
func (b *ConfigBench) Check(ctx context.Context, p *plan.Plan) error {
	if elsewhere(b.env.Provider) {
		return nil
	}
	for _, n := range p.Nodes {
		checker, ok := readable(b.env.Registry, n)
		if !ok {
			continue
		}
		key := fmt.Sprintf("%s %s %x", n.Platform, n.Image, sha256.Sum256(n.Config))
		refused, known := b.answers[key]
		if !known {
			host := b.machine(ctx, n.Image)
			if host == nil {
				continue
			}
			var err error
			if refused, err = checker.CheckSyntax(ctx, host, n.Config); err != nil {
				continue
			}
			b.answers[key] = refused
		}
		if refused != "" {
			return fmt.Errorf("%s (%s) refuses its configuration: %s", n.Name, n.Platform, refused)
		}
	}
	return nil
}

// machine starts the machine of an image; nil when there is none to be had.
func (b *ConfigBench) machine(ctx context.Context, image string) drivers.Host {
	m, known := b.machines[image]
	if !known {
		lab := topologies.Topology{Name: "check", Nodes: []topologies.Node{{Name: "check", Kind: "linux", Image: image}}}
		var err error
		m.reservation, err = b.env.Provider.Reserve(ctx, lab, topologies.Options{Run: "check-" + rand.Text()[:8], Lab: 1, Owner: b.env.Owner})
		if err == nil {
			m.host, err = m.reservation.Host("check")
		}
		if err != nil {
			m.host = nil
		}
		b.machines[image] = m
	}
	return m.host
}

// Close gives the machines back.
func (b *ConfigBench) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), plan.ReleaseTimeout)
	defer cancel()
	var errs []error
	for _, m := range b.machines {
		if m.reservation != nil {
			errs = append(errs, m.reservation.Release(ctx))
		}
	}
	clear(b.machines)
	return errors.Join(errs...)
}
