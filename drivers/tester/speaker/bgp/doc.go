// Package bgp is the BGP speaker of a tester node: sessions with neighbours, routes by the thousand,
// and messages that no router would send.
//
// Messages, capabilities, attributes and MRT files are read and written by GoBGP's packet library
// (github.com/osrg/gobgp/v4). Its server is not used: that keeps what it announces in a table of its
// own, which refuses, sorts and rewrites what a tester is there to send as it is written (an attribute
// whose length lies, one twice, none where one must be), and it packs routes one after the other.
//
// A session either calls its neighbour or waits for the call, so that two connections never collide
// (RFC 4271 section 6.8). There is no route selection: what a neighbour announces is kept for each
// neighbour, as it came, and nothing of it is announced to another. An UPDATE that cannot be read is
// counted, noted and passed over; the session goes on, since it is the neighbour that is tested.
//
// Times are given in the lab's time, and kept in real time divided by its speed.
package bgp
