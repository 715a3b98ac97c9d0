package scenarios

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture/filter"
)

// What a fault on frames can never act on: frames that its link does not carry, that its match and its filter exclude
// between them, and that nobody sends. The last are warned of where a tester is in the lab, which sends what it is told.

// Sizes of frames: what a link carries that says nothing, the header of Ethernet, and with what faults look behind, two
// VLAN tags.
const (
	defaultMTU   = 1500
	frameHeader  = 14
	taggedHeader = frameHeader + 2*4
)

// carries is how long packets are on a link. It is sure where the link has it and nothing of the scenario may change it:
// a node sets what its own interfaces carry, and an image may do so without a word here.
func (c *checker) carries(link topologies.Link) (bytes int, sure bool) {
	return orElse(link.MTU, defaultMTU), link.MTU != 0 && !c.unsure && !c.says(sizeWords)
}

// sizeWords are those by which a node is told how long packets are.
var sizeWords = regexp.MustCompile(`(?i)mtu|jumbo`)

// says reports whether a node's part of the scenario may have any of some words in it: configurations, files and commands,
// and whatever folders and files of this machine hold that it is given.
func (c *checker) says(words *regexp.Regexp) bool {
	for _, n := range c.loaded.Topology.Nodes {
		if len(n.Binds) > 0 {
			return true
		}
		texts := append(slices.Clone(n.Exec), n.Cmd, n.Entrypoint)
		values := []string{c.loaded.ConfigOf(n.Name)}
		for _, value := range c.s.Nodes[n.Name].Files {
			values = append(values, value)
		}
		for _, value := range values {
			if data, err := c.loaded.Text(value); value != "" && err == nil {
				texts = append(texts, string(data))
			}
		}
		if slices.ContainsFunc(texts, words.MatchString) {
			return true
		}
	}
	steps := slices.Clone(c.s.Stimulus)
	if c.s.Workaround != nil {
		steps = append(steps, c.s.Workaround.Steps...)
	}
	return slices.ContainsFunc(Each(steps), func(s Step) bool {
		return len(s.actions()) == 1 && slices.ContainsFunc(s.Action().Effect().Lines, words.MatchString)
	})
}

// tooLong refuses what is longer than packets of a link are, and warns of it where that is not sure.
func (c *checker) tooLong(sure bool) func(where, hint, format string, args ...any) {
	if sure {
		return c.refuse
	}
	return func(where, hint, format string, args ...any) {
		c.Warnf(where, hint+"; or mtu: at the link", format+", unless a node or its image has that changed", args...)
	}
}

// hasTester reports whether a node sends whatever it is told.
func (c *checker) hasTester() bool {
	for _, n := range c.s.Nodes {
		if n.Platform == "tester" {
			return true
		}
	}
	return false
}

// neverSent refuses what no device sends, and warns of it where a tester may.
func (c *checker) neverSent(where, hint, format string, args ...any) {
	if c.hasTester() {
		c.Warnf(where, hint, format+", unless the tester is told to", args...)
		return
	}
	c.refuse(where, hint, format, args...)
}

// checkNever refuses a fault on frames that acts on none, its match as it is written and as the kernel has it. It was
// found to be well formed.
func (s FaultStep) checkNever(c *checker, where string) {
	node, iface, _ := strings.Cut(s.Link, ":")
	link, known := c.loaded.Topology.Link(node, iface)
	fixed := s.checkFixed(c, where)
	if known && !fixed {
		s.checkLengths(c, where, link)
	}
	if s.Fault == FaultDelay && s.For > 0 && s.Delay-s.Jitter >= s.For {
		c.Warnf(where+".delay", "less than for", "no frame is delayed by %s: what waits goes on when the fault ends, %s after it began", s.Delay, s.For)
	}
	plain, _, err := s.Match.Plain()
	if err != nil || c.Misread(where+".match") {
		return // which was told
	}
	if !c.knownPorts(where+".match", s.Match) {
		return
	}
	c.groupAddress(where+".match", plain)
	asked, ok := s.asked()
	if !ok {
		return
	}
	for _, f := range asked {
		if f.Never() {
			return // which was told of the filter, or is of the match alone
		}
	}
	if filter.Exclude(asked...) {
		at, words := where+".filter", "the filter takes none of the frames that the match does: no frame can match"
		if s.Filter == "" {
			at, words = where+".match", "the parts of the match exclude each other: no frame can match"
		}
		c.refuse(at, "leave out one of them", "%s", words)
		return
	}
	at := where + ".match"
	if s.Filter != "" {
		at = where + ".filter"
	}
	if bytes, sure := c.carries(link); known && !fixed {
		if longest, ok := compileAll(fmt.Sprintf("less %d", bytes+taggedHeader)); ok && filter.Exclude(append(slices.Clone(asked), longest...)...) {
			c.tooLong(sure)(at, fmt.Sprintf("at most %d, with the header of Ethernet", bytes+frameHeader), "no frame on %s is as long as that, whose packets have %d bytes at most", s.Link, bytes)
			return
		}
	}
	c.nobodySends(at, asked)
}

