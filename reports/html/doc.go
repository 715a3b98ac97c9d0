// Package html renders a run as one page that a person likes to read: a lab report with
// its figures, tables and records, in a single file.
//
// The page loads nothing from anywhere, and its policy forbids it to: style and script
// are inlined and named by their hash. It reads without script, in light and dark, on a
// phone and on paper. Its size is bounded by what [reports.Load] keeps.
//
// [Matrix] renders a matrix of a test suite alike, but for its cells, which need the script: they are data in the page,
// and only those in sight are drawn, so that ten thousand are filtered and sorted while somebody types.
package html
