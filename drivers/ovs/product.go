package ovs

import "github.com/reprise-lab/reprise/drivers"

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
