package draft

import (
	"fmt"
	"slices"

	"github.com/reprise-lab/reprise/harness/infer"
)

// upgrades holds the version that a node's latest capture has against that of its earliest: the lab has the
// later one, in which what is broken never comes up, and the control the earlier.
func (w *drafter) upgrades() {
	for _, n := range w.nodes() {
		before, after := w.versionsOf(n)
		if slices.ContainsFunc(w.d.Broken, func(s Sign) bool { return s.happens.Log != "" }) {
			return // what happens once is not there from the start
		}
		if before.version == after.version || w.o.Image == nil || n.Platform != platform(n) {
			continue
		}
		reason := fmt.Sprintf("%s has version %s (%s), and had %s (%s)", n.Name, after.version, after.from, before.version, before.from)
		old, exactly, ok := w.o.Image(n.Platform, before.version)
		now, exact, okNow := w.o.Image(n.Platform, after.version)
		if !ok || !okNow || !exactly || !exact {
			w.unknown("%s: there is no image of one of the two", reason)
			continue
		}
		h := w.hypothesis("upgrade "+n.Name, "The other version of "+n.Name+" does it, and nothing else", []string{reason})
		x := h.file.Nodes[n.Name]
		x.Image, x.Role = now, role([]string{n.Name}, n.Name)
		h.file.Nodes[n.Name] = x
		h.file.Baseline = slices.DeleteFunc(h.file.Baseline, func(c condition) bool {
			return slices.ContainsFunc(w.d.Broken, func(b Sign) bool { return b.look.Node == c.Node && b.look.Run == c.Run && b.look.Expect == c.Expect })
		})
		if len(h.file.Baseline) == 0 {
			h.file.Baseline = []condition{{Name: n.Name + " answers", Node: n.Name, Run: "show version", Expect: `text != ""`, Eventually: seconds(settles)}}
		}
		h.file.Symptom = nil
		for _, s := range w.d.Broken[:min(len(w.d.Broken), mostSymptoms)] {
			c := s.look
			c.Name, c.Never, c.MayHoldBefore = s.Node+" never has "+s.What, seconds(w.recovery()), true
			if s.Kind == Crash {
				c.Name, c.Never, c.Eventually = s.look.Name, "", seconds(w.recovery())
			}
			h.file.Symptom = append(h.file.Symptom, c)
			if s.seen != nil {
				c := w.shows(s)
				c.MayHoldBefore = true // it is so from the start
				h.file.Symptom = append(h.file.Symptom, c)
			}
		}
		h.Seconds = building + w.recovery()
		h.file.Trials.Count = versionTrials
		h.file.Control, h.Control = &control{Set: map[string]string{n.Name + ".image": old}}, n.Name+" with "+old
		w.keep(h)
	}
}

// versioned is a version and where it stands.
type versioned struct{ version, from string }

// versionsOf are the versions of a node in the first and the last of its parts that tell one.
func (w *drafter) versionsOf(n *infer.Node) (first, last versioned) {
	for _, a := range w.answers[n.Name] {
		if a.part.Version == "" {
			continue
		}
		last = versioned{a.part.Version, w.files[a.part]}
		if first.version == "" {
			first = last
		}
	}
	return first, last
}
