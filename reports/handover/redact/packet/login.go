package packet

import "github.com/reprise-lab/reprise/harness/unpack"

// Names and secrets of protocols that carry them in clear when somebody logs in, or that two
// routers share.

// HSRP's version 0 and 1 (RFC 2281, section 5): eight bytes of a password.
const (
	portHSRP    = 1985
	hsrpAuth    = 8
	hsrpAuthLen = 8
)

// hsrp cuts the password.
func (c *capture) hsrp(at, end int) {
	if at+hsrpAuth+hsrpAuthLen > end {
		c.payload(at, end)
		return
	}
	c.addrs(at+hsrpAuth+hsrpAuthLen, end, ipv4Len)
	c.secret(at+hsrpAuth, c.untilZero(at+hsrpAuth, hsrpAuthLen))
}

// EAP over LAN (IEEE 802.1X, 11.3; RFC 3748, sections 4 and 5.1): who a station says that it is.
const (
	typeEAPOL   = 0x888e
	eapolBody   = 4
	eapType     = 4
	eapLen      = 5
	eapLength   = 2
	eapResponse = 2
	eapIdentity = 1
)

// eapol takes the name in an answer to a question for one.
func (c *capture) eapol(at, end int) {
	eap := at + eapolBody
	c.payload(at, end)
	if eap+eapLen > end || c.byteAt(at+1) != 0 || c.byteAt(eap) != eapResponse || c.byteAt(eap+eapType) != eapIdentity {
		return
	}
	if stop := min(end, eap+c.u16(eap+eapLength)); stop > eap+eapLen && unpack.IsText(c.old[eap+eapLen:stop]) {
		c.name(eap+eapLen, stop)
	}
}

// A bind of LDAP (RFC 4511, section 4.2): version, name, and a secret where it is simple.
const (
	ldapBind   = 0x60
	ldapSimple = 0x80
)

// ldapBinds cuts the name and the secret of each bind among whole messages.
func (c *capture) ldapBinds() {
	for at := 0; at < len(c.old); {
		message, ok := c.ber(at, len(c.old))
		if !ok || message.tag != berSequence {
			return
		}
		at = message.end
		id, ok := c.ber(message.body, message.end)
		if !ok || id.tag != berInteger {
			return
		}
		bind, ok := c.ber(id.end, message.end)
		if !ok || bind.tag != ldapBind {
			continue
		}
		version, ok := c.ber(bind.body, bind.end)
		if !ok || version.tag != berInteger {
			continue
		}
		name, ok := c.ber(version.end, bind.end)
		if !ok || name.tag != berOctets {
			continue
		}
		if unpack.IsText(c.old[name.body:name.end]) {
			c.name(name.body, name.end)
		}
		if secret, ok := c.ber(name.end, bind.end); ok && secret.tag == ldapSimple {
			c.secret(secret.body, secret.end)
		}
	}
}
