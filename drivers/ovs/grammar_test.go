package ovs_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/ovs"
)

func TestGrammar(t *testing.T) {
	for _, c := range []struct{ line, defines, uses string }{
		{"add-br br0 -- set bridge br0 datapath_type=netdev", "bridge:br0 port:br0 vif:br0", ""},
		{"ovs-vsctl --no-wait -t 5 add-br br0", "bridge:br0 port:br0 vif:br0", ""},
		{"add-br vlan9 br0 9", "bridge:vlan9 port:vlan9 vif:vlan9", "bridge:br0"},
		{"--may-exist add-port br0 p1 tag=5 -- set interface p1 type=internal", "port:p1 vif:p1", "bridge:br0"},
		{"add-bond br0 bond0 p1 p2 lacp=active", "port:bond0 vif:p1 vif:p2", "bridge:br0"},
		{"set Interface p1 type=patch options:peer=p2", "", "vif:p1"},
		{"set port p1 tag=5 -- set bridge br0 stp_enable=true", "", "port:p1 bridge:br0"},
		{"--if-exists del-port br0 p1", "", ""},
		{"del-port br0 p1", "", "bridge:br0 port:p1"},
		{"--id=@m create mirror name=m -- set bridge br0 mirrors=@m", "", "bridge:br0"},
		{"set mirror @m name=x", "", ""},
		{"set open_vswitch . other_config:x=y", "", ""},
		{"ovs-ofctl -O OpenFlow13 add-flow br0 'priority=1 actions=drop'", "", "bridge:br0"},
		{"ovs-ofctl add-flow tcp:127.0.0.1 actions=drop", "", ""},
		{"ovs-ofctl", "", ""},
		{"ovs-appctl fdb/flush br0", "", ""},
		{"add-br $(hostname)", "", ""},
		{"add-br br0 || true", "", ""},
		{"add-port", "", ""},
		{"--", "", ""},
	} {
		t.Run(c.line, func(t *testing.T) {
			blocks := drivertest.Grammar(t, ovs.Factory{}, []byte("# comment\n\n  "+c.line+"\n"))
			if len(blocks) != 1 || blocks[0].First != 2 || blocks[0].Title != c.line {
				t.Fatalf("%+v", blocks)
			}
			if diff := cmp.Diff([]string{c.defines, c.uses}, []string{strings.Join(blocks[0].Defines, " "), strings.Join(blocks[0].Uses, " ")}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzGrammar(f *testing.F) {
	f.Add([]byte(config))
	f.Fuzz(func(t *testing.T, config []byte) { drivertest.Grammar(t, ovs.Factory{}, config) })
}
