// Package harness turns a declared problem into trials and trials into verdicts.
//
// A [Plan] is a loaded scenario with its overrides applied and everything resolved. A
// [Lab] is one reserved topology with an open driver per node. [Lab.Trial] executes
// the plan once:
//
//	reset → baseline → state → stimulus → symptom → (workaround) → collect → judge
//
// and writes everything it sees to harness/evidence before anything is judged. [Judge]
// is a pure function of the plan and that record: the same code decides live and in
// "reprise judge RUN".
//
// What does the work is taken as interfaces: a topologies.Provider builds the lab, a
// drivers.Registry opens the sessions. Concrete ones are named in cmd only.
//
// What never happens here: a verdict from memory; a failed probe taken for a false
// condition; a lab that broke taken for a switch that failed; a wait that is not for a
// condition, except the scenario's own hold.
package harness
