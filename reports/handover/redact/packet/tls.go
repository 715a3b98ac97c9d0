package packet

import (
	"bytes"

	"github.com/reprise-lab/reprise/harness/unpack"
)

// TLS names hosts before it encrypts: the one that a client asks for, and those of certificates (RFC 8446, sections 4 and 5;
// RFC 5246, section 7.4; RFC 6066, section 3).
const (
	tlsHandshake = 22
	tlsFirst     = 20 // types of records
	tlsLast      = 24
	tlsMajor     = 3
	tlsLength    = 3
	tlsHead      = 5

	handshakeHead    = 4
	handshakeHello   = 1
	handshakeCert    = 11
	handshakeRequest = 13

	helloSession   = 34 // after a version and a random number
	extensionHead  = 4
	extensionName  = 0
	serverNameHead = 5 // the length of a list, a kind, a length
)

// tls maps names in what is not encrypted, and reports whether the stream begins with records of TLS.
func (c *capture) tls() bool {
	if len(c.old) < tlsHead || c.byteAt(0) < tlsFirst || c.byteAt(0) > tlsLast || c.byteAt(1) != tlsMajor {
		return false
	}
	for at := 0; at+tlsHead <= len(c.old); {
		kind, body := c.byteAt(at), at+tlsHead
		if kind < tlsFirst || kind > tlsLast || c.byteAt(at+1) != tlsMajor {
			return true
		}
		stop := body + c.u16(at+tlsLength)
		end := min(stop, len(c.old))
		if kind == tlsHandshake {
			c.handshakes(body, end)
		}
		at = stop
	}
	return true
}

// handshakes goes over messages; one that is encrypted has no length that fits.
func (c *capture) handshakes(at, end int) {
	for at+handshakeHead <= end {
		kind, body := c.byteAt(at), at+handshakeHead
		stop := body + c.byteAt(at+1)<<16 + c.u16(at+2)
		to := min(stop, end)
		switch kind {
		case handshakeHello:
			c.clientHello(body, to)
		case handshakeCert, handshakeRequest:
			c.certificates(body, to)
		}
		at = stop
	}
}

func (c *capture) clientHello(at, end int) {
	p := at + helloSession
	for _, size := range []int{1, 2, 1} { // a session, ciphers, compressions
		if p+size > end {
			return
		}
		n := c.byteAt(p)
		if size == 2 {
			n = c.u16(p)
		}
		p += size + n
	}
	for p += lengthLen; p+extensionHead <= end; {
		value := p + extensionHead
		stop := value + c.u16(p+lengthLen)
		if c.u16(p) == extensionName && value+serverNameHead < min(stop, end) {
			c.field(Name, value+serverNameHead, stop, end)
		}
		p = stop
	}
}

// Strings and wrappers in certificates (ITU-T X.690, 8; RFC 5280, section 4).
const (
	derUTF8      = 0x0c
	derPrintable = 0x13
	derTeletex   = 0x14
	derIA5       = 0x16
	derBMP       = 0x1e
	derMail      = 0x81 // of an alternative name
	derDNS       = 0x82
	derURI       = 0x86
	derAddress   = 0x87
	derLongest   = 0x82 // a length of two bytes
)

// certificates maps the texts of certificates: names, and those of who gave them out. Their signatures no longer hold.
func (c *capture) certificates(at, end int) {
	changed := c.edits
	for p := at; p+berHead <= end; p++ {
		if c.byteAt(p) == berSequence && c.byteAt(p+1) == derLongest || c.byteAt(p) == berSequence && c.byteAt(p+1) < berLong {
			if e, ok := c.ber(p, end); ok && e.end-e.body > 2*berHead && c.byteAt(e.body)&^(berStructure|0x80) < 0x20 {
				c.der(e.body, e.end, 0)
				p = e.end - 1
			}
		}
	}
	if c.edits != changed {
		c.m.Note("certificates whose names were replaced, and whose signatures do not hold")
	}
}

func (c *capture) der(at, end, depth int) {
	for at < end && depth < berDeepest {
		e, ok := c.ber(at, end)
		if !ok {
			return
		}
		text := c.old[e.body:e.end]
		switch e.tag {
		case derUTF8, derPrintable, derTeletex, derIA5, derMail, derDNS, derURI:
			if e.end-e.body > 2 && unpack.IsText(text) { // a country is as short
				c.name(e.body, e.end)
			}
		case derBMP:
			c.digest(e.body, e.end)
		case derAddress:
			if n := e.end - e.body; n == ipv4Len || n == ipv6Len {
				c.addr(e.body, n)
			}
		case berOctets: // an extension
			if in, ok := c.ber(e.body, e.end); ok && in.end == e.end && in.tag&berStructure != 0 {
				c.der(in.body, in.end, depth+2)
			}
		default:
			if e.tag&berStructure != 0 {
				c.der(e.body, e.end, depth+1)
			}
		}
		at = e.end
	}
}

// MQTT's CONNECT (OASIS MQTT 3.1.1, section 3.1; 5.0, section 3.1): a client, a will, a user and a password, each after its length.
const (
	mqttConnect  = 0x10
	mqttVersion5 = 5
	mqttWill     = 0x04
	mqttPassword = 0x40
	mqttUser     = 0x80
	mqttFixed    = 4 // a version, flags, how long it stays
)

// mqtt cuts who logs in, where the stream begins with it, and reports whether it does.
func (c *capture) mqtt() bool {
	if len(c.old) < 2 || c.byteAt(0) != mqttConnect {
		return false
	}
	_, at := c.varint(1)
	name := []byte(nil)
	if at+lengthLen <= len(c.old) {
		name = c.old[at+lengthLen : min(len(c.old), at+lengthLen+c.u16(at))]
	}
	if !bytes.Equal(name, []byte("MQTT")) && !bytes.Equal(name, []byte("MQIsdp")) {
		return false
	}
	at += lengthLen + len(name)
	if at+mqttFixed > len(c.old) {
		return true
	}
	version, flags := c.byteAt(at), c.byteAt(at+1)
	at += mqttFixed
	properties := func() {
		if version == mqttVersion5 && at < len(c.old) {
			n, p := c.varint(at)
			at = p + n
		}
	}
	next := func(kind Kind) {
		if at+lengthLen > len(c.old) {
			return
		}
		stop := at + lengthLen + c.u16(at)
		c.field(kind, at+lengthLen, stop, len(c.old))
		at = stop
	}
	properties()
	next(Name)
	if flags&mqttWill != 0 {
		properties()
		next(Name)
		next(Text)
	}
	if flags&mqttUser != 0 {
		next(Name)
	}
	if flags&mqttPassword != 0 {
		next(Secret)
	}
	return true
}

// varint reads a number of seven bits a byte, the least first.
func (c *capture) varint(at int) (n, after int) {
	for shift := 0; at < len(c.old) && shift <= 3*7; shift += 7 {
		b := c.byteAt(at)
		at++
		n |= b & 0x7f << shift
		if b < 0x80 {
			break
		}
	}
	return n, at
}
