package redact

import "encoding/binary"

// anywhere finds values that are no words and no numbers wherever they stand, inside of longer
// words and in other capitals too, as the gate does. It looks at every third place of a text:
// wherever a value begins, one of its first three windows of four bytes is at one of these.
type anywhere struct {
	maybe [1 << 11]uint64
	by    map[uint32][]looseValue
}

// looseValue is a value and how far into it a window begins.
type looseValue struct {
	entry

	at int
}

// anywhereStep is how far apart the places are; with a window it is no longer than the
// shortest value that is looked for.
const anywhereStep = shortestEncoded - 4 + 1

// isLoose tells whether a value is one wherever it stands.
func isLoose(k known) bool {
	switch k.rule {
	case RuleName, RuleMail, RuleMAC, RuleIPv4, RuleIPv6:
		return false
	default:
	}
	return len(k.value) >= shortestEncoded && mixed(k.value)
}

// windowOf is four bytes, the same for capitals and small letters.
func windowOf(b []byte) uint32 { return binary.LittleEndian.Uint32(b) | 0x20202020 }

func windowHash(w uint32) uint32 { return w * 2654435761 >> 15 }

func (a *anywhere) add(e entry) {
	if a.by == nil {
		a.by = map[uint32][]looseValue{}
	}
	for at := range anywhereStep {
		w := windowOf([]byte(e.match[at:]))
		a.by[w] = append(a.by[w], looseValue{e, at})
		h := windowHash(w)
		a.maybe[h>>6] |= 1 << (h & 63)
	}
}

// find gives the edits of all values in a text that those made already do not cover; of two
// that overlap, the one that begins first.
func (a *anywhere) find(data []byte, made []edit) []edit {
	if len(a.by) == 0 {
		return nil
	}
	var edits []edit
	k := 0
	for i := 0; i+4 <= len(data); i += anywhereStep {
		w := windowOf(data[i:])
		h := windowHash(w)
		if a.maybe[h>>6]>>(h&63)&1 == 0 {
			continue
		}
		for _, v := range a.by[w] {
			start := i - v.at
			end := start + len(v.match)
			if start < 0 || end > len(data) || !sameLetters(data[start:end], v.match) {
				continue
			}
			for k < len(made) && made[k].end <= i-anywhereStep {
				k++
			}
			if covered(made[k:], start, end) {
				continue
			}
			edits = append(edits, edit{start, end, v.cased(string(data[start:end])), v.replaces()})
		}
	}
	return merge(nil, edits)
}

// covered tells whether one of the edits, which are in order, is over a place.
func covered(made []edit, start, end int) bool {
	for _, e := range made {
		if e.start > start {
			return false
		}
		if e.end >= end {
			return true
		}
	}
	return false
}

// cased is what stands for got, which may be the value in other capitals.
func (e entry) cased(got string) string {
	if got == e.match && !e.fold {
		return e.with
	}
	return asCased(e.with, got)
}

// replaces is the rule that a report counts.
func (e entry) replaces() Rule {
	if e.rule == RuleSecret {
		return RuleValue
	}
	return e.rule
}
