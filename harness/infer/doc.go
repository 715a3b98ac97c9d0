// Package infer makes the topology of a network from what its devices say: who is at the other end of
// each port, and in which networks they are.
//
//	r := infer.New(infer.Options{Template: registry.Template, Image: image})
//	im, err := grammar.Files(names, intake.Options{Visit: r.Visit})
//	network := r.Infer(im)
//
// # Contract
//
// A link is one that a device tells of (LLDP, EDP, CDP), one that two neighbours of OSPF, IS-IS or BGP have, where
// each end is told by its own device or by an address, or one that two interfaces of one network make
// where nobody else is in it and no tag, VRF or shutdown keeps
// them apart. A neighbour of routing across a switch, or on a segment of more than two, makes none.
// Each says how many ends tell of it. What two devices say against each
// other is in [Network.Contradictions], and no link; what cannot be known is in
// [Network.Unknown], never filled in.
//
// Each node carries its [Likeness]: how much a lab's node is the customer's. What has no image here
// becomes an FRR that has its addresses and its neighbours in BGP and OSPF (a BIRD where there is no FRR), or an
// Open vSwitch with its VLANs and aggregates where it switches and routes nothing, and says what is equal and what
// is not.
//
// # Not for
//
// Reading tables that a platform's driver reads (its templates come in as a function), and starting
// anything.
package infer
