// Package reports reads a run directory into a model that every rendering shows: one
// package below it per format (html, markdown, junit, jsonreport, csvtable, badge),
// and diagram draws topologies.
//
//	run, err := reports.Load("runs/20260301T101500Z-my-case-1f2e")
//	err = html.Write(w, run)
//
// A matrix of a test suite is read by result.ReadMatrix, cleaned by [CleanMatrix] and prepared by [NewMatrix] for its
// renderings, which formats.Matrix lists.
//
// Load works on a run that was broken off: what is not there is named in [Run.Missing]
// and in [Detail.Missing], and no number is made up for it. An interval comes from the
// run's own rate.json or is not shown.
//
// What devices said is hostile and may be huge. All text in the model has passed
// [Clean], and every text is an [Excerpt] that names the file it was cut from, so that a
// rendering has a bounded size whatever the run holds. Renderings still escape for
// their own format.
//
// The package judges nothing and imports nothing of ours but the evidence.
package reports
