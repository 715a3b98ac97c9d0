package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/reports/handover/redact"
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

// TestRedactionKnowsProducts: a version of four numbers behind any name of a product is no
// address: the words that redaction knows are the drivers'.
func TestRedactionKnowsProducts(t *testing.T) {
	r, err := cli.Registry()
	if err != nil {
		t.Fatal(err)
	}
	// These end in words that stand before addresses as well, or name a machine: what may be an
	// address is replaced.
	doubtful := []string{"bird internet routing daemon", "vsp operating system", "vsp"}
	for _, p := range r.Products() {
		for _, word := range append([]string{p.Title}, p.Words...) {
			if len(word) < 3 || slices.Contains(doubtful, word) {
				continue
			}
			red, err := redact.New(redact.NewKey(), redact.Options{}) // what it saw once, it knows elsewhere
			if err != nil {
				t.Fatal(err)
			}
			line := []byte("the switch was on " + word + " 31.7.1.4 then\n")
			red.Learn("note.txt", line)
			if got := red.Text("note.txt", line); !bytes.Equal(got, line) {
				t.Errorf("%q became %q", line, got)
			}
		}
	}
}
