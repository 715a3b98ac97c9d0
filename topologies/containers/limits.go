package containers

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/moby/moby/api/types/network"

	"github.com/reprise-lab/reprise/topologies"
)

// What a node may use where its topology says nothing.
const (
	maxProcesses  = 2048     // and threads
	nodeMemory    = 2 << 30  // bytes; FRR with a full table of the Internet takes one
	nodeDisk      = 4 << 30  // bytes that it writes, with its core files
	machineDisk   = 64 << 30 // the same of a machine within a container: its disk is among them
	maxLog        = "16m"    // of what a node's own command says
	machineShare  = 8        // this part of the memory is not for a machine within a container
	containerPart = 2        // and this of it at most for a node
)

// limits of a node's use of the machine.
type limits struct {
	memory   int64 // bytes
	own      bool  // memory is the topology's, and what comes of it is meant
	nanoCPUs int64 // processors × 10⁹; zero means no limit
	disk     int64 // bytes that it may write
	quota    bool  // the engine's storage keeps to disk; else it is watched
}

// limitsOf reads them. total is the machine's memory in bytes.
func limitsOf(n topologies.Node, machine bool, total int64) (limits, error) {
	l := limits{nanoCPUs: int64(n.CPU * 1e9), disk: nodeDisk, memory: min(nodeMemory, total/containerPart)}
	if machine {
		l.disk, l.memory = machineDisk, total-total/machineShare
	}
	own, err := n.MemoryBytes()
	if err != nil {
		return l, err
	}
	if own > 0 {
		l.memory, l.own = own, true
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
