// Package replay plays recorded sessions: a [Host] that answers a driver from a
// transcript instead of from a device. It is what driver tests without a lab run on.
//
// A transcript is NDJSON, one [Record] per line: {"at","channel","dir","data"} with
// nanoseconds since the beginning; bytes that are no UTF-8 text stand in "raw" as base64
// instead of in "data". It is the format of transcripts/ in a run directory, so what a
// run recorded can be played.
//
// The host answers what is written to it with what the device said after the same
// bytes in the recording, in the order recorded, and again with the last answer when
// there are no more. The nonces that package session makes up are matched by place,
// not by value. Bytes that were never recorded are an error, [ErrNotRecorded]; nothing
// is made up. Files that a driver writes are accepted and forgotten, and none can be read.
package replay
