// Package traffic sends packets from one network to another and tells what came of them.
//
// A [Socket] is a value that is opened in a node's network by who can. A [Flow] sends through one and
// receives through another, both in this process: one clock is at both ends. Packets are sent at
// absolute times, so that no lateness adds up; those that are overdue go at once. The kernel stamps
// what comes.
//
// What this process was too late to send is never taken for an outage: each packet has the moments
// before and after it was sent, an outage is counted from what was sent in fact, and it has bounds
// within which it lies. What never happens here: a lab's clock is known; times are real ones.
package traffic
