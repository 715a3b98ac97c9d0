package confirm

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// Differences compares where the claim was made with this machine, what may matter first.
func Differences(claim, here evidence.RunInfo) []Difference {
	var list []Difference
	add := func(what, a, b string, matters bool) {
		if a != b {
			list = append(list, Difference{What: what, Claim: a, Here: b, Matters: matters})
		}
	}
	add("the kind of lab", claim.Fidelity, here.Fidelity, true)
	theirs := map[string]evidence.NodeInfo{}
	for _, n := range claim.Nodes {
		theirs[n.Name] = n
	}
	for _, n := range here.Nodes {
		was := theirs[n.Name]
		if n.Segment {
			continue
		}
		a, b := imageWord(was), imageWord(n)
		if a != b {
			add("the image of "+n.Name, a, b, true)
			continue
		}
		changed := changedPackages(was, n)
		for _, c := range changed {
			add("the package "+c+" of "+n.Name, was.Packages[c], n.Packages[c], true)
		}
		if len(changed) == 0 {
			// Where both sides say what is in an image, that decides, and not when it was built.
			told := len(was.Packages) > 0 && len(n.Packages) > 0
			add("the build of "+n.Name+"'s image", was.Digest, n.Digest, !told)
		}
	}
	add("the lab's clock", clockWord(claim.Clock), clockWord(here.Clock), true)
	add("reset", claim.Reset, here.Reset, true)
	add("labs side by side", fmt.Sprint(claim.Labs), fmt.Sprint(here.Labs), true)
	many := evidence.FleetHost()
	if claim.Host == many || here.Host == many { // each of which may be another machine
		add("the machine", hostWord(claim.Host), hostWord(here.Host), true)
		add("tool", claim.Tool.Version, here.Tool.Version, false)
		return list
	}
	add("architecture", claim.Host.Arch, here.Host.Arch, true)
	container := here.Fidelity == "container" // whose kernel is the machine's
	add("kernel", claim.Host.Kernel, here.Host.Kernel, container && release(claim.Host.Kernel) != release(here.Host.Kernel))
	add("processors", fmt.Sprint(claim.Host.CPUs), fmt.Sprint(here.Host.CPUs), false)
	add("operating system", claim.Host.OS, here.Host.OS, false)
	add("engine", claim.Host.Engine, here.Host.Engine, false)
	add("tool", claim.Tool.Version, here.Tool.Version, false)
	return list
}

func hostWord(h evidence.HostInfo) string {
	if h == evidence.FleetHost() {
		return h.String()
	}
	return strings.Join([]string{h.OS, h.Kernel, h.Arch}, ", ")
}

func clockWord(c evidence.Clock) string {
	if s := c.String(); s != "" {
		return s
	}
	return "speed 1"
}

// release is a kernel's version up to the part that brings features: 6.1 of 6.1.0-28-amd64.
func release(kernel string) string {
	parts := strings.SplitN(kernel, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

func imageWord(n evidence.NodeInfo) string { return strings.TrimSpace(n.Platform + " " + n.Image) }

// changedPackages names the packages whose versions differ, or that one side has alone,
// sorted. An image that does not tell what is in it changes nothing.
func changedPackages(a, b evidence.NodeInfo) []string {
	if len(a.Packages) == 0 || len(b.Packages) == 0 {
		return nil
	}
	all := maps.Clone(a.Packages)
	maps.Copy(all, b.Packages)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(name string) bool { return a.Packages[name] == b.Packages[name] })
}
