package bird_test

import (
	"flag"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/bird"
	"github.com/reprise-lab/reprise/drivers/drivertest"
)

var update = flag.Bool("update", false, "write the recordings in testdata anew, from live nodes")

func TestContract(t *testing.T) {
	drivertest.Contract(t, bird.Factory{}, drivers.Target{Node: "n1", Config: []byte(config)}, drivertest.Options{
		Platform: "bird",
		Answers:  map[string]string{"show status": "Daemon is up and running", "show protocols": "Device", "show route": "192.0.2.0/24"},
		Refused:  "nonsense",
		Long:     "show status",
	}, *update)
}
