// Package wire stands on a cable: of the frames that go one way on it, those that a fault may act on are
// handed to it, and it sends them on, later, changed, twice or not at all. All others go the kernel's
// way, and no interface is added or laid anew.
//
// Frames come out of the kernel through a group of nfnetlink_log, to which rules of nftables give them at
// the sender's end (see package wiring), and go back into the cable through a packet socket of the same
// interface, with a mark that the rules pass over. What nobody reads was taken off the cable all the
// same: when the process ends that reads, what the rules match is lost until the rules go, with the lab.
//
// It imports topologies, and the filters of captures.
package wire