// asked is what frames have to be for the fault to act on them; ok is false where that is not well formed.
func (s FaultStep) asked() (list []*filter.Filter, ok bool) {
	plain, message, err := s.Match.Plain()
	if err != nil {
		return nil, false
	}
	return compileAll(matchText(plain), message, s.Filter)
}

// fixedFrame is frames of one length: a filter that takes them, that length in bytes at most, without tags, and what is
// said of it; other is what else of the protocol may be longer.
type fixedFrame struct {
	filter       string
	longest      int
	words, other string
}

func fixedFrames() []fixedFrame {
	const (
		arp    = 60 // RFC 826: 28 bytes, between addresses of 6 and 4; IEEE 802.3 has frames padded to this, without their checksum
		lacpdu = frameHeader + 110
	)
	return []fixedFrame{
		{"arp", arp, "with the padding of Ethernet, a frame of ARP (RFC 826) has 60 at most", ""},
		{"ether proto 0x8809 and ether[14:2] = 0x0101", lacpdu, "a frame of LACP has 124 (IEEE 802.1AX section 6.4.2.3)", ""},
		{"ether proto 0x8809 and ether[14] = 1", lacpdu, "a frame of LACP has 124 (IEEE 802.1AX section 6.4.2.3)", "LACP of version 2 is spoken"},
	}
}

// checkFixed refuses what only longer frames would meet than a protocol has, and reports whether it told of it.
func (s FaultStep) checkFixed(c *checker, where string) bool {
	asked, ok := s.asked()
	if !ok || c.Misread(where+".match") {
		return false
	}
	for _, fixed := range fixedFrames() {
		others, ok := compileAll("not (" + behindTags(fixed.filter) + ")")
		if !ok || !filter.Exclude(append(slices.Clone(asked), others...)...) {
			continue
		}
		tell, most := c.neverSent, fixed.longest+taggedHeader-frameHeader
		if fixed.other != "" {
			tell = func(where, hint, format string, args ...any) {
				c.Warnf(where, hint, format+", unless "+fixed.other, args...)
			}
		}
		short, ok := compileAll(fmt.Sprintf("less %d", most))
		switch {
		case s.Fault == FaultCorrupt && s.Offset >= most:
			tell(where+".offset", fmt.Sprintf("0 to %d", fixed.longest-1), "no frame that it is to meet has a byte %d: %s", s.Offset, fixed.words)
		case s.Fault == FaultTruncate && s.Size >= most:
			tell(where+".size", fmt.Sprintf("14 to %d", fixed.longest-1), "no frame that it is to meet is longer than %d bytes: %s", s.Size, fixed.words)
		case s.Fault == FaultMTU && s.Size >= fixed.longest-frameHeader:
			tell(where+".size", fmt.Sprintf("at most %d", fixed.longest-frameHeader-1), "no packet that it is to meet is longer than %d bytes: %s, its header of 14 among them", s.Size, fixed.words)
		case ok && filter.Exclude(append(slices.Clone(asked), short...)...) && !filter.Exclude(asked...):
			tell(where+".filter", fmt.Sprintf("at most %d", fixed.longest), "no frame is as long as that: %s", fixed.words)
		default:
			return false
		}
		return true
	}
	return false
}

