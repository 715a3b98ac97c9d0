package redact

import "fmt"

// RowsOf counts what is read as rows of a dump or as an armour in a text, and tells what would be replaced in it.
func RowsOf(r *Redactor, data []byte) (n int, changed []string) {
	s := scanner{r: r, d: r.dictionary(), data: data}
	s.armour()
	for _, m := range s.marks {
		v, ok := readers[m.kind](data, m.at)
		if !ok {
			continue
		}
		n++
		in := scanner{r: r, d: s.d, data: v.text, sameLength: true, depth: 1, values: v.values}
		in.whole()
		for _, e := range in.edits {
			changed = append(changed, fmt.Sprintf("%q at %d became %q (%s)", v.text[e.start:e.end], v.start, e.with, e.rule))
		}
	}
	return n, changed
}

// PromptNamesOf are the names in a text's prompts, PromptNamesOfAll the same where every expression is asked about all of it.
func PromptNamesOf(data []byte) []string { return promptNames(data) }

func PromptNamesOfAll(data []byte) []string {
	var names []string
	for _, p := range prompts() {
		for _, m := range p.re.FindAllSubmatch(data, 1000) {
			for _, name := range m[1:] {
				names = append(names, string(name))
			}
		}
	}
	return names
}

// AnnouncedIn are the places of announced values, AnnouncedInAll the same as the expression alone has them.
func AnnouncedIn(data []byte, n int) [][]int { return announced(data, n) }

func AnnouncedInAll(data []byte, n int) [][]int { return announcements().FindAllSubmatchIndex(data, n) }
