// Package result holds what experiments come to: a rate, a comparison of two builds, the
// measurement of resets.
//
// Its types are written into run directories as JSON and rendered by reports; they import
// the evidence model and the statistics and nothing else, so that whoever reads a result
// needs no way to make one.
//
// What never happens here: a rate without its number of trials and its intervals, a result
// rounded towards an answer.
package result