// checkLengths refuses what only longer frames than those of the link would meet.
func (s FaultStep) checkLengths(c *checker, where string, link topologies.Link) {
	bytes, sure := c.carries(link)
	tell := c.tooLong(sure)
	switch {
	case s.Fault == FaultCorrupt && s.Offset >= bytes+taggedHeader:
		tell(where+".offset", fmt.Sprintf("0 to %d", bytes+frameHeader-1), "no frame on %s has a byte %d: its packets have %d bytes at most", s.Link, s.Offset, bytes)
	case s.Fault == FaultTruncate && s.Size >= bytes+taggedHeader:
		tell(where+".size", fmt.Sprintf("14 to %d", bytes+frameHeader-1), "no frame on %s is longer than %d bytes: its packets have %d at most", s.Link, s.Size, bytes)
	case s.Fault == FaultMTU && s.Size >= bytes:
		tell(where+".size", fmt.Sprintf("at most %d", bytes-1), "%s carries packets of %d bytes at most anyhow: none is longer than %d", s.Link, bytes, s.Size)
	case s.Fault == FaultRate && s.FrameFault().Queue < bytes+frameHeader:
		c.Warnf(where+".queue", fmt.Sprintf("%d or more", bytes+frameHeader), "frames that are longer than the queue of %d bytes never arrive", s.FrameFault().Queue)
	}
}

// compileAll compiles filters, the empty ones aside; ok is false where one is none.
func compileAll(texts ...string) (list []*filter.Filter, ok bool) {
	for _, text := range texts {
		if text == "" {
			continue
		}
		f, err := filter.Compile(text)
		if err != nil {
			return nil, false
		}
		list = append(list, f)
	}
	return list, true
}

// unsent is frames that no device sends, or few: a filter that takes them, whether that is looked for behind VLAN tags
// too, what is said of them, and whether some device may send them after all, of which is only warned.
type unsent struct {
	filter      string
	tagged      bool
	words, hint string
	may         bool
}

func unsentFrames() []unsent {
	const (
		group    = "the source of a frame is one device, and no group: nobody sends from that address"
		hosts    = "the source of a packet is one device, and no group: nobody sends from that address"
		nobody   = "no device has the hardware address 00:00:00:00:00:00"
		loopback = "an address of the loopback is on no link"
		pings    = "to an address of the loopback only what follows an LSP is sent: its ping (RFC 8029) and its BFD (RFC 5884)"
		none     = "nothing is sent to the address that stands for none"
	)
	return []unsent{
		{"less 13", false, "a frame has a header of 14 bytes at least: no frame can match", "greater 60", false},
		{"ether[6] & 1 = 1", false, group, "dst-mac", false},
		{"ether src 00:00:00:00:00:00", false, nobody, "leave it out", false},
		{"ether dst 00:00:00:00:00:00", false, nobody, "leave it out", false},
		{"ip src net 224.0.0.0/4", true, hosts, "dst-ip", false},
		{"ip src host 255.255.255.255", true, hosts, "dst-ip", false},
		{"ip6 src net ff00::/8", true, hosts, "dst-ip", false},
		{"ip src net 127.0.0.0/8", true, loopback, "an address of the link", false},
		{"ip dst net 127.0.0.0/8", true, pings, "an address of the link", true},
		{"ip6 src host ::1", true, loopback, "an address of the link", false},
		{"ip6 dst host ::1", true, pings, "an address of the link", true},
		{"ip dst host 0.0.0.0", true, none, "src-ip", false},
		{"ip6 dst host ::", true, none, "src-ip", false},
	}
}

// behindTags has a filter look behind up to two VLAN tags too.
func behindTags(text string) string {
	return fmt.Sprintf("(%s) or (vlan and ((%s) or (vlan and (%s))))", text, text, text)
}

// nobodySends tells of frames that no device sends, as filters ask for them.
func (c *checker) nobodySends(where string, asked []*filter.Filter) {
	for _, no := range unsentFrames() {
		text := no.filter
		if no.tagged {
			text = behindTags(text)
		}
		if others, ok := compileAll("not (" + text + ")"); ok && filter.Exclude(append(slices.Clone(asked), others...)...) { // what is asked first is known when the rest is taken apart
			if no.may {
				c.Warnf(where, no.hint, "%s", no.words)
			} else {
				c.neverSent(where, no.hint, "%s", no.words)
			}
			return
		}
	}
}

