package packet

import "strconv"

// The fixed fields of BOOTP and DHCP (RFC 2131, section 2).
const (
	dhcpHardwareLen = 2
	dhcpClient      = 12
	dhcpYour        = 16
	dhcpServer      = 20
	dhcpRelay       = 24
	dhcpClientMAC   = 28
	dhcpServerName  = 44
	dhcpBootFile    = 108
	dhcpCookie      = 236 // where it ends
	dhcpOptions     = 240
)

// Options (RFC 2132; RFC 4702 for 81, RFC 5859 for 150).
const (
	dhcpPad          = 0
	dhcpMask         = 1
	dhcpRouters      = 3
	dhcpTimeServers  = 4
	dhcpNameServers  = 5
	dhcpDNS          = 6
	dhcpLogServers   = 7
	dhcpHostName     = 12
	dhcpDomain       = 15
	dhcpBroadcast    = 28
	dhcpNIS          = 41
	dhcpNTP          = 42
	dhcpNetBIOS      = 44
	dhcpRequested    = 50
	dhcpLease        = 51
	dhcpMessage      = 53
	dhcpServerID     = 54
	dhcpParameters   = 55
	dhcpMaximum      = 57
	dhcpRenewal      = 58
	dhcpRebinding    = 59
	dhcpClientID     = 61
	dhcpClientFQDN   = 81
	dhcpTFTP         = 150
	dhcpRootPath     = 17
	dhcpStatic       = 33
	dhcpNISDomain    = 40
	dhcpText         = 56
	dhcpVendorClass  = 60
	dhcpTFTPName     = 66
	dhcpBootName     = 67
	dhcpUserClass    = 77  // RFC 3004
	dhcpRelayInfo    = 82  // RFC 3046
	dhcpAuth         = 90  // RFC 3118
	dhcpUUID         = 97  // RFC 4578
	dhcpSubnet       = 118 // RFC 3011
	dhcpSearch       = 119 // RFC 3397
	dhcpClassless    = 121 // RFC 3442
	dhcpClasslessOld = 249 // what Windows used before
	dhcpEnd          = 255
	dhcpOptionLength = 1
	dhcpOptionHead   = 2
)

// A client's identifier (RFC 2132, section 9.14): a type of hardware, then an address of it.
const (
	clientEthernet = 1
	clientMAC      = 1
	clientIsDUID   = 255
	clientDUID     = 5 // after the number of an association
)

// Sub-options of a relay.
const (
	relayCircuit    = 1
	relayRemote     = 2
	relayLink       = 5
	relaySubscriber = 6
	relayAuth       = 8
	relayServer     = 11
)

// fqdnName is where the name of option 81 is: after flags and two codes (RFC 4702, section 2).
const fqdnName = 3

// fqdnWire is the flag of a name as DNS has it.
const fqdnWire = 0x04

// dhcp maps the fixed fields and the options that hold addresses and names.
func (c *capture) dhcp(at, end int) {
	if at+dhcpOptions > end {
		c.opaque("BOOTP", at, end)
		return
	}
	for _, field := range []int{dhcpClient, dhcpYour, dhcpServer, dhcpRelay} {
		c.addr(at+field, ipv4Len)
	}
	if c.byteAt(at+dhcpHardwareLen) == macLen {
		c.mac(at + dhcpClientMAC)
	}
	c.in(at, "DHCP")
	c.plain(at, at+dhcpClient)
	c.plain(at+dhcpClientMAC+macLen, at+dhcpServerName)
	c.name(at+dhcpServerName, c.untilZero(at+dhcpServerName, dhcpBootFile-dhcpServerName))
	c.name(at+dhcpBootFile, c.untilZero(at+dhcpBootFile, dhcpCookie-dhcpBootFile))
	c.plain(at+dhcpCookie, at+dhcpOptions)
	for p := at + dhcpOptions; p < end; {
		if kind := c.byteAt(p); kind == dhcpEnd || kind == dhcpPad {
			c.plain(p, p+1)
			if kind == dhcpEnd {
				return
			}
			p++
			continue
		}
		if p+dhcpOptionHead > end {
			return
		}
		body := p + dhcpOptionHead
		stop := body + c.byteAt(p+dhcpOptionLength)
		if stop > end {
			return
		}
		c.plain(p, body)
		c.dhcpOption(c.byteAt(p), body, stop)
		p = stop
	}
}

