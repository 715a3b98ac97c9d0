package known

import (
	"html"
	"slices"
	"strings"
)

//nolint:gochecknoglobals // each is compiled once
var (
	tableRule = express(`^\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)+\|?\s*$`)
	tagInLine = express(`(?i)</?(?:a|b|br|code|div|em|i|img|li|ol|p|pre|span|strong|sup|ul)\b[^<>]*>`)
	inCode    = express("`([^`]*)`")
	mdHeading = express(`^(#{1,6}) +(.*?)[ #]*$`)
)

// isMarkdown reports whether a text is a page in Markdown that tells of issues in tables, more than in lists.
func isMarkdown(text string) bool {
	lines := strings.Split(clip(text, 256<<10), "\n")
	rows, entries := 0, 0
	for k, line := range lines {
		if k > 0 && tableRule().MatchString(line) {
			if _, ok := rolesOf(tableCells(lines[k-1])); ok {
				for _, row := range lines[k+1:] {
					if !strings.Contains(row, "|") {
						break
					}
					rows++
				}
			}
		} else if _, ok := entryOf(line); ok {
			entries++
		}
	}
	return rows > entries
}

// tableCells takes a row of a table in Markdown apart.
func tableCells(line string) []string {
	line = strings.TrimSpace(strings.ReplaceAll(line, `\|`, "\x00"))
	var cells []string
	for cell := range strings.SplitSeq(strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|"), "|") {
		cell = tagInLine().ReplaceAllString(strings.ReplaceAll(cell, "\x00", "|"), " ")
		cells = append(cells, squeeze(inCode().ReplaceAllString(unmark(html.UnescapeString(cell)), "$1")))
	}
	return cells
}

// markdown makes blocks of a page in Markdown: its headings, the rows of its tables, and paragraphs.
func markdown(text string) []block {
	lines := strings.Split(text, "\n")
	var out []block
	table, gap := false, true
	var para []string // the lines of the paragraph that goes on
	endPara := func() {
		if len(para) > 1 {
			out[len(out)-1].text = joinLines(para)
		}
		para = nil
	}
	for k, line := range lines {
		line = strings.TrimRight(line, " \t\r")
		heads := mdHeading().FindStringSubmatch(line)
		switch {
		case line == "":
			endPara()
			table, gap = false, true
			continue
		case heads != nil:
			endPara()
			out = append(out, block{kind: heading, text: unmark(heads[2]), level: len(heads[1]), line: k + 1})
			table, gap = false, true
			continue
		case tableRule().MatchString(line):
			continue
		case tableRule().MatchString(lineAt(lines, k+1)) && strings.Contains(line, "|"):
			endPara()
			out = append(out, block{kind: header, cells: tableCells(line), line: k + 1})
			table = true
		case table && strings.Contains(line, "|"):
			endPara()
			out = append(out, block{kind: row, cells: tableCells(line), line: k + 1})
		default:
			said := unmark(tagInLine().ReplaceAllString(line, " "))
			if !gap && len(para) > 0 {
				para = append(para, said)
			} else if said != "" {
				endPara()
				out, para = append(out, block{kind: paragraph, text: said, bold: boldHead().MatchString(line), line: k + 1}), []string{said}
			}
			table = false
		}
		gap = false
		if len(out) > maxBlocks {
			break
		}
	}
	endPara()
	return slices.Clip(out)
}
