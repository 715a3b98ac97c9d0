package fleet

import (
	"encoding/json"
)

// Seal is what a worker signs of a result: the digests of its parts, and where in its chain it
// stands. All digests are SHA-256, in hex.
type Seal struct {
	Work    string `json:"work"`
	ID      string `json:"id"`
	Plan    string `json:"plan"`
	Ticket  string `json:"ticket"`           // of the task's message: who has not taken the task does not know it
	Attempt int    `json:"attempt"`          // delivery of the message that was executed, from 1
	Worker  string `json:"worker"`           // the worker's public nkey
	Host    string `json:"host"`             // its name, for people
	Session string `json:"session"`          // of the worker's process; a chain lives as long
	Seq     uint64 `json:"seq"`              // in the chain of this work, worker and session, from 1
	Prev    string `json:"prev"`             // digest of the seal before; empty for the first
	Summary string `json:"summary"`          // digest of the summary
	Record  string `json:"record"`           // digest of the record
	Size    int64  `json:"size"`             // of the record, bytes
	Failed  string `json:"failed,omitempty"` // why the host could not execute the task; then there is no summary and no record
}

// Sealed is a result whose seal was verified.
type Sealed struct {
	Seal
	Outcome        // Record is nil in what [CoordinatorOptions.Uncounted] gets
	SHA256  string // of the seal as it was signed, hex
	Signed  []byte // the JSON of the seal, as it was signed
	// Signature is Ed25519 over Signed by the key Worker.
	Signature []byte
	// Gap tells that the seal before this one in its chain has not been seen by this coordinator.
	Gap bool

	sequence uint64 // in the stream of results
	chunks   int
}

// Evidence is what of a seal belongs beside the trial's record, to be verified later by [VerifySeal].
type Evidence struct {
	Seal      json.RawMessage `json:"seal"`
	Signature []byte          `json:"signature"`
}
