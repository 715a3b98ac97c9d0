package bundle

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Difference is one thing that is not the same in two bundles. An empty side has nothing.
type Difference struct {
	What string `json:"what"` // claim, images, environment, inputs, files
	Name string `json:"name"`
	A    string `json:"a"`
	B    string `json:"b"`
}

// Diff compares what two bundles say, aspect by aspect. Runs are compared by their part in
// the claim and not by their names: two bundles of the same problem hold different runs.
func Diff(a, b Contents) []Difference {
	var out []Difference
	add := func(what string, x, y map[string]string) {
		for _, name := range slices.Sorted(maps.Keys(union(x, y))) {
			if x[name] != y[name] {
				out = append(out, Difference{what, name, x[name], y[name]})
			}
		}
	}
	add("claim", claimFacts(a), claimFacts(b))
	add("images", imageFacts(a), imageFacts(b))
	add("environment", envFacts(a), envFacts(b))
	inputsA, filesA := fileFacts(a)
	inputsB, filesB := fileFacts(b)
	add("inputs", inputsA, inputsB)
	add("files", filesA, filesB)
	return out
}

func union(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// parts names each run by its part: main 1, control 1, main 2 …
func parts(c Contents) map[string]string {
	names, count := map[string]string{}, map[string]int{}
	for _, r := range c.Manifest.Claim.Runs {
		v := string(r.Variant)
		count[v]++
		names[r.ID] = fmt.Sprintf("%s-%d", v, count[v])
	}
	return names
}

func claimFacts(c Contents) map[string]string {
	claim := &c.Manifest.Claim
	facts := map[string]string{"scenario": claim.Scenario, "title": claim.Title, "kind": c.Manifest.Kind}
	names := parts(c)
	for i := range claim.Runs {
		r := &claim.Runs[i]
		part := names[r.ID]
		facts[part+" verdict"] = string(r.Verdict)
		facts[part+" rate"] = r.RateText()
		var ids []string
		for _, f := range r.Failures {
			ids = append(ids, f.ID)
		}
		slices.Sort(ids)
		facts[part+" signatures"] = strings.Join(ids, " ")
		for key, value := range r.Set {
			facts[part+" set "+key] = value
		}
	}
	return facts
}

// RateText is the rate with n and its interval, and the lab's clock where that is its own, as it
// is told.
func (r *RunClaim) RateText() string {
	if r.Rate == nil {
		return fmt.Sprintf("%d trials, broken off before they were judged as a whole", len(r.Trials))
	}
	text := fmt.Sprintf("%d/%d", r.Rate.Reproduced, r.Rate.Valid)
	if r.Rate.Valid == 0 {
		return text + r.Clock.Beside()
	}
	return fmt.Sprintf("%s = %.2f, 95%% [%.2f, %.2f] Clopper-Pearson%s", text, float64(r.Rate.Reproduced)/float64(r.Rate.Valid), r.Rate.ClopperPearson[0], r.Rate.ClopperPearson[1], r.Clock.Beside())
}

func imageFacts(c Contents) map[string]string {
	facts := map[string]string{}
	for _, image := range c.Images.Images {
		facts[image.Name] = image.Digest
		for name, version := range image.Packages {
			facts[image.Name+" "+name] = version
		}
	}
	return facts
}

func envFacts(c Contents) map[string]string {
	facts := map[string]string{}
	names := parts(c)
	for _, r := range c.Env.Runs {
		part := names[r.ID] + " "
		maps.Copy(facts, map[string]string{
			part + "tool": r.Tool.Name + " " + r.Tool.Version, part + "os": r.Host.OS, part + "kernel": r.Host.Kernel, part + "arch": r.Host.Arch,
			part + "cpus": fmt.Sprint(r.Host.CPUs), part + "engine": r.Host.Engine, part + "provider": r.Provider, part + "fidelity": r.Fidelity,
			part + "reset": r.Reset, part + "labs": fmt.Sprint(r.Labs), part + "clock": r.Clock.String(),
		})
		for _, n := range r.Nodes {
			facts[part+n.Name] = strings.TrimSpace(n.Platform + " " + n.Kind + " " + n.Image)
		}
	}
	return facts
}

// fileFacts gives the digests of the inputs, and which files there are. The trials' own
// records differ by nature, and are only counted.
func fileFacts(c Contents) (inputs, files map[string]string) {
	inputs, files = map[string]string{}, map[string]string{}
	names := parts(c)
	for _, f := range c.Manifest.Files {
		rest, ok := strings.CutPrefix(f.Path, runsFolder+"/")
		if !ok {
			if strings.HasPrefix(f.Path, caseFolder+"/") {
				inputs[f.Path] = f.SHA256
			} else {
				files[f.Path] = "there"
			}
			continue
		}
		id, inner, _ := strings.Cut(rest, "/")
		switch {
		case strings.HasPrefix(inner, "input/"):
			inputs[path.Join(names[id], inner)] = f.SHA256
		case !strings.HasPrefix(inner, "trials/"):
			files[path.Join(names[id], inner)] = "there"
		}
	}
	for _, r := range c.Manifest.Claim.Runs {
		files[names[r.ID]+" trials"] = fmt.Sprint(len(r.Trials))
	}
	return inputs, files
}
