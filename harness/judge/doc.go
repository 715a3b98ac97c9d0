// Package judge decides what a record shows.
//
// [Judge] makes the verdict of one trial, [Combine] that of a run, [Rejudge] judges a run
// again. They are pure functions of a plan.Plan and of what harness/evidence recorded: the
// same code decides live and in "reprise judge RUN". The pieces by which it decides are
// exported for those who watch live: [Evaluate] turns an observation into what it says, and
// a [Window] takes such readings until the condition is decided.
//
// The rules are tables, in the order in which they are asked: those of a trial in rules.go, of
// a step in stimulus.go, of a run in run.go. Each has a name, what it asks, its verdict, its
// reason and the version of [evidence.Rules] that it came with; the first that applies decides.
//
// What is absent decides nothing: an observation without an answer is unknown, never true
// and never false.
//
// What never happens here: a lab is reached (the linter and a test hold it), a clock is
// read, a verdict is made from memory.
package judge
