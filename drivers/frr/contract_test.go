package frr_test

import (
	"flag"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/frr"
)

var update = flag.Bool("update", false, "write the recordings in testdata anew, from live nodes")

func TestContract(t *testing.T) {
	drivertest.Contract(t, frr.Factory{}, drivers.Target{Node: "n1", Config: []byte(config)}, drivertest.Options{
		Platform: "frr",
		Answers:  map[string]string{"show bgp summary json": `"10.0.0.2":{`, "show version": "configured with:", "show ip route": "Codes: K - kernel route"},
		Refused:  "show nonsense",
		Long:     "show version",
		Good:     []string{"interface lo", "description one"},
		Bad:      []string{"interface lo", "nonsense"},
	}, *update)
}
