package write

import (
	"bytes"
	"embed"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/template"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
)

//go:embed skeleton/*
var skeletonFiles embed.FS

// skeleton is what a new scenario is written from.
type skeleton struct {
	ID, Title, What, When, How string
	Platform, Image, Fixed     string
	Nodes                      int
	// Of the platform, by its driver.
	Of       drivers.Skeleton
	registry *drivers.Registry
	given    map[string]bool
}

// defaultPlatform is that of the example.
const defaultPlatform = "frr"

// setPlatform takes a platform's part of the skeleton; one that has none is an input error.
func (s *skeleton) setPlatform(name string) error {
	of, ok := s.registry.Skeleton(name)
	if !ok {
		return cli.InputError("--platform %s: a skeleton can be written for %s", name, strings.Join(s.registry.Skeletons(), " or "))
	}
	s.Platform, s.Of = name, of
	if !s.given["image"] {
		s.Image = of.Image
	}
	return nil
}

var notID = regexp.MustCompile(`[^a-z0-9]+`)

// defaults fills in what nobody gave, with an example that runs.
func (s *skeleton) defaults(folder string) {
	s.given = map[string]bool{"image": s.Image != ""}
	if s.ID == "" {
		s.ID = strings.Trim(notID.ReplaceAllString(strings.ToLower(folder), "-"), "-")
	}
	if s.ID == "" {
		s.ID = "my-case"
	}
	for _, f := range []struct {
		key   string
		value *string
		def   string
	}{
		{"title", &s.Title, "OSPF adjacency does not survive a shut interface"},
		{"what", &s.What, "The neighbour is gone and so are its routes"},
		{"when", &s.When, "Since the interface was shut"},
		{"how", &s.How, "Every time"},
		{"platform", &s.Platform, defaultPlatform},
	} {
		s.given[f.key] = *f.value != ""
		if *f.value == "" {
			*f.value = f.def
		}
	}
}

// Routers gives the nodes for the templates.
func (s *skeleton) Routers() []router {
	var out []router
	for i := 1; i <= s.Nodes; i++ {
		r := router{Name: "r" + strconv.Itoa(i), N: i, Role: "peer"}
		if i == 1 {
			r.Role = "dut"
		}
		if i > 1 {
			r.Left = i - 1
		}
		if i < s.Nodes {
			r.Right = i + 1
		}
		out = append(out, r)
	}
	return out
}

// router is one node of the line: its interface eth1 goes left, eth2 right, and the
// link between i and i+1 is 10.0.i.0/24.
type router struct {
	Name, Role     string
	N, Left, Right int
}

func (s *skeleton) write(dir string) error {
	for _, name := range []string{"scenario.yaml", "lab.clab.yml"} {
		text, err := skeletonFiles.ReadFile("skeleton/" + name)
		if err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		if err := writeTemplate(filepath.Join(dir, name), string(text), s); err != nil {
			return err
		}
	}
	for _, r := range s.Routers() {
		if err := writeTemplate(filepath.Join(dir, r.Name+".conf"), s.Of.Config, r); err != nil {
			return err
		}
	}
	return nil
}

func writeTemplate(path, text string, data any) error {
	name := filepath.Base(path)
	t, err := template.New(name).Funcs(template.FuncMap{"yaml": strconv.Quote}).Parse(text)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return evidence.WriteFile(path, b.Bytes())
}
