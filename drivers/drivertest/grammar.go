package drivertest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
)

// Grammar checks what every grammar owes for a configuration: blocks in order and apart,
// inner ones within outer ones, all of them within the text, and no block without a title.
func Grammar(t *testing.T, g drivers.ConfigGrammar, config []byte) []drivers.Block {
	t.Helper()
	blocks := g.Blocks(config)
	lines := bytes.Count(config, []byte("\n"))
	if len(config) > 0 && config[len(config)-1] != '\n' {
		lines++
	}
	within(t, blocks, 0, lines-1)
	return blocks
}

func within(t *testing.T, blocks []drivers.Block, first, last int) {
	t.Helper()
	next := first
	for _, b := range blocks {
		if b.First < next || b.Last < b.First || b.Last > last {
			t.Fatalf("block %q has lines %d to %d, after line %d and within %d to %d", b.Title, b.First, b.Last, next-1, first, last)
		}
		if b.Title == "" {
			t.Fatalf("the block of lines %d to %d has no title", b.First, b.Last)
		}
		within(t, b.Inner, b.First, b.Last)
		next = b.Last + 1
	}
}

// Outline writes blocks a line each, as a person would check them.
func Outline(blocks []drivers.Block) string { return outline(blocks, "") }

func outline(blocks []drivers.Block, indent string) string {
	var b strings.Builder
	for _, k := range blocks {
		fmt.Fprintf(&b, "%s%d-%d %s", indent, k.First, k.Last, k.Title)
		if len(k.Defines) > 0 {
			fmt.Fprintf(&b, " defines %v", k.Defines)
		}
		if len(k.Uses) > 0 {
			fmt.Fprintf(&b, " uses %v", k.Uses)
		}
		b.WriteString("\n" + outline(k.Inner, indent+"  "))
	}
	return b.String()
}
