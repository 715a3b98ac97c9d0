// Package trial executes a plan in a lab and records what it sees.
//
// A [Lab] is one reserved topology with an open driver per node. [Lab.Begin] makes a
// [Trial], and [Trial.Execute] goes through the plan once:
//
//	reset → baseline → state → stimulus → symptom → (workaround) → collect
//
// Everything seen is written to harness/evidence before anything is judged;
// [Trial.Finish] then has package judge decide from that record. A [Series] executes as
// many trials of one plan as its caller wants.
//
// A trial is the phases in their order; what they consist of are types that hold what they
// need: preparation and restorePoints for the lab, observer with a file for each kind of
// probe, actor with a file for each kind of action, faults with what takes them back,
// deathWatch, logs, collector, labState, and recorder for all of their words.
//
// What does the work is taken as interfaces: a topologies.Provider builds the lab, a
// drivers.Registry opens the sessions. Concrete ones are named in cmd only.
//
// What never happens here: a failed probe taken for a false condition; a lab that broke
// taken for a switch that failed; a wait that is not for a condition, except the
// scenario's own hold.
package trial
