// Package message makes the frames of protocols from fields: of what a scenario says of a packet, and of what a
// [peer] machine has to say next. Lengths and checksums are right, until an [Alter] makes them wrong.
//
// A message is made from the inside outwards, in layers: the protocol's own ("message"), "udp", "ip" and
// "frame". An alteration changes bytes of one of them before its checksum is computed, so that it reaches the
// code that it is meant for; a wrong length or checksum is asked for by its own key.
//
// What the machines have to read is read here too, within bounds: Parse functions say what is wrong, and never
// look beyond what came.
package message
