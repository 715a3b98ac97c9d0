package exos

import "github.com/reprise-lab/reprise/drivers/device"

// EvidenceCommands implements drivers.EvidenceSource: the state of a switch whatever the
// problem is.
func (d *Driver) EvidenceCommands() []string {
	return []string{
		"show version", "show switch", "show configuration", "show vlan", "show ports no-refresh", "show ports configuration no-refresh",
		"show ports rxerrors no-refresh", "show ports txerrors no-refresh", "show sharing", "show lldp neighbors", "show edp ports all",
		"show fdb", "show iparp", "show iproute", "show stpd", "show temperature", "show debug system-dump", "show cli journal",
	}
}

// classes are the vendor's own collections by class of problem: the debug bundles of its
// public scripting repository (Switch_Engine/Debug_Bundle), without the commands that need
// a debug shell, and the checks of its user guides for ELRP, EDP and Fabric Attach.
func classes() device.Classes {
	return device.Classes{
		"l2":          {"show fdb", "show l2stats", "debug fdb show fdbentry all", "debug fdb show filters", "debug fdb show globals", "debug hal show fdb"},
		"vlan":        {"show vlan detail", "debug vlan show vpifs"},
		"lag":         {"show sharing detail", "show sharing", "show lacp", "show lacp counters", "debug vlan show ports"},
		"mlag":        {"show mlag ports", "show mlag peer", "show fdb", "show iparp", "debug hal show fdb", "debug fdb show globals", "debug hal show vsm"},
		"stp":         {"show stpd", "show stpd detail", "debug stp show internal-state"},
		"eaps":        {"show eaps detail", "show eaps shared-port detail", "show eaps counters global", "show eaps cfm groups", "show vlan detail"},
		"vrrp":        {"show vrrp", "show vrrp detail", "show fdb", "show iparp", "debug vlan show vmac"},
		"ospf":        {"show ospf", "show ospf neighbor", "show ospf neighbor detail", "show ospf area detail", "show ospf interfaces detail", "show ospf lsdb", "show ospf lsdb detail", "show ospf ase-summary", "show ospf virtual-link", "show iproute origin ospf", "show iparp", "show fdb", "show log counters ospf"},
		"bgp":         {"show bgp", "show bgp neighbor", "show bgp neighbor detail", "show iproute origin bgp"},
		"routing":     {"show iproute", "show iparp", "show iproute reserved-entries statistics", "debug hal show ipv4Adj", "debug hal show ipv4Fib", "show fdb"},
		"multicast":   {"show igmp", "show igmp group", "show igmp snooping", "show igmp snooping detail", "show igmp snooping cache", "show mcast cache", "show l2stats", "debug hal show ipv4Mc"},
		"link":        {"show ports configuration no-refresh", "debug hal show optic-info"},
		"optics":      {"show ports configuration no-refresh", "show ports information", "show ports information detail", "show ports transceiver information", "show ports transceiver information detail", "show ports rxerrors no-refresh", "show ports txerrors no-refresh", "debug hal show optic-info eeprom", "debug hal show optic-info ddmi"},
		"acl":         {"show policy", "show policy detail", "show access-list any detail", "show netlogin session all"},
		"netlogin":    {"show netlogin dot1x detail", "show session", "show radius dynamic-authorization"},
		"poe":         {"show inline-power", "show inline-power info ports all", "show inline-power stats"},
		"loop":        {"show elrp", "show elrp disabled-ports", "show slpp guard", "show ports utilization no-refresh", "show fdb"},
		"edp":         {"show edp ports all", "show edp port all vlan-id mismatch untagged", "show vlan detail"},
		"fabric":      {"show fabric attach assignments", "show fabric attach elements", "show lldp neighbors"},
		"stack":       {"show stacking", "show stacking configuration", "show slot", "show checkpoint-data"},
		"environment": {"show temperature", "show power", "show power detail", "show fans", "show fans detail", "show odometers", "show diagnostics"},
		"rma":         {"show version detail", "show odometers", "show power detail", "show fans detail", "show temperature", "show diagnostics", "show slot", "show license"},
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
