package frr

import "github.com/reprise-lab/reprise/drivers/device"

// classes are what each class of problem asks of a router of FRR: the state of its protocol, and of what that rests on.
func classes() device.Classes {
	return device.Classes{
		"ospf":    {"show ip ospf", "show ip ospf neighbor detail", "show ip ospf interface", "show ip ospf database", "show ip route ospf", "show interface", "show running-config"},
		"bgp":     {"show bgp summary", "show bgp neighbors", "show bgp ipv4 unicast", "show ip route bgp", "show running-config"},
		"isis":    {"show isis neighbor detail", "show isis interface detail", "show isis database detail", "show interface", "show running-config"},
		"vrrp":    {"show vrrp", "show interface", "show running-config"},
		"routing": {"show ip route", "show ip nht", "show interface", "show running-config"},
		"link":    {"show interface"},
	}
}

// EvidenceClasses implements drivers.ClassedEvidence.
func (Factory) EvidenceClasses() []string { return classes().EvidenceClasses() }

// EvidenceFor implements drivers.ClassedEvidence.
func (Factory) EvidenceFor(class string) []string { return classes().EvidenceFor(class) }
