// Package evidence is the record of a run: its types, and the directory that holds them.
//
//	runs/<utc>-<scenario>-<4 hex>/
//	  run.json           the plan: inputs, images, host, versions           [RunInfo]
//	  input/             the exact files read
//	  ledger.ndjson      one line per attempt, each with the digest of the line before [Entry]
//	  trials/0001/       timeline.ndjson [Event]  observations.ndjson [Observation]
//	                     transcripts/<node>.ndjson [Chunk]  states/{before,after}/<node>/
//	                     logs/<node>/  cores/  files/<node>/  verdict.json [TrialVerdict]
//	                     host.json [TrialHost], where a worker of a fleet executed it
//	  verdict.json rate.json report.html report.md junit.xml
//
// Record first, judge later: everything a verdict rests on is written here before it
// is judged, so that a stored run can be judged again, offline, to the same verdict.
//
// A directory is valid after kill -9: whole files are written under a temporary name
// and renamed, NDJSON is written line by line, and a reader ignores a last line that
// was cut. Formats are versioned ("reprise": "evidence/v1"). Nothing in a directory is
// ever executed, and what devices said is data: bounded, and escaped by whoever shows it.
//
// This package imports only the standard library. It does not judge.
package evidence
