package cli

import (
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/doctor"
)

// SayLimits warns, before anything is built, of labs that are larger than what this machine has for
// everybody. Those whose nodes have kernels of their own take none of it.
func (a *App) SayLimits(p topologies.Provider, t topologies.Topology, labs int) {
	switch p.Name() {
	case ProviderContainers, ProviderNamespaces, ProviderMixed:
		for _, line := range doctor.Short(doctor.Limits("/", t, labs)) {
			a.Progress("warning: %s", line)
		}
	}
}
