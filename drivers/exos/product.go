package exos

import "github.com/reprise-lab/reprise/drivers"

// askFacts prints the versions and the serial numbers.
const askFacts = "show version"

// Products implements drivers.ProductSource: EXOS, which its vendor calls Switch Engine on the
// universal switches, what was before it, and what manages it.
func (Factory) Products() []drivers.Product {
	return []drivers.Product{
		{Name: Platform, Title: "EXOS", Vendor: "extreme", Words: []string{"switch engine", "extremexos", "exos", "se"}, Facts: askFacts},
		{Name: "extremeware", Title: "ExtremeWare", Vendor: "extreme", Words: []string{"extremeware", "ew"}},
		{Name: "site-engine", Title: "Site Engine", Vendor: "extreme", Words: []string{"xiq site engine", "xiq-site engine", "xiq-se", "site engine"}},
	}
}
