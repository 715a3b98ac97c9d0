package ovs_test

import (
	"flag"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/ovs"
)

var update = flag.Bool("update", false, "write the recordings in testdata anew, from live nodes")

func TestContract(t *testing.T) {
	drivertest.Contract(t, ovs.Factory{}, drivers.Target{Node: "n1", Config: []byte(config)}, drivertest.Options{
		Platform: "ovs",
		Answers:  map[string]string{"list-br": "br0\n", "ovs-appctl version": "ovs-vswitchd (Open vSwitch)", "ovs-ofctl -O OpenFlow13 dump-flows br0": "priority=10"},
		Refused:  "nonsense",
		Long:     "list bridge",
		Good:     []string{"set bridge br0 other_config:hwaddr=02:00:00:00:00:01"},
		Bad:      []string{"show", "nonsense"},
	}, *update)
}
