// Package capture writes the frames that pass an interface to a pcapng file, live.
//
// A [Tap] is opened within the network namespace of a node, by whoever may enter it; its socket keeps
// that namespace and is passed to who reads it with [Start]. The filter is the kernel's from before
// the first frame. The file has every VLAN tag, also of priority alone, which way each frame went,
// time in nanoseconds, what the kernel lost, and what was marked meanwhile as comments on the frame
// that came next. It can be read while it is written and after a crash.
//
// Not seen is what a program of the node sends past the queues of its own interface
// (PACKET_QDISC_BYPASS): at the far end of the cable it is.
//
// A file has a bound: when it is reached, the oldest frames go, and how many went is told.
package capture