// knownPorts refuses ports that a protocol with ports of its own never has.
func (c *checker) knownPorts(where string, m topologies.FrameMatch) bool {
	const leastFree = 1024 // below, ports are those of services
	src, dst := m.SrcPort, m.DstPort
	var own []int
	tell := c.neverSent
	switch strings.ToLower(m.Proto) {
	case "bgp":
		own = []int{179}
	case "dhcp":
		own = []int{67, 68}
		if src == 0 || dst == 0 {
			tell = c.Warnf // a relay may have any port of its own (RFC 8357)
		}
	default:
		return true
	}
	bad := func(port int) bool {
		return port != 0 && !slices.Contains(own, port) && port < leastFree
	}
	both := src != 0 && dst != 0 && !slices.Contains(own, src) && !slices.Contains(own, dst)
	if !both && (slices.Contains(own, src) || slices.Contains(own, dst) || !bad(src) && !bad(dst)) {
		return true
	}
	words := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(own)), " or "), "[]")
	tell(where, "leave out the port, or match proto: tcp or udp", "messages of %s have port %s: none has these", m.Proto, words)
	return false
}

// groupAddress tells of frames to a group whose hardware address is that of other packets.
func (c *checker) groupAddress(where string, m topologies.FrameMatch) {
	mac, err := net.ParseMAC(m.DstMAC)
	if err != nil || len(mac) != 6 || mac[0]&1 == 0 {
		return
	}
	dst, single := netip.Addr{}, false
	if a, err := netip.ParseAddr(m.DstIP); err == nil {
		dst, single = a, true
	}
	types := map[uint16]int{0x0800: 4, 0x86dd: 6}
	kind, version := etherTypeOf(m.EtherType), 0
	switch {
	case kind != 0:
		version = types[kind] // what is inside of others, as a tag or PPPoE, is not known
	case strings.Contains(m.SrcIP+m.DstIP, ":") || strings.EqualFold(m.Proto, "icmp6") || strings.EqualFold(m.Proto, "icmpv6"):
		version = 6
	case m.SrcIP+m.DstIP != "" || strings.EqualFold(m.Proto, "icmp") || strings.EqualFold(m.Proto, "igmp"):
		version = 4
	}
	ip := version != 0 || kind == 0 && m.Proto != "" || m.SrcPort+m.DstPort != 0
	tcp := strings.EqualFold(m.Proto, "tcp") || m.Proto == "6"
	v4, v6 := mac[0] == 0x01 && mac[1] == 0 && mac[2] == 0x5e && mac[3]&0x80 == 0, mac[0] == 0x33 && mac[1] == 0x33
	wrong := ""
	switch {
	case mac[0] == 0x01 && mac[1] == 0x80 && mac[2] == 0xc2 && mac[3]|mac[4] == 0 && mac[5] < 0x10 && (ip || kind == 0x0806):
		wrong = "a group of IEEE 802.1, to which no IP is sent"
	case v4 && single && dst.Is4() && !sameGroup(mac[3:], dst, 1, 0x7f), v6 && single && dst.Is6() && !sameGroup(mac[2:], dst, 12, 0xff):
		wrong = "not the address to which packets for " + m.DstIP + " are sent"
	case v4 && version == 6, v6 && version == 4:
		wrong = fmt.Sprintf("a group of IPv%d", map[bool]int{true: 4, false: 6}[v4])
	case tcp:
		wrong = "a group, and TCP is between two"
	}
	switch {
	case wrong == "":
	case single && dst.IsMulticast():
		c.neverSent(where+".dst-mac", "leave out one of them", "%s is %s: no frame can match", m.DstMAC, wrong)
	default: // a cluster has the hardware address of a group, which others are told: NLB, CLUSTERIP
		c.Warnf(where+".dst-mac", "leave out one of them, unless a cluster has that hardware address", "%s is %s", m.DstMAC, wrong)
	}
}

// sameGroup reports whether an address is that of a group which the rest of a hardware address, of whose first byte some
// bits count, has from a byte of it on.
func sameGroup(rest net.HardwareAddr, group netip.Addr, from int, first byte) bool {
	tail := group.AsSlice()[from:]
	return group.IsMulticast() && rest[0]&first == tail[0]&first && slices.Equal([]byte(rest[1:]), tail[1:])
}

// etherTypeOf is the number of an Ethernet type; 0: none is asked for.
func etherTypeOf(text string) uint16 {
	if n, ok := topologies.EtherTypes()[strings.ToLower(text)]; ok {
		return n
	}
	n, _ := strconv.ParseUint(text, 0, 16) // what is none was told
	return uint16(n)
}

// lengthsType is the kernel's word for frames with a length in the place of the type; leastType the first that is one.
const (
	lengthsType = 0x0004
	leastType   = 0x0600
)

