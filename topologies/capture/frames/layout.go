package frames

import (
	"fmt"
	"net"
	"strings"
)

// Field is one field of a message on the wire, in the words of its specification.
type Field struct {
	Name  string
	Bits  int
	Value string // for people; empty where the frame ends within it
}

// maxFields bounds the fields of a message.
const maxFields = 64

// Layout gives the fields of the control message that a frame carries, in their order on the wire: of OSPF
// (RFC 2328 A.3, RFC 5340 A.3), BGP (RFC 4271 section 4), BFD (RFC 5880 section 4.1), VRRP (RFC 3768 and 5798,
// section 5.1), LACP (IEEE 802.1AX, LACPDU), LLDP (IEEE 802.1AB, clause 8) and STP (IEEE 802.1D-2004, clause 9.3).
// It is nil for any other frame. A message that is cut off ends with the first field that is not whole, and a body that
// is not taken apart is no part of it.
func Layout(data []byte) []Field {
	d := &decoder{Fields: Fields{VLAN: -1, Proto: -1}}
	d.ethernet(data)
	if d.message == nil {
		return nil
	}
	l := &layout{rest: d.message}
	switch d.Kind {
	case "ospf":
		l.ospf()
	case "bgp":
		l.bgp()
	case "bfd":
		l.bfd()
	case "vrrp":
		l.vrrp()
	case "lacp":
		l.lacp()
	case "lldp":
		l.lldp()
	case "stp":
		l.stp()
	}
	return l.fields
}

// layout takes fields off a message.
type layout struct {
	rest   []byte
	bit    int // of the first byte of rest, that is taken next
	fields []Field
	over   bool
}

// shown is how a number reads; nil: in decimal.
type shown func(n uint64) string

// number takes a field of up to 64 bits, and gives its value.
func (l *layout) number(name string, bits int, show shown) uint64 {
	if !l.room(name, bits) {
		return 0
	}
	var n uint64
	for range bits {
		n = n<<1 | uint64(l.rest[0]>>(7-l.bit)&1)
		if l.bit++; l.bit == 8 {
			l.bit, l.rest = 0, l.rest[1:]
		}
	}
	text := fmt.Sprint(n)
	if show != nil {
		text = show(n)
	}
	l.fields = append(l.fields, Field{name, bits, text})
	return n
}

// bytes takes a field of whole bytes.
func (l *layout) bytes(name string, n int, show func([]byte) string) []byte {
	if !l.room(name, 8*n) || n == 0 {
		return nil
	}
	b := l.rest[:n]
	l.rest = l.rest[n:]
	l.fields = append(l.fields, Field{name, 8 * n, show(b)})
	return b
}

// room reports whether a field is there; one that is cut off is the last.
func (l *layout) room(name string, bits int) bool {
	switch {
	case l.over || len(l.fields) >= maxFields:
		return false
	case 8*len(l.rest)-l.bit < bits:
		l.over = true
		if len(l.rest) > 0 {
			l.fields = append(l.fields, Field{name, bits, ""})
		}
		return false
	default:
		return true
	}
}

// more reports whether there are so many bytes yet, and room for fields of them.
func (l *layout) more(bytes int) bool {
	return !l.over && len(l.rest) >= bytes && len(l.fields) < maxFields
}

func hexed(digits int) shown {
	return func(n uint64) string { return fmt.Sprintf("0x%0*x", digits, n) }
}

func address(b []byte) string { return net.IP(b).String() }

func mac(b []byte) string { return net.HardwareAddr(b).String() }

// size is all that is told of bytes which are not taken apart: they may hold addresses that nobody would know to redact.
func size(b []byte) string { return fmt.Sprintf("%d bytes", len(b)) }

// call shows a number with the name that it has.
func call(names ...string) shown {
	return func(n uint64) string {
		if n < uint64(len(names)) && names[n] != "" {
			return fmt.Sprintf("%d %s", n, names[n])
		}
		return fmt.Sprint(n)
	}
}

// flags shows the names of the bits that are set, the highest first.
func flags(names ...string) shown {
	return func(n uint64) string {
		var set []string
		for i, name := range names {
			if n>>(len(names)-1-i)&1 == 1 && name != "" {
				set = append(set, name)
			}
		}
		return strings.TrimSpace(fmt.Sprintf("0x%02x %s", n, strings.Join(set, " ")))
	}
}

