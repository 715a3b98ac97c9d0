package draft

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// fromTheStart is what never was, without anything done: it is held against other settings and other versions.
func (w *drafter) fromTheStart() {
	const title = "It is so from the start: nothing has to be done"
	var reasons []string
	for _, s := range w.d.Broken {
		reasons = append(reasons, fmt.Sprintf("%s: %s is %s in every capture (%s), although %s", s.Node, s.What, cmp.Or(s.Is, "not there"), s.From, s.Why))
	}
	if len(w.arrived()) > 0 { // nobody has a session before that
		return
	}
	for _, with := range []*setting{w.policy(), w.intervals()} {
		if with == nil {
			continue
		}
		h := w.hypothesis(with.name, title, append(slices.Clone(reasons), with.reason))
		h.file.Control = &control{Set: map[string]string{}}
		for name, text := range with.configs {
			file := w.beside(name, "control")
			h.extra[file] = text
			h.file.Control.Set[name+".config"] = file
		}
		h.Control = "the same with " + with.line
		w.keep(h)
	}
	w.versions(w.hypothesis("from the start", title, reasons))
}

// versions adds a hypothesis once for each other version that the suspects' software can be had in, as its
// control: all of them that have the software change it together, since a failure between two may be either's.
// It has no control where there is none.
func (w *drafter) versions(h Hypothesis) {
	var images []string
	of := map[string][]string{}
	for _, name := range w.suspects() {
		if n := w.net.Of(name); n != nil && n.Platform == platform(n) {
			images = distinct(append(images, n.Image))
			of[n.Image] = append(of[n.Image], name)
		}
	}
	had := false
	for _, image := range images {
		if w.o.Others == nil {
			break
		}
		others := w.o.Others(image)
		for _, other := range others[:min(len(others), mostVersions)] {
			x := h
			software, version, _ := strings.Cut(other[strings.LastIndexByte(other, '/')+1:], ":")
			x.Name = h.Name + " not in " + software + " " + version
			x.file.Control, x.Control = &control{Set: map[string]string{}}, strings.Join(of[image], " and ")+" with "+other
			x.file.Trials.Count = versionTrials
			for _, name := range of[image] {
				x.file.Control.Set[name+".image"] = other
			}
			w.keep(x)
			had = true
		}
	}
	if !had {
		w.unknown("%s: there is no other version of the suspects' software to hold it against", h.Title)
		w.keep(h)
	}
}

// setting is one that makes a lab healthy.
type setting struct {
	name         string
	line, reason string
	configs      map[string]string // by node
}

// policy is what makes a session pass routes whose both ends say that they have no policy (RFC 8212).
func (w *drafter) policy() *setting {
	const line = "no bgp ebgp-requires-policy"
	p := &setting{name: "policy", line: line, configs: map[string]string{}}
	for _, n := range w.nodes() {
		last := w.latest(n.Name, BGP)
		for _, id := range slices.Sorted(maps.Keys(last.rows)) {
			if last.rows[id].state != "(Policy)" || platform(n) != "frr" {
				continue
			}
			p.reason = fmt.Sprintf("%s says (Policy) of its session with %s (%s): without a policy an external neighbour is given and believed nothing (RFC 8212)", n.Name, id, w.at(last.answer))
			p.configs[n.Name] = regexp.MustCompile(`(?m)^(router bgp .*)$`).ReplaceAllString(n.Config, "$1\n "+line)
		}
	}
	if len(p.configs) == 0 {
		return nil
	}
	return p
}
