package exos

import (
	"regexp"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
)

// Blocks implements drivers.ConfigGrammar: every line is a block, for the language has no
// stanzas. A line that creates something defines it, and every line that names it uses it.
func (Factory) Blocks(config []byte) []drivers.Block {
	created := map[string]string{} // name as written → reference
	var lines []string
	for line := range strings.Lines(string(config)) {
		lines = append(lines, strings.TrimSpace(line))
	}
	for _, line := range lines {
		for _, ref := range defines(line) {
			_, name, _ := strings.Cut(ref, ":")
			created[name] = ref
		}
	}
	var blocks []drivers.Block
	for i, line := range lines {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		b := drivers.Block{First: i, Last: i, Title: line, Defines: defines(line)}
		if len(b.Defines) == 0 {
			b.Uses = uses(line, created)
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// defines are the names that a line creates.
func defines(line string) []string {
	m := regexp.MustCompile(`(?i)^create (?:protocol )?(vlan|stpd|mlag peer|vr|bgp neighbor|ospf area|account \S+|eaps|policy|access-list|vman|isis area|meter|qosprofile|fdbentry)\s+("[^"]+"|\S+)`).FindStringSubmatch(line)
	if m == nil {
		return nil
	}
	kind := strings.ReplaceAll(strings.ToLower(strings.Fields(m[1])[0]), " ", "-")
	return []string{kind + ":" + strings.Trim(m[2], `"`)}
}

// uses are the created names that stand in a line as words of their own.
func uses(line string, created map[string]string) []string {
	var refs []string
	for _, word := range regexp.MustCompile(`"[^"]+"|\S+`).FindAllString(line, -1) {
		if ref, ok := created[strings.Trim(word, `"`)]; ok {
			refs = append(refs, ref)
		}
	}
	return refs
}
