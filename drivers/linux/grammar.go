package linux

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
)

// Blocks cuts a set-up script into its commands. A compound command, a function and a
// command over several lines are one block each. A here-document that "cat" or "tee" writes
// into a file has inner blocks: its lines, and stanzas in braces as keepalived.conf has
// them, with blocks within; unless the shell would run something in it.
//
// The names are link: and netns:. Only simple commands that "sh -e" would end at define or
// use any: not what stands before "||", in a pipe or in a compound command, nor a line
// whose words the shell makes.
func (Factory) Blocks(config []byte) []drivers.Block {
	var lines []string
	for line := range bytes.Lines(config) {
		lines = append(lines, strings.TrimSuffix(string(line), "\n"))
	}
	var out []drivers.Block
	for _, s := range statements(lines) {
		b := drivers.Block{First: s.first, Last: s.last, Title: strings.TrimSpace(lines[s.first])}
		switch {
		case s.compound:
		case len(s.docs) == 1:
			b.Inner = inner(lines, b.Title, s.docs[0])
		case len(s.docs) == 0:
			b.Defines, b.Uses = names(strings.Join(lines[s.first:s.last+1], "\n"))
		}
		out = append(out, b)
	}
	return out
}

// writes matches a command that does nothing with its here-document but write it.
var writes = regexp.MustCompile(`^(?:cat\s[^;&|]*>|tee\s)`)

// inner gives the blocks of a here-document; none when its lines are not to be told apart.
func inner(lines []string, title string, d document) []drivers.Block {
	if !writes.MatchString(title) || d.to >= len(lines) {
		return nil
	}
	for i, line := range lines[d.from:d.to] {
		if !d.quoted && strings.ContainsAny(line, "`\\$") || i == 0 && strings.HasPrefix(line, "#!") {
			return nil
		}
	}
	blocks, ok := stanzas(lines, d.from, d.to)
	if !ok {
		return nil
	}
	return blocks
}

// stanzas cuts lines from and up to but without to by their braces; not ok when those are
// not balanced.
func stanzas(lines []string, from, to int) (out []drivers.Block, ok bool) {
	for i := from; i < to; i++ {
		text := strings.TrimSpace(lines[i])
		if uncommented(text) == "" {
			continue
		}
		last, depth := i, braces(text)
		if depth == 0 && i+1 < to && strings.TrimSpace(lines[i+1]) == "{" {
			last, depth = i+1, 1
		}
		body := last + 1
		for depth > 0 && last+1 < to {
			last++
			depth += braces(lines[last])
		}
		if depth != 0 {
			return nil, false
		}
		b := drivers.Block{First: i, Last: last, Title: text}
		if last > body && strings.TrimSpace(uncommented(lines[last])) == "}" {
			if b.Inner, ok = stanzas(lines, body, last); !ok {
				return nil, false
			}
		}
		out = append(out, b)
		i = last
	}
	return out, true
}

// uncommented is a line without its comment, as keepalived.conf(5) and frr.conf have them.
func uncommented(line string) string {
	if i := strings.IndexAny(line, "#!"); i >= 0 && strings.TrimSpace(line[:i]) == "" {
		return ""
	}
	line, _, _ = strings.Cut(line, " #")
	return line
}

// braces is how many braces more a line opens than it closes.
func braces(line string) int {
	line = uncommented(line)
	return strings.Count(line, "{") - strings.Count(line, "}")
}

// plain matches a command whose words are what is written.
var plain = regexp.MustCompile("^[^$`\\\\;&|<>*?~#(){}\n]*$")

// names finds what a simple command defines and uses.
func names(command string) (defines, uses []string) {
	w := strings.Fields(command)
	if !plain.MatchString(command) || strings.Contains(command, "=") && strings.Contains(w[0], "=") {
		return nil, nil
	}
	for i := range w {
		w[i] = strings.Trim(w[i], `"'`)
	}
	switch w[0] {
	case "ip":
		defines, uses = ipNames(w[1:])
	case "bridge", "tc":
		if len(w) > 2 && !strings.HasPrefix(w[1], "-") {
			uses = after(w[2:], "dev")
		}
	case "brctl":
		if len(w) > 2 && w[1] == "addbr" {
			defines = []string{"link:" + w[2]}
		}
		if len(w) > 3 && w[1] == "addif" {
			uses = []string{"link:" + w[2], "link:" + w[3]}
		}
	}
	return defines, slices.DeleteFunc(uses, func(name string) bool { return slices.Contains(defines, name) })
}

// ipNames reads a command of ip(8), its objects and options written in full or as is usual.
func ipNames(w []string) (defines, uses []string) {
	for len(w) > 0 && strings.HasPrefix(w[0], "-") {
		if w[0] == "-n" || w[0] == "-netns" {
			if len(w) > 1 {
				uses = []string{"netns:" + w[1]} // its links are others
			}
			return nil, uses
		}
		if w[0] != "-4" && w[0] != "-6" {
			return nil, nil
		}
		w = w[1:]
	}
	if len(w) < 3 {
		return nil, nil
	}
	object, verb, args := w[0], w[1], w[2:]
	switch {
	case object == "netns" && verb == "add":
		return []string{"netns:" + args[0]}, nil
	case object == "netns" && (verb == "exec" || verb == "del"):
		return nil, []string{"netns:" + args[0]}
	case (object == "link" || object == "l") && (verb == "add" || verb == "set"):
		return linkNames(verb, args)
	case (object == "addr" || object == "address" || object == "a" || object == "route" || object == "r" || object == "neigh") && (verb == "add" || verb == "replace"):
		return nil, after(args, "dev")
	}
	return nil, nil
}

// linkNames reads the rest of "ip link add" or "ip link set".
func linkNames(verb string, args []string) (defines, uses []string) {
	options := args
	switch args[0] {
	case "dev", "name", "link", "type", "group":
	default:
		options = args[1:]
		if verb == "add" {
			defines = append(defines, "link:"+args[0])
		} else {
			uses = append(uses, "link:"+args[0])
		}
	}
	for i := 0; i+1 < len(options); i++ {
		name := "link:" + options[i+1]
		switch key := options[i]; {
		case key == "name", key == "dev" && verb == "add", key == "peer" && options[i+1] != "name":
			defines = append(defines, name)
		case key == "dev", key == "link", key == "master":
			uses = append(uses, name)
		case key == "netns":
			uses = append(uses, "netns:"+options[i+1])
		case key == "alias":
			return defines, uses // free text
		}
	}
	return defines, uses
}

// after gives the link that follows a keyword.
func after(w []string, keyword string) []string {
	if i := slices.Index(w, keyword); i >= 0 && i+1 < len(w) {
		return []string{"link:" + w[i+1]}
	}
	return nil
}
