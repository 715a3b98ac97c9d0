// Package logs reads what devices and daemons write down, and finds what separates the trials that
// failed from those that did not.
//
//	for line, err := range logs.ReadFile("ospfd.log", logs.Options{}) { … }
//
// # Contract
//
// A [Line] keeps its text as it is, its file, its number and its offset, beside what a format
// gives: the device's own time, severity, program, the vendor's name of the message. A line that no
// format fits is a line all the same: it is counted, and has a template. Files are input of
// strangers: lines come one at a time and are bounded by [MaxLine], and what was cut is told; UTF-16,
// Latin-1, CRLF and gzip are read.
//
// A [Template] is what the lines of one message have in common. Its ID is a hash of its text, after
// [Mask]: neither the order of reading nor the run nor the machine has a part in it. [Clusters] joins
// templates that differ in a few words.
//
// [Open] reads the logs of a run's trials from its record alone, on the time of the trial where the
// record tells how the device's clock stands to it, and says so where it does not. [Diff] ranks; what
// too few trials cannot tell, it does not tell. [Check] looks for known bad signs.
//
// # Not for
//
// Judging: a verdict comes of conditions. A high rank says what to look at, not what is the cause.
package logs
