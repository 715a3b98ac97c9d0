package linux

import (
	_ "embed"

	"github.com/reprise-lab/reprise/drivers"
)

// failuresYAML is what its failures are called.
//
//go:embed failures.yaml
var failuresYAML []byte

// Products implements drivers.ProductSource: the daemons that a Linux node is mostly there for.
func (Factory) Products() []drivers.Product {
	return []drivers.Product{
		{
			Name: "keepalived", Title: "keepalived", Vendor: "keepalived", Words: []string{"keepalived"},
			Packages: []string{"keepalived"}, Daemons: []string{"keepalived"},
		},
		{
			Name: "lldpd", Title: "lldpd", Vendor: "lldpd", Words: []string{"lldpd"},
			Packages: []string{"lldpd"}, Daemons: []string{"lldpd"},
		},
	}
}
