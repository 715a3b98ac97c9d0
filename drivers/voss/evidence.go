package voss

import "github.com/reprise-lab/reprise/drivers/device"

// EvidenceCommands implements drivers.EvidenceSource: the state of a switch whatever the
// problem is.
func (d *Driver) EvidenceCommands() []string {
	return []string{
		"show sys-info", "show software", "show running-config", "show interfaces gigabitEthernet state", "show interfaces gigabitEthernet name",
		"show vlan basic", "show vlan members", "show vlan i-sid", "show mlt", "show lldp neighbor", "show ip interface", "show ip route", "show ip arp",
		"show isis", "show isis adjacencies", "show khi performance memory",
	}
}

// classes are lists by class of problem. The vendor has published none for this system;
// they are the commands that its user guides and public scripts ask for.
func classes() device.Classes {
	return device.Classes{
		"fabric":      {"show isis", "show isis adjacencies", "show isis interface", "show isis spbm", "show isis system-id", "show isis spbm i-sid discover", "show isis lsdb", "show isis spbm nick-name"},
		"mlag":        {"show virtual-ist", "show mlt", "show isis spbm", "show isis spbm i-sid discover", "show vlan i-sid", "show ip arp", "show vlan mac-address-entry"},
		"lag":         {"show mlt", "show lacp", "show lacp interface mlt", "show vlacp", "show vlacp interface gigabitEthernet"},
		"vlan":        {"show vlan basic", "show vlan members", "show vlan i-sid", "show vlan mac-address-entry"},
		"stp":         {"show spanning-tree mstp config", "show spanning-tree mstp status", "show spanning-tree rstp status"},
		"ospf":        {"show ip ospf", "show ip ospf neighbor", "show ip ospf interface", "show ip ospf lsdb", "show ip route"},
		"bgp":         {"show ip bgp summary", "show ip bgp neighbors", "show ip route"},
		"vrrp":        {"show ip vrrp address", "show ip vrrp interface", "show vlan mac-address-entry", "show ip arp"},
		"routing":     {"show ip route", "show ip arp", "show ip interface"},
		"fa":          {"show fa", "show fa interface", "show fa assignment", "show fa elements", "show isis", "show lldp neighbor"},
		"auto-sense":  {"show interfaces gigabitEthernet auto-sense", "show lldp neighbor", "show fa elements"},
		"link":        {"show interfaces gigabitEthernet state", "show interfaces gigabitEthernet statistics", "show interfaces gigabitEthernet error"},
		"poe":         {"show poe-main-status", "show poe-port-status", "show poe-power-measurement"},
		"environment": {"show sys-info", "show sys power", "show khi performance memory"},
		"rma":         {"show sys-info", "show sys power", "show software", "show boot config choice"},
	}
}

// EvidenceClasses implements drivers.ClassedEvidence.
func (Factory) EvidenceClasses() []string { return classes().EvidenceClasses() }

// EvidenceFor implements drivers.ClassedEvidence.
func (Factory) EvidenceFor(class string) []string { return classes().EvidenceFor(class) }

// EvidenceClasses implements drivers.ClassedEvidence.
func (d *Driver) EvidenceClasses() []string { return classes().EvidenceClasses() }

// EvidenceFor implements drivers.ClassedEvidence.
func (d *Driver) EvidenceFor(class string) []string { return classes().EvidenceFor(class) }
