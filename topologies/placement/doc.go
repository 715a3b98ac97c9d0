// Package placement says which host each node of a lab runs on, when the lab is spread over several: nodes
// that are placed by name stay there, a node is only where that host can build it, and the rest is cut where
// links are fewest.
//
// A cut is found by moving and swapping nodes between hosts, in passes that go on past a step that costs
// something: Kernighan and Lin, "An Efficient Heuristic Procedure for Partitioning Graphs", Bell System
// Technical Journal 49(2), 1970; moves of single nodes by their gain after Fiduccia and Mattheyses, "A
// Linear-Time Heuristic for Improving Network Partitions", DAC 1982, and between more than two parts after
// Sanchis, "Multiple-Way Network Partitioning", IEEE Transactions on Computers 38(1), 1989. Then branch and
// bound (Land and Doig, Econometrica 28(3), 1960) looks for a better one, and where it ends within its
// bound of steps, [Placement].Proved says that there is none. It does so for labs of about twenty nodes.
//
// Non-goals: to spread load. A lab that one host has room for stays on one, since a link between hosts
// is slower than a cable whatever carries it.
package placement
