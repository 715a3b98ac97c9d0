package containers

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/docker/go-units"
	"github.com/moby/moby/api/types/network"

	"github.com/reprise-lab/reprise/topologies"
)

// limits of a node's use of the machine; zero means none.
type limits struct {
	memory   int64 // bytes
	nanoCPUs int64 // processors × 10⁹
}

// limitsOf reads them as containerlab writes them: 512MB is decimal, 1GiB binary.
func limitsOf(n topologies.Node) (limits, error) {
	l := limits{nanoCPUs: int64(n.CPU * 1e9)}
	if n.Memory == "" {
		return l, nil
	}
	parse := units.FromHumanSize
	if strings.Contains(strings.ToLower(n.Memory), "i") {
		parse = units.RAMInBytes
	}
	var err error
	if l.memory, err = parse(n.Memory); err != nil {
		return l, fmt.Errorf("read memory %q: %w", n.Memory, err)
	}
	return l, nil
}

// published is a port of a node that the host offers.
type published struct {
	port network.Port
	at   network.PortBinding
}

// publish reads [address:]host:node[/protocol], or a lone port of the node.
func publish(ports []string) ([]published, error) {
	var list []published
	for _, text := range ports {
		left, node := "", text
		if i := strings.LastIndexByte(text, ':'); i >= 0 {
			left, node = text[:i], text[i+1:]
		}
		port, err := network.ParsePort(node)
		if err != nil {
			return nil, fmt.Errorf("read port %q: %w", text, err)
		}
		p := published{port: port, at: network.PortBinding{HostPort: left}}
		if i := strings.LastIndexByte(left, ':'); i >= 0 {
			if p.at.HostIP, err = netip.ParseAddr(strings.Trim(left[:i], "[]")); err != nil {
				return nil, fmt.Errorf("read port %q: %w", text, err)
			}
			p.at.HostPort = left[i+1:]
		}
		list = append(list, p)
	}
	return list, nil
}

// words splits a command as a shell would, as far as blanks, quotes and backslashes go.
func words(text string) ([]string, error) {
	var list []string
	var word strings.Builder
	var quote rune
	started, escaped := false, false
	for _, r := range text {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, started = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, started = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if started {
				list = append(list, word.String())
				word.Reset()
				started = false
			}
		default:
			word.WriteRune(r)
			started = true
		}
	}
	if quote != 0 || escaped {
		return nil, fmt.Errorf("read command %q: it ends within a quotation", text)
	}
	if started {
		list = append(list, word.String())
	}
	return list, nil
}
