// Package packet rewrites captures in place: pcap and pcapng files, the frames in them and
// the protocols in those, from Ethernet to BGP. It knows where a protocol keeps addresses,
// names and secrets; what stands in their place, a [Mapper] says.
//
//	packet.Read(data, learner)                        // shows a Mapper all that is there
//	out, edits, err := packet.Rewrite(data, replacer) // the same file with other contents
//
// # Contract
//
// No frame is dropped or added, no length and no time changes. A checksum is adjusted by
// what changed below it (RFC 1624), so that one that was wrong stays wrong by as much: it
// may be the bug. Those of LSAs and LSPs, which cannot be adjusted so, are made again where
// they were right.
//
// What is of no known protocol, or is cut off where its header says more, is given to the
// Mapper as [Payload]; so is what the decoder of a known one does not know, wherever it stands,
// which [Mapper.Note] tells with the protocol's name. Segments of TCP are joined first, so that a value that two of them
// share is one value. The begin of a field whose rest was not captured is a [Part]. A frame of a link
// type that is not known is blanked, which [Mapper.Note] tells, and a file of nothing else is none that
// can be rewritten. A file is input of strangers: no length in it is believed.
//
// # Layout
//
// A protocol has a file of its own, which names each position, length and code of its headers
// and says which document they are from. Positions count from the begin of the header that
// the name begins with: arpSender is where an ARP packet has its sender.
//
// # Non-goals
//
// What is encrypted stays as it is. Bodies of OSPFv3, opaque LSAs and families of BGP
// other than IPv4 and IPv6 are searched as payloads, which [Mapper.Note] tells.
package packet
