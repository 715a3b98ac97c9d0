package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/topologies/recipe"
)

// The images are below the drivers and cannot ask them: what they call a product and install
// of it is what its driver names.
func TestImagesHoldProducts(t *testing.T) {
	r, err := cli.Registry()
	if err != nil {
		t.Fatal(err)
	}
	named := r.Products()
	for _, sw := range recipe.Products() {
		i := slices.IndexFunc(named, func(p drivers.Product) bool { return p.Name == sw.Name })
		if i < 0 {
			t.Errorf("the images hold %s, which no driver names", sw.Name)
			continue
		}
		p := named[i]
		if p.Title != sw.Title || len(p.Packages) == 0 || p.Packages[0] != sw.Packages[0] {
			t.Errorf("the images hold %+v, the driver names %+v", sw, p)
		}
		for _, suite := range recipe.Suites() {
			if sw.Versions[suite] == "" {
				t.Errorf("no version of %s in %s", sw.Name, suite)
			}
		}
	}
	for _, p := range named {
		if len(p.Packages) > 0 && !slices.ContainsFunc(recipe.Products(), func(sw recipe.Software) bool { return sw.Name == p.Name }) {
			t.Errorf("no image holds %s", p.Name)
		}
	}
	for _, s := range r.Skeletons() {
		sk, _ := r.Skeleton(s)
		if _, ok := recipe.Known(sk.Image); !ok && strings.HasPrefix(sk.Image, "reprise/") {
			t.Errorf("the skeleton of %s is of image %s", s, sk.Image)
		}
	}
}