func (l *layout) ospf() {
	version := l.number("Version #", 8, nil)
	kind := l.number("Type", 8, call("", "hello", "dd", "request", "update", "ack"))
	whole := len(l.rest) + 2                                               // version and type are taken
	if length := int(l.number("Packet length", 16, nil)); length < whole { //nolint:gosec // of 16 bits
		// What follows is no part of the packet: a digest (RFC 2328 D.4.3), a block of link-local signaling (RFC 5613).
		l.rest = l.rest[:max(0, min(len(l.rest), length-4))]
	}
	l.bytes("Router ID", 4, address)
	l.bytes("Area ID", 4, address)
	l.number("Checksum", 16, hexed(4))
	if version == 3 {
		l.number("Instance ID", 8, nil)
		l.number("0", 8, nil)
	} else {
		l.number("AuType", 16, nil)
		l.bytes("Authentication", 8, func([]byte) string { return "not shown" }) // it may be a password
	}
	switch kind {
	case 1:
		l.ospfHello(version)
	case 2:
		l.ospfDescription(version)
	case 3:
		for l.more(12) {
			l.number("LS type", 32, nil)
			l.bytes("Link State ID", 4, address)
			l.bytes("Advertising Router", 4, address)
		}
	case 4:
		l.number("# LSAs", 32, nil)
		l.lsa(version)
	case 5:
		for l.more(20) {
			l.lsa(version)
		}
	}
}

func (l *layout) ospfHello(version uint64) {
	if version == 3 {
		l.number("Interface ID", 32, nil)
		l.number("Rtr Priority", 8, nil)
		l.number("Options", 24, hexed(6))
		l.number("HelloInterval", 16, nil)
		l.number("RouterDeadInterval", 16, nil)
	} else {
		l.bytes("Network Mask", 4, address)
		l.number("HelloInterval", 16, nil)
		l.number("Options", 8, hexed(2))
		l.number("Rtr Pri", 8, nil)
		l.number("RouterDeadInterval", 32, nil)
	}
	l.bytes("Designated Router", 4, address)
	l.bytes("Backup Designated Router", 4, address)
	for l.more(4) {
		l.bytes("Neighbor", 4, address)
	}
}

func (l *layout) ospfDescription(version uint64) {
	if version == 3 {
		l.number("0", 8, nil)
		l.number("Options", 24, hexed(6))
		l.number("Interface MTU", 16, nil)
		l.number("0", 8, nil)
	} else {
		l.number("Interface MTU", 16, nil)
		l.number("Options", 8, hexed(2))
	}
	l.number("Flags", 8, flags("I", "M", "MS"))
	l.number("DD sequence number", 32, nil)
	for l.more(20) {
		l.lsa(version)
	}
}

// lsa is the header of an LSA.
func (l *layout) lsa(version uint64) {
	l.number("LS age", 16, nil)
	if version == 3 {
		l.number("LS type", 16, hexed(4))
	} else {
		l.number("Options", 8, hexed(2))
		l.number("LS type", 8, call("", "router", "network", "summary", "asbr-summary", "external", "", "nssa", "", "opaque-link", "opaque-area", "opaque-as"))
	}
	l.bytes("Link State ID", 4, address)
	l.bytes("Advertising Router", 4, address)
	l.number("LS sequence number", 32, hexed(8))
	l.number("LS checksum", 16, hexed(4))
	l.number("Length", 16, nil)
}

func (l *layout) bgp() {
	l.bytes("Marker", 16, func([]byte) string { return "all ones" })
	l.number("Length", 16, nil)
	switch l.number("Type", 8, call("", "open", "update", "notification", "keepalive", "route-refresh")) {
	case 1:
		l.number("Version", 8, nil)
		l.number("My Autonomous System", 16, nil)
		l.number("Hold Time", 16, nil)
		l.bytes("BGP Identifier", 4, address)
		l.number("Opt Parm Len", 8, nil)
	case 2:
		withdrawn := l.number("Withdrawn Routes Length", 16, nil)
		l.bytes("Withdrawn Routes", int(withdrawn), size) //nolint:gosec // it is of 16 bits
		attributes := l.number("Total Path Attribute Length", 16, nil)
		l.bytes("Path Attributes", int(attributes), size) //nolint:gosec // likewise
	case 3:
		l.number("Error code", 8, call("", "message header", "open message", "update message", "hold timer expired", "finite state machine", "cease"))
		l.number("Error subcode", 8, nil)
	case 5:
		l.number("AFI", 16, nil)
		l.number("Reserved", 8, nil)
		l.number("SAFI", 8, nil)
	}
}

func (l *layout) bfd() {
	l.number("Vers", 3, nil)
	l.number("Diag", 5, call("", "time expired", "echo failed", "neighbor down", "plane reset", "path down", "concatenated path down", "admin down", "reverse path down"))
	l.number("Sta", 2, call("admin-down", "down", "init", "up"))
	for _, flag := range []string{"P", "F", "C", "A", "D", "M"} {
		l.number(flag, 1, nil)
	}
	l.number("Detect Mult", 8, nil)
	l.number("Length", 8, nil)
	l.number("My Discriminator", 32, hexed(8))
	l.number("Your Discriminator", 32, hexed(8))
	microseconds := func(n uint64) string { return fmt.Sprintf("%d µs", n) }
	l.number("Desired Min TX Interval", 32, microseconds)
	l.number("Required Min RX Interval", 32, microseconds)
	l.number("Required Min Echo RX Interval", 32, microseconds)
}

