// Package experiment asks questions that one trial cannot answer: how often does it happen,
// is it fixed, which part matters.
//
// What decides is arithmetic over trials that others executed: a [Comparison] of two builds,
// a [StopRule] of a rate, the [Dependence] of trials on their lab or their order. A
// [LabOracle] executes the candidates of a search in real labs.
//
// What never happens here: a trial that is not valid enters a rate; a result is rounded
// towards an answer.
package experiment
