package known_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/reprise-lab/reprise/drivers/all"
	"github.com/reprise-lab/reprise/harness/known"
)

// A table is read and kept, and a case of which the version and a few words are known is
// matched with it.
func Example() {
	registry, err := all.Registry()
	if err != nil {
		fmt.Println(err)
		return
	}
	products := known.NewProducts(registry.Products())
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "known-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a leftover in the temporary folder does no harm
	db, err := known.Open(ctx, filepath.Join(dir, "known.db"), products)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close() //nolint:errcheck // nothing is written after
	doc, err := known.ReadDocument("list.csv", []byte("id,summary,found in,fixed in\nxos0000007,MLAG peer flaps after a save,32.5.1.5,32.7.1\n"), known.ReadOptions{Products: products, Product: "exos"})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := db.Import(ctx, doc); err != nil {
		fmt.Println(err)
		return
	}
	s := known.Subject{Products: products, Name: "acme", Product: "exos", Version: "32.5.1.5"}
	s.Say("title", "The MLAG peer flaps whenever the configuration is saved", 1)
	m, err := db.Match(ctx, s, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range m.Candidates {
		fmt.Println(c.ID(), c.Affects.Affected, c.Affects.FixedIn)
	}
	// Output: xos0000007 yes 32.7.1
}

func ExampleIssue_Affects() {
	products := known.NewProducts(nil) // the text names none
	found, fixed := products.ParseVersions("9.1.x to 9.2.0.0; fixed 9.1.2.0, 9.2.1.0, 9.3.0.0", "voss")
	i := known.Issue{Product: "voss", Found: found, Fixed: fixed}
	for _, v := range []string{"9.1.1.0", "9.1.3.0", "9.2.0.0"} {
		a := i.Affects("voss", v)
		fmt.Println(v, a.Affected, "-", a.Reason)
	}
	// Output:
	// 9.1.1.0 yes - within 9.1 to 9.2.0.0
	// 9.1.3.0 no - fixed in 9.1.2.0, of the same line
	// 9.2.0.0 yes - within 9.1 to 9.2.0.0
}