func (c *capture) dhcpOption(kind, at, end int) {
	switch kind {
	case dhcpRouters, dhcpTimeServers, dhcpNameServers, dhcpDNS, dhcpLogServers, dhcpNIS, dhcpNTP, dhcpNetBIOS,
		dhcpRequested, dhcpServerID, dhcpBroadcast, dhcpTFTP, dhcpStatic, dhcpSubnet:
		c.addrs(at, end, ipv4Len)
	case dhcpHostName, dhcpDomain, dhcpNISDomain, dhcpTFTPName, dhcpBootName, dhcpRootPath:
		c.name(at, end)
	case dhcpClientID:
		c.clientID(at, end)
	case dhcpClientFQDN:
		c.plain(at, at+fqdnName)
		if at < end && c.byteAt(at)&fqdnWire != 0 {
			c.domain(at+fqdnName, end, -1)
		} else {
			c.name(at+fqdnName, end)
		}
	case dhcpRelayInfo:
		c.relayInfo(at, end)
	case dhcpSearch:
		c.domains(at, end, at)
	case dhcpClassless, dhcpClasslessOld:
		c.classless(at, end)
	case dhcpAuth:
		c.digest(at, end)
	case dhcpUUID:
		c.plain(at, min(end, at+1))
		c.digest(at+1, end)
	case dhcpText, dhcpVendorClass, dhcpUserClass:
		c.text(at, end)
	case dhcpMask, dhcpLease, dhcpMessage, dhcpParameters, dhcpMaximum, dhcpRenewal, dhcpRebinding,
		2, 13, 19, 20, 22, 23, 24, 25, 26, 27, 29, 30, 31, 34, 35, 36, 37, 38, 39, 46, 52, 80, 93, 94, 100, 101, 108, 116, 145: // numbers, flags and time zones
		c.plain(at, end)
	default:
		c.opaque("option "+strconv.Itoa(kind)+" of DHCP", at, end)
	}
}

// clientID maps a client's identifier: a MAC, the numbers of DHCPv6 (RFC 4361, section 6.1), or bytes of its own.
func (c *capture) clientID(at, end int) {
	switch {
	case end-at == clientMAC+macLen && c.byteAt(at) == clientEthernet:
		c.plain(at, at+clientMAC)
		c.mac(at + clientMAC)
	case end-at > clientDUID && c.byteAt(at) == clientIsDUID:
		c.plain(at, at+clientDUID)
		c.duid(at+clientDUID, end)
	case end-at > 1 && c.byteAt(at) == 0:
		c.plain(at, at+1)
		c.name(at+1, end)
	default:
		c.name(at, end)
	}
}

// relayInfo maps what a relay says of a client (RFC 3046; RFC 3527; RFC 3993; RFC 5107).
func (c *capture) relayInfo(at, end int) {
	c.tlvs(at, end, func(kind, at, end int) {
		switch kind {
		case relayCircuit:
			c.circuit(at, end)
		case relayRemote, relaySubscriber:
			c.identifier(at, end)
		case relayLink, relayServer:
			c.addrs(at, end, ipv4Len)
		case relayAuth:
			c.digest(at, end)
		default:
			c.opaque("sub-option "+strconv.Itoa(kind)+" of a relay of DHCP", at, end)
		}
	})
}

// classless maps routes (RFC 3442).
func (c *capture) classless(at, end int) {
	for at < end {
		bits := min(c.byteAt(at), longest4)
		router := at + 1 + octets(bits)
		if router+ipv4Len > end {
			return
		}
		c.plain(at, at+1)
		c.prefix(at+1, bits, ipv4Len)
		c.addr(router, ipv4Len)
		at = router + ipv4Len
	}
}
