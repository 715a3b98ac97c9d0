package known_test

import (
	"sync"
	"testing"

	"github.com/reprise-lab/reprise/drivers/all"
	"github.com/reprise-lab/reprise/harness/known"
)

var allProducts = sync.OnceValues(func() (*known.Products, error) {
	r, err := all.Registry()
	if err != nil {
		return nil, err
	}
	return known.NewProducts(r.Products()), nil
})

// products are those of every driver.
func products(tb testing.TB) *known.Products {
	tb.Helper()
	p, err := allProducts()
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// A product is known by every name that its driver gives it, and nothing is one where no
// products were given.
func TestProducts(t *testing.T) {
	p := products(t)
	for said, want := range map[string]string{
		"Switch Engine": "exos", "Fabric Engine": "voss", " FRRouting ": "frr", "bird2": "bird", "openvswitch-switch": "ovs",
		"XIQ-SE": "site-engine", "xiq-site engine": "site-engine", "BOSS": "boss", "ExtremeWare": "extremeware", "lldpd": "lldpd", "Junos": "junos",
	} {
		if got := p.Name(said); got != want {
			t.Errorf("%q is %q, want %q", said, got, want)
		}
		if got := known.NewProducts(nil).Name(said); said == "Switch Engine" && got != "switch engine" {
			t.Errorf("without products %q is %q", said, got)
		}
	}
	found, _ := p.ParseVersions("affects SE 33.2 and Open vSwitch 3.1.0, to se 1.2.3", "")
	if len(found) < 2 || found[0].Product != "exos" || found[1].Product != "ovs" {
		t.Errorf("got %+v", found)
	}
	if found, _ := (*known.Products)(nil).ParseVersions("affects SE 33.2", ""); len(found) != 1 || found[0].Product != "" {
		t.Errorf("without products: %+v", found)
	}
}
