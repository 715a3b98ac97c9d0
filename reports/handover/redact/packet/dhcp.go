package packet

// The fixed fields of BOOTP and DHCP (RFC 2131, section 2).
const (
	dhcpHardwareLen = 2
	dhcpClient      = 12
	dhcpYour        = 16
	dhcpServer      = 20
	dhcpRelay       = 24
	dhcpClientMAC   = 28
	dhcpNames       = 44  // of server and boot file
	dhcpCookie      = 236 // where they end
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
	dhcpEnd          = 255
	dhcpOptionLength = 1
	dhcpOptionHead   = 2
)

// A client's identifier (RFC 2132, section 9.14): a type of hardware, then an address of it.
const (
	clientEthernet = 1
	clientMAC      = 1
)

// fqdnName is where the name of option 81 is: after flags and two codes (RFC 4702, section 2).
const fqdnName = 3

// dhcp maps the fixed fields and the options that hold addresses and names.
func (c *capture) dhcp(at, end int) {
	if at+dhcpOptions > end {
		c.payload(at, end)
		return
	}
	for _, field := range []int{dhcpClient, dhcpYour, dhcpServer, dhcpRelay} {
		c.addr(at+field, ipv4Len)
	}
	if c.byteAt(at+dhcpHardwareLen) == macLen {
		c.mac(at + dhcpClientMAC)
	}
	c.text(at+dhcpNames, at+dhcpCookie)
	for p := at + dhcpOptions; p+dhcpOptionHead <= end && c.byteAt(p) != dhcpEnd; {
		if c.byteAt(p) == dhcpPad {
			p++
			continue
		}
		body := p + dhcpOptionHead
		stop := body + c.byteAt(p+dhcpOptionLength)
		if stop > end {
			return
		}
		c.dhcpOption(c.byteAt(p), body, stop)
		p = stop
	}
}

func (c *capture) dhcpOption(kind, at, end int) {
	switch kind {
	case dhcpRouters, dhcpTimeServers, dhcpNameServers, dhcpDNS, dhcpLogServers, dhcpNIS, dhcpNTP, dhcpNetBIOS,
		dhcpRequested, dhcpServerID, dhcpBroadcast, dhcpTFTP:
		c.addrs(at, end, ipv4Len)
	case dhcpHostName, dhcpDomain:
		c.name(at, end)
	case dhcpClientID:
		if end-at == clientMAC+macLen && c.byteAt(at) == clientEthernet {
			c.mac(at + clientMAC)
		} else {
			c.payload(at, end)
		}
	case dhcpClientFQDN:
		c.name(at+fqdnName, end)
	case dhcpMask, dhcpLease, dhcpMessage, dhcpParameters, dhcpMaximum, dhcpRenewal, dhcpRebinding:
	default:
		c.payload(at, end)
	}
}
