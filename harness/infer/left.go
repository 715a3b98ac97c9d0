package infer

import (
	"fmt"
	"regexp"
	"strings"
)

// mostLeft is how many lines of a configuration are named that a lab does not have; those beyond are counted.
const mostLeft = 60

// leaver keeps lines of a configuration that nothing reads, in its order.
type leaver struct {
	lines          []string
	idle, unwanted *regexp.Regexp
}

// leave keeps a line that nothing here reads, with the words of what it stands below. What a lab does not get for another
// reason is in TakenOut; that, and what decides nothing, is left out here.
func (n *Node) leave(below string, f []string) {
	l := &n.left
	if l.idle == nil {
		l.idle, l.unwanted = idle(), unwanted(n.Platform)
	}
	line := strings.Join(f, " ")
	if l.idle.MatchString(line) {
		return
	}
	head := line
	if below != "" {
		head, line = below, below+": "+line
	}
	out := l.unwanted.MatchString(head)
	if n.Platform == "junos" { // its blocks may stand below system, or interfaces
		_, second, _ := strings.Cut(head, " ")
		out = out || l.unwanted.MatchString(second)
	}
	if !out {
		l.lines = append(l.lines, line)
	}
}

// trailing keeps a line of which the first words alone are read, where there are more.
func (n *Node) trailing(f []string, read int) {
	if len(f) > read {
		n.leave("", f)
	}
}

// idle are lines that set nothing, or what a node of a lab does of itself.
func idle() *regexp.Regexp {
	return regexp.MustCompile(`^(?:#.*|!.*|exit\S*|end|quit|back|host-?name \S+|system host-name \S+|version .*|description .*|name \S+|no shutdown|no ip address|(?:no )?switchport|switchport mode \S+|ip routing|boot-\S+-marker|service timestamps .*|Building configuration.*|Current configuration.*|Preparing to Display Configuration.*|prompt \S+|feature \S+|config t\S*|create vlan .*|enable (?:ospf|bgp)|enable ipforwarding.*|configure vlan \S+ delete ports .*)$`)
}

// deciding are lines of what two nodes have to agree on, or that say where a packet goes: they are named first.
func deciding() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(?:mtu|jumbo\S*|routes?|iproute|static|ospf\S*|isis|is-is|bgp|neighbor|rip|eigrp|pim|igmp|mld|bfd|vrrp|hsrp|standby|passive\S*|point-to-point|hello\S*|dead\S*|cost|metric|authentication|redistribute|default-information|area|stp\w*|spanning-tree|mlag|vpc|lacp|sharing|vrf|vr)\b`)
}

// besides says line by line what of the configuration the lab does not have, and what it cannot have.
func (n *Node) besides() (differs []string) {
	first := deciding()
	var lines, rest []string
	for _, line := range n.left.lines {
		if first.MatchString(line) {
			lines = append(lines, line)
		} else {
			rest = append(rest, line)
		}
	}
	lines = append(lines, rest...)
	for _, line := range lines[:min(len(lines), mostLeft)] {
		differs = append(differs, "not in the lab: "+line)
	}
	if more := len(lines) - mostLeft; more > 0 {
		differs = append(differs, fmt.Sprintf("not in the lab: %d more lines of the configuration", more))
	}
	if n.Sent == "" {
		return append(differs, "timers, filters, hardware, and all that its configuration does, which did not come")
	}
	return append(differs, "hardware, and what its software does where the configuration says nothing")
}