func (l *layout) vrrp() {
	const authentication = 8 // bytes at the end of version 2 (RFC 2338 5.3.10): a password, whatever the count of addresses says
	version := l.number("Version", 4, nil)
	l.number("Type", 4, call("", "advertisement"))
	l.number("Virtual Rtr ID", 8, nil)
	l.number("Priority", 8, nil)
	count := l.number("Count IP Addrs", 8, nil)
	if version == 2 {
		l.number("Auth Type", 8, nil)
		l.number("Adver Int", 8, nil)
		l.rest = l.rest[:max(0, len(l.rest)-authentication)]
	} else {
		l.number("rsvd", 4, nil)
		l.number("Max Adver Int", 12, func(n uint64) string { return fmt.Sprintf("%d cs", n) })
	}
	l.number("Checksum", 16, hexed(4))
	if version != 2 && version != 3 {
		return
	}
	length := net.IPv4len
	if version != 2 && uint64(len(l.rest)) >= count*net.IPv6len { // that they are of IPv6 is told by their length alone
		length = net.IPv6len
	}
	for range count {
		l.bytes("IP Address", length, address)
	}
}

func (l *layout) lacp() {
	l.number("Subtype", 8, nil)
	l.number("Version", 8, nil)
	for _, side := range []string{"Actor", "Partner"} {
		l.number("TLV "+side, 8, nil)
		l.number("Length", 8, nil)
		l.number(side+" System Priority", 16, nil)
		l.bytes(side+" System", 6, mac)
		l.number(side+" Key", 16, nil)
		l.number(side+" Port Priority", 16, nil)
		l.number(side+" Port", 16, nil)
		l.number(side+" State", 8, flags("expired", "defaulted", "distributing", "collecting", "synchronization", "aggregation", "short-timeout", "activity"))
		l.bytes("Reserved", 3, size)
	}
	l.number("TLV Collector", 8, nil)
	l.number("Length", 8, nil)
	l.number("Collector Max Delay", 16, nil)
}

func (l *layout) lldp() {
	names := []string{"End", "Chassis ID", "Port ID", "Time To Live", "Port Description", "System Name", "System Description", "System Capabilities", "Management Address"}
	for l.more(2) {
		kind := l.number("TLV type", 7, call(names...))
		size := int(l.number("Length", 9, nil)) //nolint:gosec // it is of 9 bits
		if kind == 0 {
			return
		}
		name := "Value"
		if kind < uint64(len(names)) {
			name = names[kind]
		}
		l.bytes(name, size, func(b []byte) string { return tlvValue(kind, b) })
	}
}

// tlvValue shows what a TLV of LLDP says.
func tlvValue(kind uint64, b []byte) string {
	switch {
	case kind == 3 && len(b) >= 2:
		return fmt.Sprintf("%d s", be16(b))
	case (kind == 1 && len(b) == 7 && b[0] == 4) || (kind == 2 && len(b) == 7 && b[0] == 3):
		return mac(b[1:])
	case (kind == 1 || kind == 2) && len(b) > 1:
		return printable(b[1:])
	case kind >= 4 && kind <= 6:
		return printable(b)
	default:
		return size(b)
	}
}

// printable is a text of a device, if it is one.
func printable(b []byte) string {
	const most = 40
	for _, c := range b {
		if c < 0x20 || c > 0x7e {
			return size(b)
		}
	}
	if len(b) > most {
		return string(b[:most]) + "…"
	}
	return string(b)
}

func (l *layout) stp() {
	l.number("Protocol Identifier", 16, nil)
	version := l.number("Version", 8, call("STP", "", "RSTP", "MSTP"))
	if l.number("BPDU Type", 8, hexed(2)) == 0x80 {
		return
	}
	l.number("Flags", 8, stpFlags)
	bridge := func(b []byte) string { return fmt.Sprintf("%d %s", be16(b), mac(b[2:])) }
	l.bytes("Root Identifier", 8, bridge)
	l.number("Root Path Cost", 32, nil)
	l.bytes("Bridge Identifier", 8, bridge)
	l.number("Port Identifier", 16, hexed(4))
	seconds := func(n uint64) string { return fmt.Sprintf("%g s", float64(n)/256) }
	for _, name := range []string{"Message Age", "Max Age", "Hello Time", "Forward Delay"} {
		l.number(name, 16, seconds)
	}
	if version >= 2 {
		l.number("Version 1 Length", 8, nil)
	}
}

// stpFlags shows the flags of a BPDU, with the role of the port (IEEE 802.1D-2004, 9.3.3).
func stpFlags(n uint64) string {
	set := []string{fmt.Sprintf("0x%02x", n)}
	for _, f := range []struct {
		bit  int
		name string
	}{{7, "TC-ack"}, {6, "agreement"}, {5, "forwarding"}, {4, "learning"}, {1, "proposal"}, {0, "TC"}} {
		if n>>f.bit&1 == 1 {
			set = append(set, f.name)
		}
	}
	if role := []string{"", "alternate or backup", "root", "designated"}[n>>2&3]; role != "" {
		set = append(set, role)
	}
	return strings.Join(set, " ")
}
