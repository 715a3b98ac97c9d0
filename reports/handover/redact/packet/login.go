package packet

import (
	"fmt"

	"github.com/reprise-lab/reprise/harness/unpack"
)

// Names and secrets of protocols that carry them in clear when somebody logs in, or that two
// routers share.

// HSRP's version 0 and 1 (RFC 2281, section 5): eight bytes of a password.
const (
	portHSRP    = 1985
	hsrpAuth    = 8
	hsrpAuthLen = 8
	hsrpHead2   = 2 // of version 2
)

// hsrp cuts the password.
func (c *capture) hsrp(at, end int) {
	if at+hsrpHead2 <= end && c.byteAt(at) == hsrpState && c.byteAt(at+1) == hsrpStateLen {
		c.hsrp2(at, end)
		return
	}
	c.in(at, "HSRP")
	if at+hsrpAuth > end {
		c.payload(at, end)
		return
	}
	c.plain(at, min(end, at+hsrpAuth+hsrpAuthLen))
	c.addrs(at+hsrpAuth+hsrpAuthLen, end, ipv4Len)
	c.padded(at+hsrpAuth, hsrpAuthLen, end)
}

// EAP over LAN (IEEE 802.1X, 11.3; RFC 3748, sections 4 and 5.1): who a station says that it is.
const (
	typeEAPOL   = 0x888e
	eapolBody   = 4
	eapolPacket = 0
	eapolStart  = 1
	eapolLogoff = 2
	eapType     = 4
	eapLen      = 5
	eapLength   = 2
	eapResponse = 2
	eapIdentity = 1
)

// eapol takes the name in an answer to a question for one.
func (c *capture) eapol(at, end int) {
	c.in(at, "EAPOL")
	c.plain(at, at+eapolBody)
	switch c.byteAt(at + 1) {
	case eapolPacket:
	case eapolStart, eapolLogoff:
		return
	default:
		c.opaque(fmt.Sprintf("EAPOL of type %d", c.byteAt(at+1)), at+eapolBody, end)
		return
	}
	c.eap(at+eapolBody, end)
}

// eap is the same of a message of EAP.
func (c *capture) eap(at, end int) {
	if at+eapLength+2 <= end {
		end = min(end, at+max(eapType, c.u16(at+eapLength)))
	}
	c.payload(at, end)
	if at+eapLen <= end && (c.byteAt(at) > eapResponse || c.byteAt(at+eapType) > eapIdentity) {
		c.unreadOf("EAP's methods")
	}
	if at+eapLen > end || c.byteAt(at) != eapResponse || c.byteAt(at+eapType) != eapIdentity {
		return
	}
	stop := at + c.u16(at+eapLength)
	if cut := min(stop, end); cut > at+eapLen && unpack.IsText(c.old[at+eapLen:cut]) {
		c.field(Name, at+eapLen, stop, end)
	}
}

// Who asks a SOCKS server for a connection (RFC 1928, section 3; RFC 1929, section 2): the ways to log in, then a name and
// a password.
const (
	portSOCKS    = 1080
	socksVersion = 5
	socksLogin   = 1
	socksHead    = 2
)

// socks cuts the name and the password, where the stream begins with what the user's side says, and reports whether it does.
func (c *capture) socks(f *flow) bool {
	if f.ports[1] != portSOCKS || len(c.old) < socksHead || c.byteAt(0) != socksVersion {
		return false
	}
	at := socksHead + c.byteAt(1)
	if at >= len(c.old) || c.byteAt(at) != socksLogin {
		return true
	}
	at++
	for _, kind := range []Kind{Name, Secret} {
		if at >= len(c.old) {
			return true
		}
		stop := at + 1 + c.byteAt(at)
		c.field(kind, at+1, stop, len(c.old))
		at = stop
	}
	return true
}

// A bind of LDAP (RFC 4511, section 4.2): version, name, and a secret where it is simple.
const (
	ldapBind   = 0x60
	ldapSimple = 0x80
)

// ldapBinds cuts the name and the secret of each bind among whole messages.
func (c *capture) ldapBinds() {
	for at := 0; at < len(c.old); {
		message, ok := c.berCut(at, len(c.old))
		if !ok || message.tag != berSequence {
			return
		}
		at = message.end
		id, ok := c.ber(message.body, message.end)
		if !ok || id.tag != berInteger {
			return
		}
		bind, ok := c.berCut(id.end, message.end)
		if !ok || bind.tag != ldapBind {
			continue
		}
		version, ok := c.ber(bind.body, bind.end)
		if !ok || version.tag != berInteger {
			continue
		}
		name, ok := c.berCut(version.end, bind.end)
		if !ok || name.tag != berOctets {
			continue
		}
		if unpack.IsText(c.old[name.body:name.end]) {
			c.field(Name, name.body, name.end+name.missing, name.end)
		}
		if secret, ok := c.berCut(name.end, bind.end); ok && secret.tag == ldapSimple {
			c.field(Secret, secret.body, secret.end+secret.missing, secret.end)
		}
	}
}