// matchText is a filter in tcpdump's syntax that takes every frame which a match does, as the kernel has it, and may take
// more; empty: it takes all.
func matchText(m topologies.FrameMatch) string {
	var list []string
	for _, side := range []struct{ dir, mac string }{{"src", m.SrcMAC}, {"dst", m.DstMAC}} {
		if mac, err := net.ParseMAC(side.mac); err == nil && len(mac) == 6 {
			list = append(list, fmt.Sprintf("ether %s %s", side.dir, mac))
		}
	}
	if inner := packetText(m); inner != "" {
		list = append(list, fmt.Sprintf("(%s)", inner))
	}
	return strings.Join(list, " and ")
}

// packetText is matchText for what stands behind the addresses, and up to two VLAN tags.
func packetText(m topologies.FrameMatch) string {
	kind := etherTypeOf(m.EtherType)
	switch kind {
	case lengthsType:
		return fmt.Sprintf("ether[12:2] < %d or vlan", leastType)
	case 0x8100, 0x88a8: // of the tag itself
		return ""
	}
	var inner []string
	if kind == 0 || kind == 0x0800 {
		inner = append(inner, "(ip"+packetTextOf(m, 4)+")")
	}
	if kind == 0 || kind == 0x86dd {
		inner = append(inner, "(ip6"+packetTextOf(m, 6)+")")
	}
	text := strings.Join(inner, " or ")
	switch {
	case len(inner) == 0:
		text = fmt.Sprintf("ether proto %d", kind)
	case kind == 0 && m.Proto == "" && m.SrcIP+m.DstIP == "" && m.SrcPort+m.DstPort == 0:
		return ""
	}
	return behindTags(text)
}

// packetTextOf is packetText for packets of one version of IP. A packet of IPv6 may have its protocol behind further
// headers, and then nothing is said of that.
func packetTextOf(m topologies.FrameMatch, version int) string {
	word := map[int]string{4: "ip", 6: "ip6"}[version]
	var hosts []string
	for _, side := range []struct{ dir, prefix string }{{"src", m.SrcIP}, {"dst", m.DstIP}} {
		p, err := netip.ParsePrefix(side.prefix)
		if a, aerr := netip.ParseAddr(side.prefix); aerr == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		switch {
		case side.prefix == "" || err != nil:
		case p.Addr().Is4() != (version == 4):
			return " and " + map[int]string{4: "ip6", 6: "ip"}[version] // none
		default:
			hosts = append(hosts, fmt.Sprintf(" and %s %s net %s", word, side.dir, p.Masked()))
		}
	}
	text := strings.Join(hosts, "")
	var protocol []string
	proto, tcpOrUDP := -1, ""
	if n, ok := topologies.Protocols()[strings.ToLower(m.Proto)]; ok {
		proto = int(n)
	} else if n, err := strconv.ParseUint(m.Proto, 0, 8); err == nil {
		proto = int(n)
	}
	if proto >= 0 {
		protocol = append(protocol, map[int]string{4: fmt.Sprintf("ip proto %d", proto), 6: fmt.Sprintf("ip6[6] = %d", proto)}[version])
		tcpOrUDP = map[int]string{6: "tcp ", 17: "udp "}[proto]
	}
	for _, side := range []struct {
		dir  string
		port int
	}{{"src", m.SrcPort}, {"dst", m.DstPort}} {
		if side.port != 0 {
			protocol = append(protocol, fmt.Sprintf("%s%s port %d", tcpOrUDP, side.dir, side.port))
		}
	}
	switch {
	case len(protocol) == 0:
		return text
	case version == 4:
		return text + " and " + strings.Join(protocol, " and ")
	default:
		return fmt.Sprintf("%s and (%s)", text, behindHeaders(proto, strings.Join(protocol, " and ")))
	}
}

// behindHeaders is a filter for packets of IPv6 of a protocol, of which own is the filter where the first header says so:
// behind a header that others may follow (RFC 8200 section 4) it may be any, and what a fragment is of stands in its own.
func behindHeaders(proto int, own string) string {
	fragment := []string{"ip6[6] = 44"}
	for _, n := range slices.Compact(slices.Sorted(maps.Values(topologies.Protocols()))) {
		if proto >= 0 && int(n) != proto {
			fragment = append(fragment, fmt.Sprintf("ip6[40] != %d", n))
		}
	}
	return fmt.Sprintf("(%s) or (%s) or ip6[6] = 0 or ip6[6] = 43 or ip6[6] = 51 or ip6[6] = 60", own, strings.Join(fragment, " and "))
}
