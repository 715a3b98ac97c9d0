package ovs

import (
	_ "embed"

	"github.com/reprise-lab/reprise/drivers"
)

// failuresYAML is what its failures are called.
//
//go:embed failures.yaml
var failuresYAML []byte

// askFacts prints the version of the switch daemon.
const askFacts = "ovs-vswitchd --version"

// Products implements drivers.ProductSource.
func (f Factory) Products() []drivers.Product {
	return []drivers.Product{{
		Name: Platform, Title: "Open vSwitch", Vendor: "openvswitch",
		Words:    []string{"open vswitch", "openvswitch-common", "openvswitch-switch", "openvswitch", "ovs"},
		Packages: []string{"openvswitch-switch", "openvswitch-common"}, Daemons: f.Daemons(), Facts: askFacts,
	}}
}
