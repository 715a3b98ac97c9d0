package draft

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// words takes what the customer's sentence names, where the files show nothing broken: a protocol, and of its
// neighbours and prefixes those that it names, or all. It makes them the symptom.
func (w *drafter) words() {
	said := strings.ToLower(w.d.Sentence)
	if len(w.d.Broken) > 0 || said == "" {
		return
	}
	names := map[Kind]*regexp.Regexp{
		ISIS: regexp.MustCompile(`\bis-?is\b`), OSPF: regexp.MustCompile(`\bospf\b`), BGP: regexp.MustCompile(`\bbgp\b`),
		Prefix: regexp.MustCompile(`\bprefix(?:es)?\b|\broutes?\b`), Route: regexp.MustCompile(`\broutes?\b`),
	}
	for _, kind := range kinds() {
		if re := names[kind]; re == nil || !re.MatchString(said) {
			continue
		}
		var all, named []Sign
		for _, s := range w.d.Healthy {
			if s.Kind != kind {
				continue
			}
			s.Is, s.From = "lost, as the customer says", "the customer's sentence"
			all = append(all, s)
			if strings.Contains(said, strings.ToLower(s.id)) || slices.Contains(regexp.MustCompile(`[\w.-]+`).FindAllString(said, -1), strings.ToLower(s.Node)) {
				named = append(named, s)
			}
		}
		if len(named) > 0 {
			all = named
		}
		if len(all) > 0 {
			w.d.Broken = all
			w.unknown("no file shows the failure: the symptom is what the sentence names of what was healthy")
			return
		}
	}
}

// ask says what would tell more.
func (w *drafter) ask() {
	said := regexp.MustCompile(`[a-z]+`).FindAllString(strings.ReplaceAll(strings.ToLower(w.d.Sentence), "is-is", "isis"), -1)
	for _, class := range []string{"bgp", "ospf", "isis", "lag", "mlag", "vrrp", "stp", "lldp", "fabric"} {
		if w.o.Commands == nil || !slices.Contains(said, class) {
			continue
		}
		for _, n := range w.net.Nodes {
			if commands := w.o.Commands(n.Platform, class); len(commands) > 0 {
				w.d.Ask = append(w.d.Ask, fmt.Sprintf("of %s, while it fails: %s", n.Name, strings.Join(commands, ", ")))
			}
		}
	}
	w.d.Ask = append(w.d.Ask, "a capture of each device while it fails: show tech-support, or the answers about the protocol in question (neighbours, tables, routes)")
	if len(w.d.Healthy) == 0 {
		w.d.Ask = append(w.d.Ask, "the same answers from a time when all was well, named before the others")
	}
	w.d.Ask = append(w.d.Ask, "the logs of the hour before, with what was done then")
	if w.d.Sentence == "" {
		w.d.Ask = append(w.d.Ask, "a sentence that says what fails, between whom, and since when (--symptom)")
	} else if len(w.d.Healthy) > 0 {
		w.d.Ask = append(w.d.Ask, "which protocol the sentence is about, and which neighbour or prefix: it names none that the files have")
	}
}
