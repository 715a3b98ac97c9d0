// Package isolate cuts a failing case down to what the failure needs, and finds the
// version that brought it.
//
// Both work against an Oracle that tries a candidate and says what came of it. They know
// nothing of labs, scenarios or configurations: the same code runs against seeded
// simulated oracles in tests and against real labs.
//
// Reduce is hierarchical delta debugging (Misherghi and Su, ICSE 2006) with a binary split
// whose refusals are inferred, judged by Wald's sequential test, because a real failure
// shows sometimes only. Bisect is Bayesian search over versions with unknown rates.
//
// An algorithm's course depends on nothing but its input and the outcomes it was given, in
// their order. So a Recorder, which writes every outcome down before the algorithm sees it,
// resumes a search after kill -9 to the same result, and an Ahead has idle labs try what a search will
// likely ask for next, without a say in what it finds.
//
// Not here: what a unit is (package scenarios cuts), how a candidate runs (package trial).
package isolate
