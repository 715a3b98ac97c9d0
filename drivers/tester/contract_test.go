package tester_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/tester"
)

var update = flag.Bool("update", false, "write the recordings in testdata anew, from live nodes")

const config = `bgp:
  as: 65001
  router-id: 1.1.1.1
  neighbors:
    127.0.0.2: {as: 65002, stopped: true}
announce:
  - {from: 10.1.0.0/24, count: 100}
`

// program builds what live nodes get; recordings need none.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "node")
	if testing.Short() {
		return path // no node is live
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "./testdata/node")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

func TestContract(t *testing.T) {
	drivertest.Contract(t, tester.Factory{Program: program(t)}, drivers.Target{Node: "n1", Config: []byte(config)}, drivertest.Options{
		Platform: "tester",
		Answers:  map[string]string{"show version": `"version"`, "show neighbors": `"neighbors"`, "show routes {limit: 1}": `"count"`},
		Refused:  "nonsense",
		Long:     "show neighbors",
		Good:     []string{"announce {from: 10.9.0.0/24, count: 3}", "withdraw {from: 10.9.0.0/24}"},
		Bad:      []string{"announce {from: 10.9.0.0/24}", "announce {from: 10.9.0.1/24}"},
	}, *update)
}
