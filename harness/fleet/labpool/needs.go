package labpool

import (
	"slices"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// HowDevices is what builds the labs of real devices: the inventories of workers.
const HowDevices = "lab"

// TrustAbility is the ability of a worker that was told to trust scenarios of others with something.
func TrustAbility(token string) string { return fleet.TrustPrefix + token }

// memoryPerNode is what a node takes beside what it is given, in bytes, as was measured with two daemons of FRR in one.
const memoryPerNode = 12_500_000

// labelDevice is the label of a node that wants this very device of an inventory.
const labelDevice = "reprise.device"

// NeedsOf is what a plan needs of the worker that executes its trials: info is that of the run directory, asks
// is what its scenario asks for where it is somebody else's.
func NeedsOf(p *plan.Plan, info evidence.RunInfo, asks []scenarios.Ask, o Options) fleet.Needs {
	n := topologyNeeds(p.Topology)
	n.Version, n.Provider = o.Version, o.How
	for _, a := range asks {
		n.Abilities = append(n.Abilities, TrustAbility(a.Token))
	}
	if o.How == HowDevices {
		for _, node := range p.Nodes {
			if !node.Segment {
				n.Platforms = append(n.Platforms, node.Platform)
			}
		}
		return n
	}
	n.Kind = string(topologies.KindContainer)
	if o.Kind != nil {
		n.Kind = string(o.Kind(p.Topology))
	}
	for _, node := range info.Nodes {
		image := fleet.Image{Ref: node.Image, Digest: node.Digest}
		if image.Ref != "" && !slices.Contains(n.Images, image) {
			n.Images = append(n.Images, image)
		}
	}
	return n
}

// topologyNeeds is what the nodes of a topology take.
func topologyNeeds(t topologies.Topology) fleet.Needs {
	var n fleet.Needs
	for _, node := range t.Nodes {
		n.Cores += node.CPU
		n.Memory += memoryPerNode
		if size, err := node.MemoryBytes(); err == nil {
			n.Memory += size
		}
		if device := node.Labels[labelDevice]; device != "" {
			n.Devices = append(n.Devices, device)
		}
	}
	return n
}
