package packet

import (
	"strconv"

	"github.com/reprise-lab/reprise/harness/unpack"
)

// DHCPv6 is of RFC 8415 where nothing else is said; the sections are its.

// Messages (8), those of relays (9), and an option (21.1).
const (
	portDHCP6Client = 546
	portDHCP6Server = 547

	dhcp6RelayForward = 12
	dhcp6RelayReply   = 13
	dhcp6Options      = 4
	dhcp6Link         = 2
	dhcp6Peer         = 18
	dhcp6RelayOptions = 34

	option6Length = 2
	option6Head   = 4
)

// Options (21; RFC 3646; RFC 4075; RFC 4649; RFC 4580; RFC 4704; RFC 5908; RFC 5970; RFC 6939).
const (
	dhcp6ClientID   = 1
	dhcp6ServerID   = 2
	dhcp6NA         = 3
	dhcp6TA         = 4
	dhcp6Address    = 5
	dhcp6Request    = 6
	dhcp6Preference = 7
	dhcp6Elapsed    = 8
	dhcp6Relayed    = 9
	dhcp6Auth       = 11
	dhcp6Unicast    = 12
	dhcp6Status     = 13
	dhcp6Rapid      = 14
	dhcp6Interface  = 18
	dhcp6Reconf     = 19
	dhcp6ReconfOK   = 20
	dhcp6DNS        = 23
	dhcp6Search     = 24
	dhcp6PD         = 25
	dhcp6Prefix     = 26
	dhcp6SNTP       = 31
	dhcp6Refresh    = 32
	dhcp6Remote     = 37
	dhcp6Subscriber = 38
	dhcp6FQDN       = 39
	dhcp6BootURL    = 59
	dhcp6LinkLayer  = 79
	dhcp6SolMax     = 82
	dhcp6InfMax     = 83

	naOptions     = 12
	taOptions     = 4
	addrOptions   = 24
	prefixBits    = 8
	prefixAddr    = 9
	prefixOptions = 25
	statusText    = 2
	remoteID      = 4
	fqdn6Name     = 1
	linkMAC       = 2
)

// Identifiers (11): of a MAC with a time, of a number of a vendor, of a MAC, of a UUID.
const (
	duidTimeMAC = 1
	duidVendor  = 2
	duidMAC     = 3
	duidLen     = 2
	duidNumber  = 6 // after that of a vendor
	duidTimeAt  = 8
	duidAt      = 4
)

func (c *capture) dhcp6(at, end int) {
	if at+dhcp6Options > end || !c.enter(at, end) {
		c.opaque("DHCPv6", at, end)
		return
	}
	defer c.leave()
	c.in(at, "DHCPv6")
	options := at + dhcp6Options
	if kind := c.byteAt(at); kind == dhcp6RelayForward || kind == dhcp6RelayReply {
		options = at + dhcp6RelayOptions
		c.addrs(at+dhcp6Link, min(end, at+dhcp6RelayOptions), ipv6Len)
		c.plain(at, at+dhcp6Link)
	} else {
		c.plain(at, options)
	}
	c.dhcp6Options(options, end)
}

func (c *capture) dhcp6Options(at, end int) {
	for at+option6Head <= end {
		kind, body := c.u16(at), at+option6Head
		stop := body + c.u16(at+option6Length)
		if stop > end {
			return
		}
		c.plain(at, body)
		c.dhcp6Option(kind, body, stop)
		at = stop
	}
}

