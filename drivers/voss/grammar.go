package voss

import (
	"regexp"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
)

// Blocks implements drivers.ConfigGrammar. A line that enters a mode (interface …, router …)
// opens a block that "exit" closes; every other line is a block of its own. VLANs and MLTs
// are defined where they are created and used where a line names them by number.
func (Factory) Blocks(config []byte) []drivers.Block {
	var lines []string
	for line := range strings.Lines(string(config)) {
		lines = append(lines, strings.TrimSpace(line))
	}
	var blocks []drivers.Block
	for i := 0; i < len(lines); i++ {
		if passed(lines[i]) {
			continue
		}
		b := block(i, lines[i])
		if enters(lines[i]) {
			for j := i + 1; j < len(lines); j++ {
				if lines[j] == "exit" {
					b.Last = j
					break
				}
				if enters(lines[j]) { // its exit is missing: it ends before the next
					break
				}
				b.Last = j
				if !passed(lines[j]) {
					b.Inner = append(b.Inner, block(j, lines[j]))
				}
			}
		}
		blocks = append(blocks, b)
		i = b.Last
	}
	return blocks
}

func passed(line string) bool { return line == "" || strings.HasPrefix(line, "#") }

func enters(line string) bool {
	return regexp.MustCompile(`(?i)^(?:interface (?:gigabitEthernet|mlt|vlan|loopback|mgmtEthernet)\b|router (?:isis|ospf|bgp|vrrp|rip|vrf)\b|route-map\b|application$)`).MatchString(line)
}

func block(i int, line string) drivers.Block {
	b := drivers.Block{First: i, Last: i, Title: line}
	if m := regexp.MustCompile(`(?i)^vlan create (\d+)\b`).FindStringSubmatch(line); m != nil {
		b.Defines = append(b.Defines, "vlan:"+m[1])
	} else if m := regexp.MustCompile(`(?i)^(?:interface vlan|vlan (?:members (?:add|remove)|i-sid|name|members)|virtual-ist .*\bvlan) (\d+)\b`).FindStringSubmatch(line); m != nil {
		b.Uses = append(b.Uses, "vlan:"+m[1])
	}
	if m := regexp.MustCompile(`(?i)^mlt (\d+) enable\b`).FindStringSubmatch(line); m != nil {
		b.Defines = append(b.Defines, "mlt:"+m[1])
	} else if m := regexp.MustCompile(`(?i)^(?:interface )?mlt (\d+)\b`).FindStringSubmatch(line); m != nil {
		b.Uses = append(b.Uses, "mlt:"+m[1])
	}
	return b
}
