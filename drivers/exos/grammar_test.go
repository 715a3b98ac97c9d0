package exos_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/exos"
)

func TestBlocks(t *testing.T) {
	const config = `# Module vlan configuration.
create vlan "core" tag 100
configure vlan core add ports {{p1}} tagged

create mlag peer "right"
configure mlag peer "right" ipaddress 192.0.2.2 vr VR-Default
enable ospf
`
	want := `1-1 create vlan "core" tag 100 defines [vlan:core]
2-2 configure vlan core add ports {{p1}} tagged uses [vlan:core]
4-4 create mlag peer "right" defines [mlag:right]
5-5 configure mlag peer "right" ipaddress 192.0.2.2 vr VR-Default uses [mlag:right]
6-6 enable ospf
`
	if diff := cmp.Diff(want, drivertest.Outline(drivertest.Grammar(t, exos.Factory{}, []byte(config)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
