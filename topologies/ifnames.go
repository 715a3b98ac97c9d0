package topologies

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// kindPorts says how the ports of a kind of node are called by people, and which interface of
// the node's container each is. The names are containerlab's (release 0.79, the pages of its
// kinds): a port of a packed machine is eth1 for the first, of a container what its software
// looks for.
type kindPorts struct {
	kinds []string
	name  *regexp.Regexp
	// first is the port that is eth1, for names that hold one number.
	first int
	// linux makes the interface out of what name found, where it is more than a number.
	linux func(found []string) string
}

// words joins what was found, each with its sign in front; what was not there is left out.
func words(signs ...string) func([]string) string {
	return func(found []string) string {
		var b strings.Builder
		for i, f := range found[1:] {
			if f != "" {
				b.WriteString(signs[i] + f)
			}
		}
		return b.String()
	}
}

// iol has four ports a slot (cisco_iol), the first of which is its management.
func iol(found []string) string {
	slot, _ := strconv.Atoi(firstOf(found[1], found[3]))
	port, _ := strconv.Atoi(firstOf(found[2], found[4]))
	return fmt.Sprintf("eth%d", 4*slot+port)
}

var (
	gigabit   = regexp.MustCompile(`^(?:Gi|GigabitEthernet) ?(\d{1,3})$`)
	gigabit0  = regexp.MustCompile(`^(?:Gi|GigabitEthernet) ?0/(\d{1,3})$`)
	ethernet1 = regexp.MustCompile(`^(?:Et|Ethernet) ?1/(\d{1,3})$`)
	junos     = regexp.MustCompile(`^(?:et|xe|ge)-0/0/(\d{1,3})$`)
)

var portsOfKinds = []kindPorts{ //nolint:gochecknoglobals // a table of compiled expressions
	{kinds: []string{"nokia_srlinux", "srl"}, name: regexp.MustCompile(`^ethernet-(\d{1,2})/(?:(\d{1,2})/)?(\d{1,3})$`), linux: words("e", "-", "-")},
	{kinds: []string{"nokia_srsim"}, name: regexp.MustCompile(`^(\d{1,2})/(?:x(\d{1,2})/)?(\d{1,2})(?:/c(\d{1,2}))?/(\d{1,3})$`), linux: words("e", "-x", "-", "-c", "-")},
	{kinds: []string{"arista_ceos", "ceos"}, name: regexp.MustCompile(`^(?:Ethernet|Et)(\d{1,3})(?:/(\d{1,3}))?(?:/(\d{1,3}))?$`), linux: words("eth", "_", "_")},
	{kinds: []string{"cisco_xrd", "xrd"}, name: regexp.MustCompile(`^(?:Gi|GigabitEthernet)(\d{1,2})/(\d{1,2})/(\d{1,2})/(\d{1,3})$`), linux: words("Gi", "-", "-", "-")},
	{kinds: []string{"cisco_iol"}, name: regexp.MustCompile(`^(?:e|Ethernet) ?(?:(0)/([1-3])|([1-9])/([0-3]))$`), linux: iol},
	{kinds: []string{"nokia_sros", "vr-sros", "vr-nokia_sros"}, name: regexp.MustCompile(`^1/1/(?:c(\d{1,3})/1|(\d{1,3}))$`), linux: words("eth", "eth")},
	{kinds: []string{"aruba_aoscx", "vr-aoscx", "vr-aruba_aoscx"}, name: regexp.MustCompile(`^1/1/(\d{1,3})$`), first: 1},
	{kinds: []string{"juniper_vmx", "vr-vmx", "vr-juniper_vmx", "juniper_vqfx", "vr-vqfx", "vr-juniper_vqfx", "juniper_vsrx", "vr-vsrx", "vr-juniper_vsrx", "juniper_vjunosevolved", "juniper_vjunosrouter", "juniper_vjunosswitch"}, name: junos, first: 0},
	{kinds: []string{"cjunosevolved", "juniper_cjunosevolved"}, name: junos, first: -3},
	{kinds: []string{"cisco_csr1000v", "vr-csr", "vr-cisco_csr1000v", "cisco_c8000v"}, name: gigabit, first: 2},
	{kinds: []string{"cisco_vios"}, name: gigabit, first: 0},
	{kinds: []string{"cisco_asav", "cisco_ftdv"}, name: gigabit0, first: 0},
	{kinds: []string{"cisco_cat9kv"}, name: regexp.MustCompile(`^(?:Gi|GigabitEthernet) ?1/0/(\d{1,3})$`), first: 1},
	{kinds: []string{"cisco_xrv", "vr-xrv", "vr-cisco_xrv"}, name: regexp.MustCompile(`^(?:Gi|GigabitEthernet) ?0/0/0/(\d{1,3})$`), first: 0},
	{kinds: []string{"cisco_xrv9k", "vr-xrv9k", "vr-cisco_xrv9k", "cisco_xrd_vrouter"}, name: regexp.MustCompile(`^(?:Gi|GigabitEthernet|Te|TenGigE|TenGigabitEthernet) ?0/0/0/(\d{1,3})$`), first: 0},
	{kinds: []string{"cisco_n9kv", "vr-n9kv", "vr-cisco_n9kv", "arista_veos", "vr-veos", "vr-arista_veos", "paloalto_panos", "vr-pan", "vr-paloalto_panos"}, name: ethernet1, first: 1},
	{kinds: []string{"mikrotik_ros", "vr-ros", "vr-mikrotik_ros"}, name: regexp.MustCompile(`^ether(\d{1,3})$`), first: 2},
	{kinds: []string{"fortinet_fortigate", "vr-fortinet_fortigate"}, name: regexp.MustCompile(`^port(\d{1,3})$`), first: 2},
	{kinds: []string{"f5_bigip-ve"}, name: regexp.MustCompile(`^1\.(\d{1,3})$`), first: 1},
	{kinds: []string{"nvidia_cumulusvx"}, name: regexp.MustCompile(`^swp(\d{1,3})$`), first: 1},
	{kinds: []string{"ciena_saos", "vr-ciena_saos"}, name: regexp.MustCompile(`^(\d{1,3})$`), first: 1},
	{kinds: []string{"freebsd"}, name: regexp.MustCompile(`^vtnet(\d{1,3})$`), first: 1},
	{kinds: []string{"openbsd"}, name: regexp.MustCompile(`^vio(\d{1,3})$`), first: 1},
}

// linuxName gives the interface of the container that a vendor's name stands for, and whether
// it is another than the name: ethernet-1/1 of SR Linux is e1-1, Gi2 of a CSR 1000V eth1. A
// name that the kind does not have stays what it is.
func linuxName(kind, name string) (iface string, mapped bool) {
	for _, p := range portsOfKinds {
		if !slices.Contains(p.kinds, kind) {
			continue
		}
		found := p.name.FindStringSubmatch(name)
		if found == nil {
			return name, false
		}
		if p.linux != nil {
			return p.linux(found), true
		}
		n, _ := strconv.Atoi(found[1]) // the expression found three digits at most
		if n -= p.first; n < 0 {
			return name, false
		}
		return fmt.Sprintf("eth%d", n+1), true
	}
	return name, false
}
