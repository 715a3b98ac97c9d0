// Package topologies describes a lab: nodes, the links between them, and what a
// provider must do to make them real.
//
// A topology is written as a containerlab file (*.clab.yml), so labs that users
// already have work here and ours open in containerlab. [FromDoc] reads one
// strictly and reports every fault in one pass with its position.
//
// A [Provider] turns a [Topology] into a [Reservation]: running nodes that can be
// reached through a [Host]. What a lab can do beyond that is an ability, a small
// interface that a Reservation may also implement ([Faulter], [NodeRestarter],
// [Enterer]); callers ask for it with [As], which looks through wrappers.
//
// Non-goals: nothing here speaks a switch's command line (that is a driver's
// duty) and nothing here judges.
package topologies
