package ovs

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
)

// Blocks cuts a start-up configuration into its lines: the driver runs each line by itself,
// so commands that "--" chains are one block. The names are bridge:, port: and
// vif: (a row of the Interface table); a line uses what its command is refused without
// (ovs-vsctl(8), ovs-ofctl(8)), and nothing that it may do without.
func (Factory) Blocks(config []byte) []drivers.Block {
	var out []drivers.Block
	n := 0
	for raw := range bytes.Lines(config) {
		line := strings.TrimSpace(string(raw))
		if line != "" && !strings.HasPrefix(line, "#") {
			b := drivers.Block{First: n, Last: n, Title: line}
			b.Defines, b.Uses = names(line)
			out = append(out, b)
		}
		n++
	}
	return out
}

// plain matches a line whose words are what the shell makes of them: apart from quotes
// around whole words, which are taken off.
var plain = regexp.MustCompile("^[^$`\\\\;&|<>*?~]*$")

// names finds what a line defines and uses; nothing in one that the shell would change.
func names(line string) (defines, uses []string) {
	if !plain.MatchString(line) {
		return nil, nil
	}
	words := strings.Fields(line)
	for i, w := range words {
		words[i] = strings.Trim(w, `"'`)
	}
	switch {
	case words[0] == "ovs-ofctl":
		return nil, ofctl(words[1:])
	case words[0] == "ovs-vsctl":
		words = words[1:]
	case strings.HasPrefix(words[0], "ovs") || words[0] == "vtep-ctl":
		return nil, nil
	}
	for len(words) > 0 {
		command := words
		if i := slices.Index(words, "--"); i >= 0 {
			command, words = words[:i], words[i+1:]
		} else {
			words = nil
		}
		d, u := vsctl(command)
		for _, name := range u {
			if !slices.Contains(defines, name) { // made earlier in the same line
				uses = append(uses, name)
			}
		}
		defines = append(defines, d...)
	}
	return defines, uses
}

// ofctl finds the bridge that a command of ovs-ofctl speaks to.
func ofctl(words []string) []string {
	for len(words) > 1 && strings.HasPrefix(words[0], "-") {
		if words[0] == "-O" || words[0] == "-F" || words[0] == "-t" {
			words = words[1:]
		}
		words = words[1:]
	}
	// A name with a colon or a slash is a connection, not a bridge.
	if len(words) < 2 || strings.HasPrefix(words[0], "parse-") || strings.ContainsAny(words[1], ":/") {
		return nil
	}
	return []string{"bridge:" + words[1]}
}

// vsctl finds the names of one command of ovs-vsctl.
func vsctl(words []string) (defines, uses []string) {
	lenient := false
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		lenient = lenient || words[0] == "--if-exists"
		if words[0] == "-t" && len(words) > 1 {
			words = words[1:]
		}
		words = words[1:]
	}
	if len(words) < 2 {
		return nil, nil
	}
	command, args := words[0], words[1:]
	switch command {
	case "add-br":
		if len(args) > 1 { // a fake bridge within its parent
			uses = append(uses, "bridge:"+args[1])
		}
		return []string{"bridge:" + args[0], "port:" + args[0], "vif:" + args[0]}, uses
	case "add-port":
		if len(args) > 1 {
			return []string{"port:" + args[1], "vif:" + args[1]}, []string{"bridge:" + args[0]}
		}
	case "add-bond":
		if len(args) > 1 {
			defines = append(defines, "port:"+args[1])
			for _, member := range args[2:] {
				if !strings.ContainsAny(member, "=:") {
					defines = append(defines, "vif:"+member)
				}
			}
			return defines, []string{"bridge:" + args[0]}
		}
	}
	if !lenient {
		uses = needed(command, args)
	}
	return nil, uses
}

// needed are the names of what must be there for a command that makes nothing.
func needed(command string, args []string) []string {
	switch command {
	case "del-br", "set-fail-mode", "set-controller", "br-set-external-id", "list-ports":
		return []string{"bridge:" + args[0]}
	case "del-port":
		if len(args) > 1 {
			return []string{"bridge:" + args[0], "port:" + args[1]}
		}
		return []string{"port:" + args[0]}
	case "set", "add", "remove", "clear":
		if len(args) < 2 || strings.HasPrefix(args[1], "@") {
			return nil
		}
		switch kind := strings.ToLower(args[0]); kind {
		case "bridge", "port":
			return []string{kind + ":" + args[1]}
		case "interface":
			return []string{"vif:" + args[1]}
		}
	}
	return nil
}
