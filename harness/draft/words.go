package draft

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// said is the kind that a customer's sentence says is lost: the one that it names, where a word of loss stands beside it
// in the same clause, and nothing there denies it. It is empty for every other sentence: who names two, or says that
// one is fine, has to be asked.
func said(sentence string) Kind {
	names := kindNames()
	sentence = strings.ToLower(sentence)
	named := namedIn(sentence)
	if len(named) != 1 {
		return ""
	}
	without := regexp.MustCompile(`\bno (?:longer|more)\b(?: \w+)?|\b(?:not|never) (?:up|there|established|come up|comes up|coming up)\b|\b(?:does|do|did|will|is|are|was|were)(?: not|n't) (?:up|there|established|come up|work)\b`)
	loss := regexp.MustCompile(`\b(?:lost|loses?|losing|gone|down|dead|died|missing|fail(?:s|ed|ing)?|drop(?:s|ped|ping)?|disappear(?:s|ed)?|vanish(?:es|ed)?|broken|breaks)\b`)
	denies := regexp.MustCompile(`\b(?:not|no|never|nothing|none|without|fine|ok|okay|good|healthy|up|works|working|stays)\b|n't\b`)
	for _, clause := range regexp.MustCompile(`[.,;:!?](?:\s|$)|\bbut\b|\balthough\b|\bwhile\b`).Split(sentence, -1) {
		if !names[named[0]].MatchString(clause) {
			continue
		}
		clause = without.ReplaceAllString(clause, "lost")
		if loss.MatchString(clause) && !denies.MatchString(clause) {
			return named[0]
		}
	}
	return ""
}

// kindNames are the words for what a sentence may name, in lower case.
func kindNames() map[Kind]*regexp.Regexp {
	return map[Kind]*regexp.Regexp{
		ISIS: regexp.MustCompile(`\bis-?is\b`), OSPF: regexp.MustCompile(`\bospf\b`), BGP: regexp.MustCompile(`\bbgp\b`),
		Prefix: regexp.MustCompile(`\bprefix(?:es)?\b|\broutes?\b`),
	}
}

// namedIn are the kinds that a sentence names, the lowest layer first.
func namedIn(sentence string) (named []Kind) {
	for _, kind := range kinds() {
		if re := kindNames()[kind]; re != nil && re.MatchString(strings.ToLower(sentence)) {
			named = append(named, kind)
		}
	}
	return named
}

// words takes what the customer's sentence says is lost, where the files show nothing broken: of the neighbours or
// prefixes of a protocol those that it names, or all; of OSPF, where no capture has a neighbour, those that the
// configurations have. It makes them the symptom.
func (w *drafter) words() {
	if len(w.d.Broken) > 0 {
		return
	}
	for _, kind := range namedIn(w.d.Sentence) {
		if w.found(kind); len(w.d.Broken) > 0 {
			w.passing()
			return
		}
	}
	kind, text := said(w.d.Sentence), strings.ToLower(w.d.Sentence)
	list := func(kind Kind) (all []Sign) {
		var named []Sign
		for _, s := range w.d.Healthy {
			if s.Kind != kind {
				continue
			}
			s.Is, s.From = "lost, as the customer says", "the customer's sentence"
			if state := regexp.MustCompile(`\b(?:exstart|exchange|loading|init|2-?way|opensent|openconfirm|idle)\b`).FindString(text); state != "" && (kind == OSPF || kind == BGP) {
				s.Is = state + ", as the customer says"
				w.inState(&s, w.net.Of(s.Node), row{state: state})
			}
			all = append(all, s)
			if strings.Contains(text, strings.ToLower(s.id)) || slices.Contains(regexp.MustCompile(`[\w.-]+`).FindAllString(text, -1), strings.ToLower(s.Node)) {
				named = append(named, s)
			}
		}
		if len(named) > 0 {
			return named
		}
		return all
	}
	all := list(kind)
	if kind == OSPF && len(all) == 0 {
		w.d.Healthy = append(w.d.Healthy, w.configured()...)
		all = list(kind)
	}
	if kind == Prefix && len(all) == 0 {
		all = list(Route)
	}
	if len(all) > 0 {
		w.d.Broken, w.said = all, true
		w.unknown("no file shows the failure: the symptom is what the sentence names of what was healthy")
	}
}

// ask says what would tell more.
func (w *drafter) ask() {
	words := regexp.MustCompile(`[a-z]+`).FindAllString(strings.ReplaceAll(strings.ToLower(w.d.Sentence), "is-is", "isis"), -1)
	for _, class := range []string{"bgp", "ospf", "isis", "lag", "mlag", "vrrp", "stp", "lldp", "fabric"} {
		if w.o.Commands == nil || !slices.Contains(words, class) {
			continue
		}
		for _, n := range w.net.Nodes {
			commands := slices.DeleteFunc(slices.Clone(w.o.Commands(n.Platform, class)), func(c string) bool { return w.came[n.Name+"\x00"+strings.ToLower(c)] })
			if len(commands) > 0 {
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
		w.d.Ask = append(w.d.Ask, "what it is, and only that, that is lost: one protocol, and which neighbour or prefix; the sentence does not say so of one that the files have")
	}
}