func (c *capture) dhcp6Option(kind, at, end int) {
	switch kind {
	case dhcp6ClientID, dhcp6ServerID:
		c.duid(at, end)
	case dhcp6NA, dhcp6PD:
		c.plain(at, min(end, at+naOptions))
		c.dhcp6Options(at+naOptions, end)
	case dhcp6TA:
		c.plain(at, min(end, at+taOptions))
		c.dhcp6Options(at+taOptions, end)
	case dhcp6Address:
		c.addrs(at, min(end, at+ipv6Len), ipv6Len)
		c.plain(at+ipv6Len, min(end, at+addrOptions))
		c.dhcp6Options(at+addrOptions, end)
	case dhcp6Prefix:
		if at+prefixOptions <= end {
			c.plain(at, at+prefixAddr)
			c.network(at+prefixAddr, ipv6Len, min(c.byteAt(at+prefixBits), longest6))
			c.dhcp6Options(at+prefixOptions, end)
		}
	case dhcp6Relayed:
		c.dhcp6(at, end)
	case dhcp6Auth:
		c.digest(at, end)
	case dhcp6Unicast, dhcp6DNS, dhcp6SNTP:
		c.addrs(at, end, ipv6Len)
	case dhcp6Status:
		c.plain(at, min(end, at+statusText))
		c.text(at+statusText, end)
	case dhcp6Search:
		c.domains(at, end, -1)
	case dhcp6FQDN:
		c.plain(at, at+fqdn6Name)
		c.domain(at+fqdn6Name, end, -1)
	case dhcp6Remote:
		c.plain(at, min(end, at+remoteID))
		c.identifier(at+remoteID, end)
	case dhcp6Interface:
		c.circuit(at, end)
	case dhcp6Subscriber:
		c.identifier(at, end)
	case dhcp6BootURL:
		c.text(at, end)
	case dhcp6LinkLayer:
		c.plain(at, min(end, at+linkMAC))
		if end-at == linkMAC+macLen {
			c.mac(at + linkMAC)
		}
	case dhcp6Request, dhcp6Preference, dhcp6Elapsed, dhcp6Rapid, dhcp6Reconf, dhcp6ReconfOK, dhcp6Refresh, dhcp6SolMax, dhcp6InfMax:
		c.plain(at, end)
	default:
		c.opaque("option "+strconv.Itoa(kind)+" of DHCPv6", at, end)
	}
}

// duid maps what identifies a client or a server: by its MAC, or as a number of its own.
func (c *capture) duid(at, end int) {
	if at+duidLen > end {
		return
	}
	c.plain(at, at+duidLen)
	switch kind := c.u16(at); {
	case kind == duidTimeMAC && end-at == duidTimeAt+macLen:
		c.plain(at, at+duidTimeAt)
		c.mac(at + duidTimeAt)
	case kind == duidMAC && end-at == duidAt+macLen:
		c.plain(at, at+duidAt)
		c.mac(at + duidAt)
	case kind == duidVendor && at+duidNumber <= end:
		c.plain(at, at+duidNumber)
		c.digest(at+duidNumber, end)
	default:
		c.digest(at+duidLen, end)
	}
}

// circuit maps what a relay calls a port: a VLAN, a slot and a port, or anything else.
func (c *capture) circuit(at, end int) {
	if end-at == identifierPort && c.byteAt(at) == 0 && c.byteAt(at+1) == identifierPort-identifierHead {
		c.plain(at, end)
		return
	}
	c.identifier(at, end)
}

// identifier maps what a relay or a switch calls a port or a customer: a name, a MAC, or bytes that only it
// understands, which are cut.
func (c *capture) identifier(at, end int) {
	switch n := end - at; {
	case n == macLen && !unpack.IsText(c.old[at:end]):
		c.mac(at)
	case n == identifierHead+macLen && c.byteAt(at+1) == macLen:
		c.plain(at, at+identifierHead)
		c.mac(at + identifierHead)
	case n > identifierHead && c.byteAt(at) <= 1 && c.byteAt(at+1) == n-identifierHead && unpack.IsText(c.old[at+identifierHead:end]):
		c.plain(at, at+identifierHead)
		c.name(at+identifierHead, end)
	default:
		c.name(at, end)
	}
}

// Identifiers as Cisco's switches and others make them: a kind and a length, then it (Wireshark's packet-dhcp.c).
const (
	identifierHead = 2
	identifierPort = 6
)
