// Package vm builds labs of virtual machines under QEMU, for what containers have to take
// from the kernel beneath them or cannot be at all: 802.1Q, LACP, spanning tree and
// netem in a kernel of the node's own, and the virtual switches of vendors.
//
// A node is a machine when its image is a guest that was made here (reprise/guest:bookworm,
// see package guest) or a disk of the user's (a path that ends in .qcow2). A topology is of
// machines or of containers, not of both; shared segments (kind bridge) are refused.
//
// A guest is set up over its serial console, where root has a shell: names of interfaces,
// addresses, and a key pair for ssh that this lab alone has. Afterwards it is a Host over
// ssh, with the server's key known beforehand. The way in is a network device in a VRF of
// its own (mgmt), so a node's routing table holds nothing that its scenario did not ask
// for. A vendor's disk is reached over its serial console instead (Accessor).
//
// A guest that has booted once is kept with its memory (a state), so the next machine of
// the same kind continues from there instead of booting, and [topologies.Resetter] brings a machine
// back to it in place. States hold no key of any lab.
//
// A program of ours (deaths.pl) runs in every guest from before its scenario on and sees how
// processes end, as package containers does by package procs ([topologies.ProcessWatcher]).
// It comes with the set-up and takes nothing but perl-base and the kernel's process
// connector, so that guests of any age have it; one in which it does not start is told, and
// so is one in which it was ended.
//
// Links are datagram sockets between the machines; frames pass untouched, link-local ones
// too. Nothing reaches a network outside.
//
// A lab is a folder that only its owner may read. Machines end with the process that made
// them, unless they are kept; GC removes what a killed one left.
//
// Frames of a link are lost, delayed and doubled by netem in the guest that sends them, all of a way alike: see netem.go.
// Those that a fault picks are lost by a program in the kernel of the guest that gets them: see pick.go.
//
// Non-goals: the other faults on frames and FaultReplug; an interface that its own machine shuts keeps the
// carrier of the far end, as no QEMU device tells its peer; speed, for which containers are
// there.
package vm
