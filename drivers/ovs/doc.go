// Package ovs drives Open vSwitch with its datapath in user space: ovsdb-server and
// ovs-vswitchd, without the kernel module (--disable-system), so bridges need
// datapath_type=netdev.
//
// A command, a configuration line and every line of the start-up configuration is a
// command line of one of the Open vSwitch tools (ovs-vsctl, ovs-ofctl, ovs-appctl,
// ovsdb-client …); when the first word is none of them, ovs-vsctl is meant. Words are split as a
// shell does; "#" begins a comment line. The tools are given time limits of their own
// just below the command's timeout, because a deadlocked ovs-vswitchd makes them wait
// for ever: the answer is then the tool's own complaint with a non-zero exit status,
// which the Exchange shows, and Rejected holds it.
//
// ResetConfig destroys every bridge, runs the start-up configuration again and
// compares the database with how it was after Boot.
package ovs
