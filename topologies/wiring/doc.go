// Package wiring joins network namespaces: cables between nodes, shared segments,
// and the faults on them.
//
// All that it does is an [Op], a value that can be sent. [Apply] carries one out in
// this process, which takes root's rights; [Serve] carries out those that arrive on
// a stream, so that a helper with these rights can work for a process without them,
// and [Dial] is the other end of that stream.
//
// Frames are dropped by a program of the kernel where they arrive, which picks them by number, share
// or filter too and keeps the first of them; where the node has a program of its own there, by the same
// program at the far end, as they leave; and where none can be loaded by rules of nftables there. A
// witness behind all of them counts what arrived all the same. The programs are written in Go and loaded as
// such: no compiler is asked. What is made of a filter in tcpdump's syntax is its program of classic BPF.
//
// A cable is a veth pair whose ends are made straight in the two namespaces: nothing
// ever appears in the host's. Namespaces are named by a process in them.
package wiring
