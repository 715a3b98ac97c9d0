package voss_test

import (
	"testing"

	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/voss"
)

// A row in a layout that a template does not know, or that the end of a screen broke, is told.
func TestUnread(t *testing.T) {
	drivertest.Unread(t, voss.Factory{}.Templates(), "testdata/tables", map[string]string{
		"fa-assignment":     "1/7  20007  7  waiting",
		"fdb":               "7  stale  02:04:96:00:00:07  Port-1/7",
		"isis-adjacencies":  "Port1/7  1  GOING  1d 02:03:04  27  0204.9600.0007",
		"isis-interface":    "Port1/7  pt-pt  Level 1  GOING",
		"mlt":               "7  6150  core  uplink  trunk  smlt",
		"ospf-neighbor":     "192.0.2.7  192.0.2.8  fe80::1",
		"ports":             "1/7  testing  down",
		"spbm":              "7  4051-4052  4051  core",
		"virtual-ist":       "192.0.2.7  4000  waiting",
		"vlan-isid":         "7  none",
		"vlan-isid-between": "7  none",
		"vlan":              "7  lab  colour  0",
		"vrrp":              "7  7  192.0.2.7  Waiting",
		"vrrp-master":       "7  7  192.0.2.7  Waiting",
	})
}
