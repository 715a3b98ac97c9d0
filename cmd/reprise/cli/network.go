package cli

import (
	"encoding/json"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/infer"
	"github.com/reprise-lab/reprise/harness/intake"
	"github.com/reprise-lab/reprise/reports/handover/redact"
	"github.com/reprise-lab/reprise/topologies/recipe"
)

// Network reads what devices say, and makes their network of it; beside that, visit gets each answer. A file that
// cannot be read is an error: a network without it would be another.
func Network(files []string, visit ...func(*intake.Part, *intake.Command, string) error) (infer.Network, *intake.Import, error) {
	registry, err := Registry()
	if err != nil {
		return infer.Network{}, nil, err
	}
	g, err := intake.NewGrammar()
	if err != nil {
		return infer.Network{}, nil, err
	}
	r := infer.New(infer.Options{Template: registry.Template, Image: ImageOf, Lacks: ConfigLacks(registry, g)})
	visit = append(visit, r.Visit)
	im, err := g.Files(files, intake.Options{Lacks: Lacks(registry), Visit: func(p *intake.Part, c *intake.Command, text string) error {
		for _, v := range visit {
			if err := v(p, c, text); err != nil {
				return err
			}
		}
		return nil
	}})
	if err != nil {
		return infer.Network{}, nil, err
	}
	for _, f := range im.Files {
		if f.Error != "" {
			return infer.Network{}, nil, InputError("%s: %s", f.Name, f.Error)
		}
	}
	return r.Infer(im), im, nil
}

// ConfigLacks tells what a configuration lacks that was cut off, as its driver does or by how the platform's end.
func ConfigLacks(r *drivers.Registry, g *intake.Grammar) func(platform, text string) (lacks []string, known bool) {
	return func(platform, text string) ([]string, bool) {
		if lacks, known := r.ConfigLacks(platform, text); known {
			return lacks, true
		}
		return g.ConfigLacks(platform, text)
	}
}

// ImageOf is an image of this project with a platform's software, as [nearest] has it.
func ImageOf(platform, version string) (image string, exact, ok bool) {
	return nearest(recipe.KnownRefs(), platform, version)
}

// nearest is the image, of some of which the newest are the last, with a platform's software of this
// version; or of the nearest that begins with the same number; or the newest.
func nearest(refs []string, platform, version string) (image string, exact, ok bool) {
	var best []int
	for _, ref := range slices.Backward(refs) {
		has, found := strings.CutPrefix(ref, recipe.Repository+platform+":")
		if !found {
			continue
		}
		if has == version {
			return ref, true, true
		}
		d := distance(has, version)
		if near := len(d) > 0 && d[0] == 0; image == "" || near && (best == nil || slices.Compare(d, best) < 0) {
			image = ref
			if near {
				best = d
			}
		}
	}
	return image, false, image != ""
}

// distance is how far two versions are apart in each of their numbers; nil where one is of none.
func distance(x, y string) (d []int) {
	p, q := strings.Split(x, "."), strings.Split(y, ".")
	for i := range max(len(p), len(q)) {
		var a, b int
		var err1, err2 error
		if i < len(p) {
			a, err1 = strconv.Atoi(p[i])
		}
		if i < len(q) {
			b, err2 = strconv.Atoi(q[i])
		}
		if err1 != nil || err2 != nil {
			return d
		}
		d = append(d, max(a-b, b-a))
	}
	return d
}

// OtherVersions are this project's images of the same software as an image has, of other versions, the newest
// first.
func OtherVersions(image string) (others []string) {
	software, _, _ := strings.Cut(image, ":")
	for _, ref := range slices.Backward(recipe.KnownRefs()) {
		if strings.HasPrefix(ref, software+":") && ref != image {
			others = append(others, ref)
		}
	}
	return others
}

// Secretless replaces the secrets of a network's configurations, and of other texts of its devices, and nothing
// else: what the files say of devices stays. Of a file of JSON each string is read by itself: what one says announces no
// secret in the next.
func Secretless(n infer.Network, texts ...string) (func(file string, text []byte) []byte, error) {
	o := redact.Options{KeepMACs: true, KeepPrefixes: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}}
	o.Keep = []string{"…"} // which stands for values that are taken out
	for _, node := range n.Nodes {
		o.Keep = append(o.Keep, Present(node.Name, node.Model, node.Serial)...)
	}
	r, err := redact.New(redact.NewKey(), o)
	if err != nil {
		return nil, err
	}
	for _, node := range n.Nodes {
		r.Learn(node.Name+".conf", []byte(node.Sent))
	}
	for _, text := range texts {
		r.Learn("later.conf", []byte(text))
	}
	literal := regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	return func(file string, text []byte) []byte {
		if filepath.Ext(file) != ".json" {
			return r.Text(file, text)
		}
		return literal.ReplaceAllFunc(text, func(quoted []byte) []byte {
			var said string
			if err := json.Unmarshal(quoted, &said); err != nil {
				return r.Text(file, quoted) // it is no JSON
			}
			clean := string(r.Text("said.txt", []byte(said)))
			if clean == said {
				return quoted
			}
			written, _ := json.Marshal(clean) // every string has a form
			return written
		})
	}, nil
}
