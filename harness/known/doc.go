// Package known keeps known issues and finds the one behind a case.
//
// An engineer's release notes, field notices, articles, CVE records, lists of changes and
// tables are read into one SQLite file with a full-text index (FTS5):
//
//	ReadDocument   a file, whatever its format, to a Document with issues
//	Open           a database; DB.Import, Search, Match, Show, Documents
//	Issue.Affects  yes, no or unknown for one version, with the reason
//	Subject        what a case or a run says, to be matched
//
// Contract. What a document does not say stays unknown: no version is made up, and what
// could not be read is counted and shown with its place, not dropped. An import is one
// transaction: a document's issues are replaced all together or not at all. The same
// database and the same subject give the same ranking, every point of which is in the
// reasons. A document is hostile input: its size, its pages and what is kept of it are
// bounded, nothing that it names is fetched, and its text comes out without what steers a
// terminal.
//
// Versions are ordered by package version below. An issue that is fixed in several lines of
// releases is judged by the line that the version is of; between lines the answer is unknown.
//
// Non-goals. The vendors' own texts are never shipped: what comes with the program (data/)
// are facts in our words with their source, and what an engineer imports stays on the
// engineer's machine. Nothing is downloaded. The ranking proposes and the engineer decides.
// Scanned pages are not read (no OCR), nor PDFs that need a password.
package known
