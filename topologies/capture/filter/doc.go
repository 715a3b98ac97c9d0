// Package filter compiles tcpdump's filter syntax, as pcap-filter(7) describes it, for Ethernet
// frames to programs of classic BPF.
//
// What it accepts means what it means to libpcap: that the first vlan moves what stands behind it
// by a tag, that "and" and "or" bind alike and from the left, that a value takes the qualifiers of
// the value before it (port 179 or 22), that a read behind the end of a frame refuses the frame.
// What it does not accept is an [Error] that says why; nothing is taken for "every frame".
//
// In one thing it means more: a field of another protocol than the frame's is no number on either side
// of an operator, so that "len - udp[4:2] = 42" is false of what is not UDP. libpcap forgets that on the
// right.
//
// There are two programs of each filter. [Filter.Offline] is for frames as they are in a file, with
// their VLAN tags in them. [Filter.Live] is for packet sockets of Linux, where the kernel has taken
// the outer tag out and keeps it beside the frame: it answers of what the socket is given as the
// first does of the whole frame.
//
// Not accepted: names of hosts, networks, ports and Ethernet addresses (no file and no server of this
// machine is asked), what is known only of an interface and not of a frame (inbound, ip broadcast),
// other links than Ethernet, MPLS, PPPoE, Geneve, protocol chains.
package filter
