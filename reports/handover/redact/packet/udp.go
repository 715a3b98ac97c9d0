package packet

import (
	"fmt"
	"slices"

	"github.com/reprise-lab/reprise/harness/unpack"
)

// The header of UDP (RFC 768).
const (
	udpSource = 0
	udpDest   = 2
	udpLength = 4
	udpSum    = 6
	udpLen    = 8
)

// Ports (IANA's registry), and those that were or are used beside.
const (
	portDNS           = 53
	portMDNS          = 5353
	portLLMNR         = 5355
	portTFTP          = 69
	portSyslog        = 514
	portDHCPServer    = 67
	portDHCPClient    = 68
	portSNMP          = 161
	portSNMPTrap      = 162
	portRIP           = 520
	portRADIUS        = 1812
	portRADIUSAcct    = 1813
	portRADIUSOld     = 1645
	portRADIUSAcctOld = 1646
	portRADIUSDynamic = 3799 // RFC 5176
	portVXLAN         = 4789
	portVXLANLinux    = 8472 // what Linux used before there was a number
)

// vxlanLen is the header that precedes the frame of a virtual network (RFC 7348, section 5).
const vxlanLen = 8

// udp goes into a datagram by its ports.
func (c *capture) udp(f *frame, at, end int, pseudo part) {
	if n := c.u16(at + udpLength); n >= udpLen {
		end = min(end, at+n)
	}
	f.sums = append(f.sums, checksum{at: at + udpSum, parts: []part{pseudo, {at, end}}, udp: true})
	src, dst, body := c.u16(at+udpSource), c.u16(at+udpDest), at+udpLen
	c.in(at, "UDP")
	c.plain(at, body)
	on := func(ports ...int) bool { return slices.Contains(ports, src) || slices.Contains(ports, dst) }
	switch {
	case on(portVXLAN, portVXLANLinux) && body+vxlanLen <= end:
		c.plain(body, body+vxlanLen)
		c.ethernet(f, body+vxlanLen, end)
	case on(portDHCPServer, portDHCPClient):
		c.dhcp(body, end)
	case on(portSNMP, portSNMPTrap):
		if !c.snmp(body, end) {
			c.opaque("SNMP", body, end)
		}
	case on(portRIP) && body+ripHead <= end:
		c.rip(body, end)
	case on(portRADIUS, portRADIUSAcct, portRADIUSOld, portRADIUSAcctOld, portRADIUSDynamic) && body+radiusLen <= end:
		c.radius(body, end)
	case on(portHSRP):
		c.hsrp(body, end)
	case c.looksSNMP(body, end):
		c.snmp(body, end)
	case on(portDNS, portMDNS, portLLMNR) && body+dnsLen <= end:
		c.dns(body, end, false)
	case on(portNetBIOS) && body+dnsLen <= end:
		c.dns(body, end, true)
	case on(portDHCP6Client, portDHCP6Server):
		c.dhcp6(body, end)
	case on(portBFD, portBFDMultihop, portBFDLAG):
		c.bfd(body, end)
	case on(portLDP):
		c.ldp(body, end)
	case on(portGLBP):
		c.glbp(body, end)
	case on(portNTP) && body < end:
		c.ntp(body, end)
	case on(portIKE):
		c.ike(body, end)
	case on(portIKENAT) && body < end:
		c.ikeNAT(body, end)
	case on(portsNetFlow()...) && c.netflow(body, end, string(c.old[pseudo.start:pseudo.start+(pseudo.end-pseudo.start)/2])):
	case on(portSFlow) && c.sflow(f, body, end):
	case c.tunnelled(f, on, body, end): // last: a client may have chosen such a port
	case on(portSyslog) || unpack.IsText(c.old[body:end]):
		c.payload(body, end)
		if !on(portSyslog, portTFTP) && body < end {
			c.unreadOf(fmt.Sprintf("texts of UDP port %d", min(src, dst)))
		}
	default:
		c.opaque(fmt.Sprintf("UDP port %d", min(src, dst)), body, end)
	}
}
