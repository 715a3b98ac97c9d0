// Package peer is a tester's machines of protocols: what a neighbour has to do so that a device goes as far as the
// state that a case is about, and what it says wrongly on purpose when it is there.
//
// A session is one machine on one port: [Spec] says which, and every field of what it sends. It reads and writes
// whole frames by a packet socket, so it has whatever addresses it names; it answers ARP for one that the node
// does not have. What it says can be changed while it runs ([Table.Change]), without a new start.
//
// Machines know the lab's time only, which they are given, and what came; so each is tested without a port. They go
// as far as their neighbour needs, and no further: they route nothing, and what a
// neighbour says of others they keep and confirm, and pass on to nobody.
package peer
