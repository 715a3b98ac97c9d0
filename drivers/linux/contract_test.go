package linux_test

import (
	"flag"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/linux"
)

var update = flag.Bool("update", false, "write the recordings in testdata anew, from live nodes")

func TestContract(t *testing.T) {
	drivertest.Contract(t, linux.Factory{}, drivers.Target{Node: "n1", Config: []byte(config)}, drivertest.Options{
		Platform: "linux",
		Answers:  map[string]string{"echo one": "one\n", "uname -s": "Linux", "cat /etc/hostname /etc/passwd": "root:x:0:0"},
		Refused:  "false",
		Long:     "cat /etc/passwd",
		Slow:     "sleep 5; echo late",
		Good:     []string{"true"},
		Bad:      []string{"true", "echo no; exit 3"},
	}, *update)
}
