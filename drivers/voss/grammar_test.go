package voss_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/voss"
)

func TestBlocks(t *testing.T) {
	const config = `# fabric
spbm
vlan create 20 name "lan" type port-mstprstp 0
vlan i-sid 20 10020
interface gigabitEthernet {{p1}}
isis
isis enable
exit
router isis
spbm 1
exit
mlt 5 enable
mlt 5 member {{p2}}
`
	want := `1-1 spbm
2-2 vlan create 20 name "lan" type port-mstprstp 0 defines [vlan:20]
3-3 vlan i-sid 20 10020 uses [vlan:20]
4-7 interface gigabitEthernet {{p1}}
  5-5 isis
  6-6 isis enable
8-10 router isis
  9-9 spbm 1
11-11 mlt 5 enable defines [mlt:5]
12-12 mlt 5 member {{p2}} uses [mlt:5]
`
	if diff := cmp.Diff(want, drivertest.Outline(drivertest.Grammar(t, voss.Factory{}, []byte(config)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
