package known

import (
	"regexp"
	"slices"
	"strings"
)

// product is a line of software: versions are compared within one only.
type product struct {
	name, vendor string
	words        []string // as documents call it, lower case; the longest is looked for first
}

// products are the names that are told apart. Switch Engine is EXOS and Fabric Engine is VOSS
// under the names that Extreme Networks gave them with the universal switches.
var products = []product{ //nolint:gochecknoglobals // a table that nothing changes
	{"exos", "extreme", []string{"switch engine", "extremexos", "exos", "se"}},
	{"voss", "extreme", []string{"fabric engine", "vsp operating system", "voss", "vsp", "fe"}},
	{"extremeware", "extreme", []string{"extremeware", "ew"}},
	{"site-engine", "extreme", []string{"xiq site engine", "xiq-se", "site engine"}},
	{"boss", "extreme", []string{"boss"}},
	{"frr", "frrouting", []string{"frrouting", "frr"}},
	{"bird", "cz.nic", []string{"bird internet routing daemon", "bird2", "bird"}},
	{"ovs", "openvswitch", []string{"open vswitch", "openvswitch-common", "openvswitch-switch", "openvswitch", "ovs"}},
	{"keepalived", "keepalived", []string{"keepalived"}},
	{"lldpd", "lldpd", []string{"lldpd"}},
}

var productWord = regexp.MustCompile(`(?i)\b(switch engine|extremexos|exos|fabric engine|vsp operating system|voss|extremeware|xiq[ -]site engine|xiq-se|site engine|frrouting|frr|bird2?|open ?vswitch(?:-common|-switch)?|ovs|keepalived|lldpd|boss|vsp|SE|FE|EW)\b`)

// Product gives the name under which a product is kept, of what somebody calls it; what is
// not known stays as it is, in lower case.
func Product(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	for _, p := range products {
		if slices.Contains(p.words, s) {
			return p.name
		}
	}
	return s
}

func vendorOf(name string) string {
	for _, p := range products {
		if p.name == name {
			return p.vendor
		}
	}
	return ""
}

// productIn finds the first product that a text names. Short forms count in capitals only.
func productIn(s string) string {
	for _, m := range productWord.FindAllString(s, 8) {
		if len(m) == 2 && m != strings.ToUpper(m) {
			continue
		}
		if p := Product(m); vendorOf(p) != "" {
			return p
		}
	}
	return ""
}
