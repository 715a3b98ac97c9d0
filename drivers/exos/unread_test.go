package exos_test

import (
	"testing"

	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/exos"
)

// A row in a layout that a template does not know, or that the end of a screen broke, is told.
func TestUnread(t *testing.T) {
	drivertest.Unread(t, exos.Factory{}.Templates(), "testdata/tables", map[string]string{
		"bgp-neighbor":    "Eie-- 192.0.2.9  65001 1 WAITING  12 13",
		"edp":             "1:9   core  00:00:02:04:96:00:00:01",
		"elrp-disabled":   "1:4  lab",
		"fa-assignments":  "1:5  100  lab  Dynamic  pending",
		"fdb":             "02:04:96:00:00:09  lab 0010",
		"iparp":           "VR-Default  192.0.2.9  (incomplete)",
		"iproute":         "#oa  10.3.0.0/24  via 10.0.0.2",
		"lacp-lag":        "1:3  0  Current",
		"lldp":            "1:7  02:04:96:00:00:07",
		"lldp-nameless":   "1:7  02:04:96:00:00:07",
		"mlag-ports":      "7  1:7  Active",
		"ospf-interfaces": "lab 192.0.2.9 /24 backbone",
		"ospf-neighbor":   "192.0.2.9 1 FULL",
		"ports":           "1:7  VR-Default E  ?",
		"sharing":         "1:7  1:7  DLACP  L2  1:7  Y  A",
		"stpd-ports":      "1:7  EMISTP  DISCARDING 20000",
		"stpd":            "s7  0007 D----- 4",
		"vlan":            "lab  12 2001:db8::1/64 ----- ANY 1 /2 VR-Default",
		"vrrp":            "lab(En) 0007 100 2001:db8::1 MSTR",
	})
}
