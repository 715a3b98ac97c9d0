package voss

import "github.com/reprise-lab/reprise/drivers"

// askFacts prints the model, the version and the serial number.
const askFacts = "show sys-info"

// Products implements drivers.ProductSource: VOSS, which its vendor calls Fabric Engine on the
// universal switches, and its smaller brother.
func (Factory) Products() []drivers.Product {
	return []drivers.Product{
		{Name: Platform, Title: "VOSS", Vendor: "extreme", Words: []string{"fabric engine", "vsp operating system", "voss", "vsp", "fe"}, Facts: askFacts},
		{Name: "boss", Title: "BOSS", Vendor: "extreme", Words: []string{"boss"}},
	}
}
