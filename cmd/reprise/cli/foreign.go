package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// Trusting gives a verb that runs scenarios the flag that names what a foreign one may have.
func (a *App) Trusting(c *cobra.Command) *cobra.Command {
	c.Flags().StringSliceVar(&a.Trust, "trust", nil, "what a scenario out of somebody else's bundle may have of this machine, item by item as it is listed without this flag: binds.r1,env.NAME,engine")
	return c
}

// Permit refuses a plan of a foreign scenario that asks for more than was allowed, and says
// what was. It is asked before anything is looked for on this machine.
func (a *App) Permit(plans ...*plan.Plan) error {
	told := map[string]bool{}
	for _, p := range plans {
		if err := a.permitTold(p.Loaded, p.Topology, told); err != nil {
			return err
		}
	}
	return nil
}

// PermitLab is permit for a lab that is built of a topology alone.
func (a *App) PermitLab(l *scenarios.Loaded, t topologies.Topology) error {
	return a.permitTold(l, t, map[string]bool{})
}

// permitTold says what was allowed, but not what told says was told already.
func (a *App) permitTold(l *scenarios.Loaded, t topologies.Topology, told map[string]bool) error {
	if err := l.Permit(t); err != nil {
		return err
	}
	for _, ask := range l.Asks(t) {
		if !told[ask.What] {
			told[ask.What] = true
			a.trusted(ask)
		}
	}
	return nil
}

// SayEngine says that a foreign scenario was trusted with the container engine, where its labs are
// built of that.
func (a *App) SayEngine(l *scenarios.Loaded, p topologies.Provider) {
	if l.Foreign != nil && (p.Name() == ProviderContainers || p.Name() == ProviderMixed) {
		a.trusted(scenarios.AskEngine())
	}
}

// trusted says what was allowed.
func (a *App) trusted(ask scenarios.Ask) { a.Progress("trusted: %s (%s)", ask.What, ask.Token) }

// PermitPull refuses to fetch what a foreign scenario names, unless that was allowed.
func PermitPull(p *plan.Plan) error {
	const token = "pull"
	f := p.Loaded.Foreign
	if f == nil || f.Trusts(token) {
		return nil
	}
	refused := &scenarios.ForeignError{File: p.Loaded.File, Bundle: f.Bundle}
	for _, n := range p.Topology.Nodes {
		ask := scenarios.Ask{Token: token, What: fmt.Sprintf("the image %q is fetched, if it is not here", n.Image)}
		if n.Image != "" && !slices.Contains(refused.Asks, ask) {
			refused.Asks = append(refused.Asks, ask)
		}
	}
	if len(refused.Asks) == 0 {
		return nil
	}
	return refused
}

// foreignLabs bounds the labs side by side that a bundle gets by itself.
const foreignLabs = 4

// PermitLabs refuses the number of labs that a bundle's claim was made with, where it is
// high and nobody here chose it.
func (a *App) PermitLabs(file string, labs int) error {
	if labs <= foreignLabs || slices.Contains(a.Trust, "labs") {
		return nil
	}
	return WithCode(ExitRefused, fmt.Errorf("%s was made with %d labs side by side, and gets at most %d by itself: choose with --labs, or --trust labs", file, labs, foreignLabs))
}
