// Package tunnel carries the frames of cables between the hosts of one lab, in packets of UDP, as an
// ordinary user: a cable's end on each host is an interface that a socket reads and writes ([OpenPlug]), and
// who owns the lab has the UDP socket in its host's own network.
//
// A frame goes whole in one packet, with up to [MaxFrame] bytes, which the kernel and the way cut into
// fragments where they are longer than the way carries. Packets are sealed and authenticated with the lab's
// key (AES-256-GCM, NIST SP 800-38D), so that nobody else on the way reads frames or puts any in. They are
// numbered, per cable and direction: what the way loses, doubles and reorders is counted ([Counts]). A frame
// that comes twice goes on once. What is lost is not sent again, since a cable would not either: who uses
// the lab is told.
//
// No more is on its way than the other end has room for: frames wait in the kernel until that says what
// has come. Ends tell each other whether the interfaces at them are up, and so each end has a carrier as
// long as the other is up, as a cable's does. They measure the way all the time, by packets that are
// answered at once: half of the time there and back is its delay, and nobody can tell how it is divided.
//
// Non-goals: ways that change addresses in the middle (NAT).
package tunnel
