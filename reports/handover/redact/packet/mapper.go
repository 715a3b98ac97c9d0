package packet

import "net/netip"

// Mapper decides what stands for what a capture holds. It is asked for the same value as
// often as the value is there, and should answer alike.
type Mapper interface {
	// Addr returns what stands for an address, of the same family. bits is the length of
	// the network that it stands as, with all its bits for a host; negative when the
	// packet does not say.
	Addr(ip netip.Addr, bits int) netip.Addr
	// Seen reports whether an address is known to be one, so that numbers that look like it
	// are taken for it.
	Seen(ip netip.Addr) bool
	// MAC returns what stands for a MAC address.
	MAC(mac [6]byte) [6]byte
	// Bytes returns what stands for b, in the same length; it does not change b. A result of
	// another length leaves the bytes as they are.
	Bytes(kind Kind, b []byte) []byte
	// Note hears what is not understood as well as it should be.
	Note(what string)
}

// Kind says what bytes are, by where they stand.
type Kind int

// Kinds of bytes.
const (
	// Text is written for people: a description, a comment, a circuit's name.
	Text Kind = iota + 1
	// Payload is of a protocol that is not known.
	Payload
	// Name is the whole of a field that holds the name of a host, a user or a domain.
	Name
	// Secret is the whole of a field that holds a password or a community.
	Secret
	// Digest was made with a secret, which could be tried on it.
	Digest
	// Part is the begin of a field that holds a name or a secret, of which the rest was not captured.
	Part
)
