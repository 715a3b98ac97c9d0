// Package replay sends the frames of a capture into an interface of a tester node, at the times that
// they have to each other in the capture: a customer's OSPF, VRRP, LLDP, LACP, BFD, ARP or IGMP, as his device heard it.
//
// It also sends frames that are made of fields ([Emit]): what no capture has, or what is wrong on purpose.
//
// Frames go as they are, or with other addresses: what rewrites a capture is given to the program that
// this is part of, for it knows the layers. Of TCP one side of a session is said again, by a connection of its own
// ([Session]): its segments as they were make no sense to one that has other numbers. What becomes of a replay is told
// while it runs; when it begins is the scenario's business, which waits for its condition before.
package replay
