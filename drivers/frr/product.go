package frr

import (
	_ "embed"

	"github.com/reprise-lab/reprise/drivers"
)

// failuresYAML is what its failures are called.
//
//go:embed failures.yaml
var failuresYAML []byte

// askFacts prints the version of zebra, which is that of the package.
const askFacts = "/usr/lib/frr/zebra --version"

// Products implements drivers.ProductSource.
func (f Factory) Products() []drivers.Product {
	return []drivers.Product{{
		Name: Platform, Title: "FRR", Vendor: "frrouting", Words: []string{"frrouting", "frr"},
		Packages: []string{"frr", "frr-pythontools"}, Daemons: f.Daemons(), Facts: askFacts,
	}}
}

//go:embed skeleton.conf
var skeletonConf string

// Skeleton implements drivers.SkeletonSource.
func (Factory) Skeleton() drivers.Skeleton {
	return drivers.Skeleton{Image: "reprise/frr:8.4.4", Config: skeletonConf, Adjacent: "show ip ospf neighbor"}
}
