package device

import (
	"regexp"
	"strings"
)

// cutWords is what a file lacks that ends in the middle of a line.
const cutWords = "the end: its last line is cut"

// Cut tells what a captured text lacks that ends within a line: whoever took it ended the last one,
// or had the prompt behind it. prompt is what a prompt looks like, without anchors.
func Cut(text string, prompt *regexp.Regexp) []string {
	last := text[strings.LastIndexByte(text, '\n')+1:]
	if last == "" || prompt.FindString(strings.TrimRight(last, " \r")) != "" {
		return nil
	}
	return []string{cutWords}
}
