package frr

import (
	"bytes"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
)

// Blocks cuts a frr.conf: stanzas begin at the first column and hold the indented lines
// after them; an address-family holds its lines up to exit-address-family. Separators
// ("!") and comments belong to no block, except within one.
func (Factory) Blocks(config []byte) []drivers.Block {
	var lines []string
	for line := range bytes.Lines(config) {
		lines = append(lines, strings.TrimRight(string(line), " \t\r\n"))
	}
	var out []drivers.Block
	for i := 0; i < len(lines); {
		if skipped(lines[i]) {
			i++
			continue
		}
		b, next := stanza(lines, i)
		out = append(out, b)
		i = next
	}
	return out
}

func skipped(line string) bool {
	text := strings.TrimSpace(line)
	return text == "" || strings.HasPrefix(text, "!") || strings.HasPrefix(text, "#")
}

func indented(line string) bool { return strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") }

// stanza reads the block that begins in line i.
func stanza(lines []string, i int) (drivers.Block, int) {
	title := strings.TrimSpace(lines[i])
	b := block(title, "", i)
	end := i
	for j := i + 1; j < len(lines) && (indented(lines[j]) || skipped(lines[j])); j++ {
		if indented(lines[j]) && !skipped(lines[j]) {
			end = j
		}
	}
	for j := i + 1; j <= end; {
		if skipped(lines[j]) || closes(lines[j]) {
			j++
			continue
		}
		inner := block(strings.TrimSpace(lines[j]), title, j)
		next := j + 1
		if strings.HasPrefix(inner.Title, "address-family ") {
			for next <= end && strings.TrimSpace(lines[next]) != "exit-address-family" {
				if !skipped(lines[next]) {
					inner.Inner = append(inner.Inner, block(strings.TrimSpace(lines[next]), title, next))
				}
				next++
			}
			inner.Last = min(next, end)
			next = inner.Last + 1
		}
		b.Inner = append(b.Inner, inner)
		j = next
	}
	// An "exit" in the first column closes the stanza before it.
	if after := end + 1; after < len(lines) && closes(lines[after]) {
		end = after
	}
	b.Last = end
	return b, end + 1
}

func closes(line string) bool {
	switch strings.TrimSpace(line) {
	case "exit", "exit-vrf", "exit-address-family", "end":
		return true
	default:
		return false
	}
}

// block is one line with the names it defines and uses. within is the stanza it lies in.
func block(title, within string, line int) drivers.Block {
	b := drivers.Block{First: line, Last: line, Title: title}
	w := strings.Fields(title)
	define := func(name string) { b.Defines = append(b.Defines, name) }
	use := func(name string) { b.Uses = append(b.Uses, name) }
	switch {
	case within == "" && len(w) > 1 && (w[0] == "interface" || w[0] == "route-map"):
		define(w[0] + ":" + w[1])
	case within == "" && len(w) > 2 && (w[0] == "ip" || w[0] == "ipv6" || w[0] == "bgp") && strings.HasSuffix(w[1], "-list"):
		define(listName(w))
	case within == "" && len(w) > 2 && w[0] == "key" && w[1] == "chain":
		define("key-chain:" + w[2])
	case len(w) > 2 && w[0] == "neighbor" && (w[2] == "remote-as" || w[2] == "peer-group" && len(w) == 3 || w[2] == "interface"):
		define("neighbor:" + w[1] + "@" + within)
	case len(w) > 2 && w[0] == "neighbor":
		use("neighbor:" + w[1] + "@" + within)
		if w[2] == "peer-group" {
			define("neighbor:" + w[1] + "@" + within) // the group may give it its AS
			b.Uses = []string{"neighbor:" + w[3] + "@" + within}
		}
	}
	for i := 0; i+1 < len(w); i++ {
		switch {
		case w[i] == "route-map" && within != "":
			use("route-map:" + w[i+1])
		case w[i] == "prefix-list" && within != "":
			use("prefix-list:" + w[i+1])
		case w[i] == "key-chain" && within != "":
			use("key-chain:" + w[i+1])
		}
	}
	return b
}

// listName names a list in a line such as "ip prefix-list PL seq 5 permit …".
func listName(w []string) string {
	name := w[2]
	if (name == "standard" || name == "expanded") && len(w) > 3 {
		name = w[3]
	}
	return w[1] + ":" + name
}
