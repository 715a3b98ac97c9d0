package bird

import (
	"bytes"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
)

// Blocks cuts a bird.conf by braces and semicolons. A block is whole lines: statements
// that share a line make one block of it. Comments belong to no block, except within one.
func (Factory) Blocks(config []byte) []drivers.Block {
	raw := strings.Split(string(config), "\n")
	return titled(cut(blank(config), 0), raw)
}

// titled gives blocks their own lines as titles: cut saw no strings and no comments.
func titled(blocks []drivers.Block, raw []string) []drivers.Block {
	for i := range blocks {
		blocks[i].Title = strings.TrimSpace(raw[blocks[i].First])
		titled(blocks[i].Inner, raw)
	}
	return blocks
}

// blank gives the lines of a configuration with comments and strings blanked out, so that
// a brace in them is none.
func blank(config []byte) []string {
	var out []string
	inComment := false
	for raw := range bytes.Lines(config) {
		line := []byte(strings.TrimRight(string(raw), "\r\n"))
		inString := false
		for i := 0; i < len(line); i++ {
			pair := string(line[i:min(i+2, len(line))])
			switch {
			case inComment:
				if pair == "*/" {
					inComment = false
					line[i+1] = ' '
				}
				line[i] = ' '
			case inString:
				if line[i] == '"' {
					inString = false
				} else {
					line[i] = 'x'
				}
			case line[i] == '"':
				inString = true
			case pair == "/*":
				inComment = true
				line[i], line[i+1] = ' ', ' '
				i++
			case line[i] == '#' || pair == "//":
				line = line[:i]
			}
		}
		out = append(out, string(line))
	}
	return out
}

// cut reads the blocks of some lines; at is the number of the first.
func cut(lines []string, at int) []drivers.Block {
	var out []drivers.Block
	for i := 0; i < len(lines); {
		if strings.TrimSpace(lines[i]) == "" {
			i++
			continue
		}
		end := statementEnd(lines, i)
		b := drivers.Block{First: at + i, Last: at + end, Title: strings.TrimSpace(lines[i])}
		b.Defines, b.Uses = names(lines[i : end+1])
		if end > i+1 && strings.HasSuffix(strings.TrimSpace(lines[i]), "{") && strings.HasPrefix(strings.TrimSpace(lines[end]), "}") {
			// The body of a filter or function is a program: it stands or falls as one.
			if w := strings.Fields(b.Title); w[0] != "filter" && w[0] != "function" {
				b.Inner = cut(lines[i+1:end], at+i+1)
				b.Defines, b.Uses = names(lines[i : i+1])
			}
		}
		out = append(out, b)
		i = end + 1
	}
	return out
}

// statementEnd is the line in which the statement that begins in line i ends: where its
// braces are closed and a semicolon or a closing brace ends the line.
func statementEnd(lines []string, i int) int {
	depth := 0
	for j := i; j < len(lines); j++ {
		depth += strings.Count(lines[j], "{") - strings.Count(lines[j], "}")
		text := strings.TrimSpace(lines[j])
		if depth <= 0 && (strings.HasSuffix(text, ";") || strings.HasSuffix(text, "}")) {
			return j
		}
	}
	return len(lines) - 1
}

// names finds what a statement defines, and the filters, functions and templates it uses.
func names(lines []string) (defines, uses []string) {
	words := strings.FieldsFunc(strings.Join(lines, " "), func(r rune) bool { return strings.ContainsRune(" \t;{}()=,", r) })
	if len(words) > 1 {
		switch words[0] {
		case "filter", "function", "define":
			defines = append(defines, words[0]+":"+words[1])
		case "template":
			if len(words) > 2 {
				defines = append(defines, "template:"+words[2])
			}
		}
	}
	for i := 1; i+1 < len(words); i++ {
		switch words[i] {
		case "filter":
			uses = append(uses, "filter:"+words[i+1])
		case "from":
			uses = append(uses, "template:"+words[i+1])
		}
	}
	return defines, uses
}
