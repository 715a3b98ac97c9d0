package draft_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/reprise-lab/reprise/harness/draft"
	"github.com/reprise-lab/reprise/harness/infer"
	"github.com/reprise-lab/reprise/harness/intake"
)

// What two routers answered before and after BGP was lost becomes hypotheses.
func Example() {
	archive, err := txtar.ParseFile("testdata/frr-bgp-no-shutdown.txtar")
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "draft")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a leftover in the temporary folder does no harm
	var names []string
	for _, f := range archive.Files {
		name := filepath.Join(dir, f.Name)
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			log.Fatal(err)
		}
		names = append(names, name)
	}
	g, err := intake.NewGrammar()
	if err != nil {
		log.Fatal(err)
	}
	network := infer.New(infer.Options{Image: func(platform, _ string) (string, bool, bool) { return "reprise/frr:8.4.4", true, platform == "frr" }})
	r := draft.New(draft.Options{})
	im, err := g.Files(names, intake.Options{Visit: func(p *intake.Part, c *intake.Command, text string) error {
		if err := network.Visit(p, c, text); err != nil {
			return err
		}
		return r.Visit(p, c, text)
	}})
	if err != nil {
		log.Fatal(err)
	}
	n := network.Infer(im)
	d := r.Draft(im, &n, "BGP did not come back after the maintenance")
	for _, s := range d.Broken {
		fmt.Println("broken:", s)
	}
	for _, h := range d.Hypotheses[:2] {
		fmt.Println(h.Name+":", h.Title)
	}
	// Output:
	// broken: r1: BGP with 10.0.0.2, was Established, is Idle (r1-2-after.txt:87)
	// broken: r2: BGP with 10.0.0.1, was Established, is Active (r2-2-after.txt:88)
	// 01-changes: What the files say was done, all of it in order
	// 02-change-1: One of the changes alone: BGP was shut down
}
