package all_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/all"
	"github.com/reprise-lab/reprise/drivers/bird"
	"github.com/reprise-lab/reprise/drivers/exos"
	"github.com/reprise-lab/reprise/drivers/frr"
	"github.com/reprise-lab/reprise/drivers/linux"
	"github.com/reprise-lab/reprise/drivers/ovs"
	"github.com/reprise-lab/reprise/drivers/voss"
)

// TestProducts: every word is of one product, so that a text never names two by one word, and
// every platform of ours that is a product says so.
func TestProducts(t *testing.T) {
	r, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	names, words := map[string]drivers.Product{}, map[string]string{}
	for _, p := range r.Products() {
		names[p.Name] = p
		if p.Title == "" || p.Vendor == "" || p.Name != strings.ToLower(p.Name) || len(p.Words) == 0 {
			t.Errorf("incomplete: %+v", p)
		}
		for _, w := range p.Words {
			if other, taken := words[w]; taken || w != strings.ToLower(w) {
				t.Errorf("%q is a word of %s and %s", w, p.Name, other)
			}
			words[w] = p.Name
		}
	}
	for _, platform := range []string{"frr", "bird", "ovs", "exos", "voss"} {
		p, ok := names[platform]
		if daemons, _ := r.Daemons(platform); !ok || p.Facts == "" || !cmp.Equal(daemons, p.Daemons) || words[platform] != platform {
			t.Errorf("platform %s is product %+v", platform, p)
		}
	}
}

// entry is a registry's entry around another.
type entry struct{ drivers.Factory }

func (e entry) Unwrap() drivers.Factory { return e.Factory }

// A wrapped entry answers everything that the registry asks of the bare one.
func TestRegistryOfWrappedFactories(t *testing.T) {
	var bare, wrapped drivers.Registry
	for _, f := range []drivers.Factory{frr.Factory{}, bird.Factory{}, ovs.Factory{}, linux.Factory{}, exos.Factory{}, voss.Factory{}} {
		if err := bare.Register(f); err != nil {
			t.Fatal(err)
		}
		if err := wrapped.Register(entry{entry{f}}); err != nil {
			t.Fatal(err)
		}
	}
	type answers struct {
		Products                                          []drivers.Product
		Skeletons                                         []string
		Daemons, Templates                                map[string][]string
		Statuses, Any, Starts                             map[string]bool
		Grammar, Syntax, Classed, Reads, Begins, Virtuals map[string]bool
	}
	ask := func(r *drivers.Registry) answers {
		a := answers{
			Products: r.Products(), Skeletons: r.Skeletons(), Daemons: map[string][]string{}, Templates: map[string][]string{},
			Statuses: map[string]bool{}, Any: map[string]bool{}, Starts: map[string]bool{}, Grammar: map[string]bool{},
			Syntax: map[string]bool{}, Classed: map[string]bool{}, Reads: map[string]bool{}, Begins: map[string]bool{}, Virtuals: map[string]bool{},
		}
		for _, p := range r.Platforms() {
			d, _ := r.Describe(p)
			a.Daemons[p], a.Templates[p] = d.Daemons, r.Templates(p)
			a.Statuses[p], a.Any[p], a.Starts[p] = d.Statuses, d.AnyService, d.Starts != nil
			_, a.Grammar[p] = r.Grammar(p)
			_, a.Syntax[p] = r.SyntaxChecker(p)
			_, a.Classed[p] = r.Classed(p)
			_, a.Reads[p] = r.TechLacks(p, "")
			a.Begins[p] = r.TechBegins(p, "@@@ general\n")
			_, a.Virtuals[p] = r.Virtual(p)
		}
		return a
	}
	want := ask(&bare)
	if d := cmp.Diff(want, ask(&wrapped)); d != "" {
		t.Error(d)
	}
	if !want.Grammar["frr"] || !want.Reads["exos"] || !want.Begins["exos"] || !want.Virtuals["voss"] || len(want.Skeletons) != 2 {
		t.Errorf("the bare ones answer too little: %+v", want)
	}
}
