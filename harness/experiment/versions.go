package experiment

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// Version is one of the versions of a bisection.
type Version struct {
	Image string   `json:"image"`
	After []string `json:"after,omitempty"` // images it was made from; none means the version before
	Prior float64  `json:"prior,omitempty"` // how much likelier than the others the problem came in here
}

// ParseVersions reads a list of versions, oldest first, an image a line: behind it may stand
// "after IMAGE,IMAGE" and "prior N". Lines that begin with # are comments.
func ParseVersions(text string) ([]Version, error) {
	var out []Version
	known := map[string]bool{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		v := Version{Image: words[0]}
		if known[v.Image] {
			return nil, fmt.Errorf("line %d: %s is there twice", n, v.Image)
		}
		if err := v.parse(words[1:], known); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		known[v.Image] = true
		out = append(out, v)
	}
	if len(out) < 2 {
		return nil, fmt.Errorf("the list holds %d versions: there must be two at least", len(out))
	}
	return out, nil
}

// parse reads what stands behind an image.
func (v *Version) parse(words []string, known map[string]bool) (err error) {
	for i := 0; i < len(words); i += 2 {
		if i+1 == len(words) {
			return fmt.Errorf("nothing after %q", words[i])
		}
		switch words[i] {
		case "after":
			v.After = strings.Split(words[i+1], ",")
			for _, p := range v.After {
				if !known[p] {
					return fmt.Errorf("%s is after %s, which is in no line above", v.Image, p)
				}
			}
		case "prior":
			if v.Prior, err = strconv.ParseFloat(words[i+1], 64); err != nil || v.Prior <= 0 {
				return fmt.Errorf("prior %s: want a number above 0", words[i+1])
			}
		default:
			return fmt.Errorf("%q: want \"after IMAGE,IMAGE\" or \"prior N\"", words[i])
		}
	}
	return nil
}

// MergeVersions leaves the first image of those that hold the same out of a list: as two,
// they could not be told apart by any number of runs.
func MergeVersions(list []Version, identity func(image string) (string, error)) ([]Version, error) {
	first, is := map[string]string{}, map[string]string{} // image by what it holds; image that stands for an image
	var out []Version
	for _, v := range list {
		id, err := identity(v.Image)
		if err != nil {
			return nil, err
		}
		v.After = slices.Clone(v.After)
		for i, p := range v.After {
			v.After[i] = is[p]
		}
		same, twice := first[id]
		switch {
		case !twice:
			first[id], is[v.Image] = v.Image, v.Image
			out = append(out, v)
		case len(v.After) == 0 && out[len(out)-1].Image != same:
			return nil, fmt.Errorf("%s holds the same as %s, and %s is between them", v.Image, same, out[len(out)-1].Image)
		default:
			is[v.Image] = same
		}
	}
	return out, nil
}

// inOrder gives the versions in the order in which the problem comes in.
func inOrder(versions []Version) []isolate.Version {
	index := map[string]int{}
	out := make([]isolate.Version, len(versions))
	for i, v := range versions {
		index[v.Image] = i
		out[i] = isolate.Version{Name: v.Image, Prior: v.Prior}
		for _, p := range v.After {
			out[i].Parents = append(out[i].Parents, index[p])
		}
	}
	return out
}

// versionCutter makes candidates of versions.
type versionCutter struct {
	loaded *scenarios.Loaded
	images []string
	nodes  []string
	set    map[string]string
	reset  scenarios.Reset
	speed  float64
	units  []isolate.Unit
	lacks  map[string]error // by image
}

func (v *versionCutter) Key(c isolate.Candidate) string { return c.Key(v.units) }

func (v *versionCutter) Plan(c isolate.Candidate) (*plan.Plan, error) {
	image := v.images[slices.Index(c.Kept, true)]
	if err := v.lacks[image]; err != nil {
		return nil, err
	}
	set := map[string]string{}
	maps.Copy(set, v.set)
	for _, n := range v.nodes {
		set[n+".image"] = image
	}
	return plan.New(v.loaded, plan.Options{Set: set, Trials: 1, Reset: v.reset, Speed: v.speed})
}

// only is the candidate of one version.
func (v *versionCutter) only(version int) isolate.Candidate {
	c := isolate.Candidate{Kept: make([]bool, len(v.images))}
	c.Kept[version] = true
	return c
}
