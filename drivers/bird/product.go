package bird

import (
	_ "embed"

	"github.com/reprise-lab/reprise/drivers"
)

// failuresYAML is what its failures are called.
//
//go:embed failures.yaml
var failuresYAML []byte

// askFacts prints the version of the program.
const askFacts = "bird --version 2>&1"

// Products implements drivers.ProductSource.
func (f Factory) Products() []drivers.Product {
	return []drivers.Product{{
		Name: Platform, Title: "BIRD", Vendor: "cz.nic", Words: []string{"bird internet routing daemon", "bird2", "bird"},
		Packages: []string{"bird2"}, Daemons: f.Daemons(), Facts: askFacts,
	}}
}

//go:embed skeleton.conf
var skeletonConf string

// Skeleton implements drivers.SkeletonSource.
func (Factory) Skeleton() drivers.Skeleton {
	return drivers.Skeleton{Image: "reprise/bird:2.0.12", Config: skeletonConf, Addresses: true, Adjacent: "show ospf neighbors"}
}
