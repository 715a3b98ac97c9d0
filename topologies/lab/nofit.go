package lab

import (
	"fmt"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/topologies"
)

// NoFitError says why no devices of the inventory can stand for a request. It is also a
// *topologies.MissingError, for whoever asks for that.
type NoFitError struct {
	Lab   string
	Nodes []NodeLacks
	// Links says in words which cables are not there.
	Links []string
	// GaveUp is set when the search ended at its bound without an answer.
	GaveUp bool
}

// NodeLacks is what each device lacks for one node.
type NodeLacks struct {
	Node    string
	Want    string
	Fits    []string // devices that would do by themselves
	Devices []DeviceLacks
}

// DeviceLacks is what one device lacks.
type DeviceLacks struct {
	Device string
	Lacks  []string
}

func (e *NoFitError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "lab %s has no devices for this topology", e.Lab)
	if e.GaveUp {
		fmt.Fprintf(&b, ", or none was found before the search came to its bound: name devices with the label %s", LabelDevice)
	}
	for _, n := range e.Nodes {
		if len(n.Fits) > 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%s (%s): no device fits", n.Node, n.Want)
		for _, g := range groupLacks(n.Devices) {
			fmt.Fprintf(&b, "\n  %s", g)
		}
	}
	for _, l := range e.Links {
		fmt.Fprintf(&b, "\n%s", l)
	}
	return b.String()
}

// Unwrap makes it a thing that is missing.
func (e *NoFitError) Unwrap() error {
	return &topologies.MissingError{What: "a set of devices", Name: "for this topology in lab " + e.Lab, Hint: "`reprise lab list` shows what is there"}
}

// groupLacks gives a line for every reason, with the devices it holds for.
func groupLacks(devices []DeviceLacks) []string {
	var reasons []string
	names := map[string][]string{}
	for _, d := range devices {
		reason := strings.Join(d.Lacks, ", ")
		if names[reason] == nil {
			reasons = append(reasons, reason)
		}
		names[reason] = append(names[reason], d.Device)
	}
	var out []string
	for _, r := range reasons {
		out = append(out, some(names[r])+": "+r)
	}
	return out
}

// some names the first few.
func some(names []string) string {
	const shown = 8
	text := strings.Join(names[:min(len(names), shown)], ", ")
	if more := len(names) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// explain looks at every node and link by itself.
func (s *solver) explain(gaveUp bool) *NoFitError {
	e := &NoFitError{Lab: s.inv.Name, GaveUp: gaveUp}
	for i, w := range s.request.Nodes {
		n := NodeLacks{Node: w.Node, Want: w.String(), Fits: s.names(s.fits[i])}
		for _, d := range s.inv.Devices {
			if l := lacks(d, w, s.request.Blocked); l != nil {
				n.Devices = append(n.Devices, DeviceLacks{Device: d.Name, Lacks: l})
			}
		}
		if w.Device != "" {
			n.Devices = slices.DeleteFunc(n.Devices, func(d DeviceLacks) bool { return d.Device != w.Device })
			if len(n.Devices) == 0 && len(n.Fits) == 0 {
				n.Devices = []DeviceLacks{{Device: w.Device, Lacks: []string{"not in the inventory"}}}
			}
		}
		e.Nodes = append(e.Nodes, n)
	}
	for _, edge := range s.edges {
		if text := s.explainEdge(edge); text != "" {
			e.Links = append(e.Links, text)
		}
	}
	anyFit := !slices.ContainsFunc(e.Nodes, func(n NodeLacks) bool { return len(n.Fits) == 0 })
	if anyFit && len(e.Links) == 0 && !gaveUp {
		e.Links = s.explainWhole(e.Nodes)
	}
	return e
}

// explainEdge says which cables are missing between two nodes, "" when some pair of
// devices that fit has them.
func (s *solver) explainEdge(e edge) string {
	a, b := s.request.Nodes[e.a], s.request.Nodes[e.b]
	if len(s.fits[e.a]) == 0 || len(s.fits[e.b]) == 0 {
		return ""
	}
	if e.conflict {
		return fmt.Sprintf("a link between %s (speed %s) and %s (speed %s) has no speed", a.Node, a.Speed, b.Node, b.Speed)
	}
	best, between := 0, ""
	for _, d := range s.fits[e.a] {
		for _, f := range s.fits[e.b] {
			if (d == f) != (e.a == e.b) {
				continue
			}
			n := len(s.between(d, f, e.speed))
			if n >= len(e.links) {
				return ""
			}
			if n > best {
				best, between = n, fmt.Sprintf("; %s and %s have %d", s.inv.Devices[d].Name, s.inv.Devices[f].Name, n)
			}
		}
	}
	speed := ""
	if e.speed > 0 {
		speed = " of " + e.speed.String()
	}
	return fmt.Sprintf("no %d cables%s between any device for %s and any for %s%s", len(e.links), speed, a.Node, b.Node, between)
}

func (s *solver) explainWhole(nodes []NodeLacks) []string {
	out := []string{"each node and each link would fit by itself, but not all of them together:"}
	for _, n := range nodes {
		out = append(out, fmt.Sprintf("  %s (%s) fits %s", n.Node, n.Want, some(n.Fits)))
	}
	return out
}

func (s *solver) names(devices []int) []string {
	var out []string
	for _, d := range devices {
		out = append(out, s.inv.Devices[d].Name)
	}
	return out
}
