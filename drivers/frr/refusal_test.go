package frr_test

import (
	"testing"

	"github.com/reprise-lab/reprise/drivers/frr"
)

// TestRefusal: FRR's words (7.5.1 to 10.3) for what is not there are told from answers that
// look like them.
func TestRefusal(t *testing.T) {
	for answer, want := range map[string]string{
		"% VRF nosuch not found\n":                "% VRF nosuch not found",
		"% No such neighbor in this view/vrf\n\n": "% No such neighbor in this view/vrf",
		"No such neighbor in this view/vrf\n":     "No such neighbor in this view/vrf",
		"% Can't find interface nosuch0\n":        "% Can't find interface nosuch0",
		"% BGP instance not found\n":              "% BGP instance not found",
		"View/Vrf nosuch is unknown\n":            "View/Vrf nosuch is unknown",
		"% OSPF is not enabled in vrf nosuch\n":   "% OSPF is not enabled in vrf nosuch",
		"No such interface name\n\n":              "No such interface name",
		"Can't find BGP instance nosuch\n":        "Can't find BGP instance nosuch",
		"Malformed address or name: eth9\n":       "Malformed address or name: eth9",

		"{\n  \"bgpNoSuchNeighbor\":true\n}\n":                                `"bgpNoSuchNeighbor":true`,
		"{\"warning\":\"No such neighbor in this view/vrf\"}\n":               `"warning":"No such neighbor in this view/vrf"`,
		"{\"warning\":\"peer is going down\"}\n":                              "",
		"{\"10.0.0.2\":{\"warning\":\"No such neighbor\"},\"10.0.0.3\":{}}\n": "",

		"ZEBRA:\nZEBRA: 'route-map x' not found\nBGP:\nBGP: 'route-map x' not found\n": "ZEBRA: 'route-map x' not found",
		"VNI not found\n":                       "VNI not found",
		"Nexthop Group ID: 99 does not exist\n": "Nexthop Group ID: 99 does not exist",

		"{}\n":                     "",
		"% Network not in table\n": "",
		"% No BGP neighbors found in VRF default\n": "",
		"No BGP prefixes displayed, 0 exist\n":      "",
		"Peers 1\n\n% No matching neighbor\n":       "",
		"":                                          "",
		"eth0 is up\n% a remark\n":                  "",
	} {
		if got := (&frr.Driver{}).Refusal("show x", false, answer); got != want {
			t.Errorf("%q: %q, want %q", answer, got, want)
		}
	}
	if got := (&frr.Driver{}).Refusal("cat /tmp/x", true, "% VRF nosuch not found\n"); got != "" {
		t.Errorf("a file that holds such words: %q", got)
	}
	if got := (&frr.Driver{}).Refusal(`vtysh -c "show bgp vrf nosuch summary"`, true, "% BGP instance not found\n"); got == "" {
		t.Error("by vtysh: it is an answer")
	}
}
