package fleet

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/nats-io/nkeys"
)

// Seal is what a worker signs of a result: the digests of its parts, and where in its chain it
// stands. All digests are SHA-256, in hex.
type Seal struct {
	Work          string `json:"work"`
	ID            string `json:"id"`
	Plan          string `json:"plan"`
	Ticket        string `json:"ticket"`  // of the task's message: who has not taken the task does not know it
	Attempt       int    `json:"attempt"` // delivery of the message that was executed, from 1
	Worker        string `json:"worker"`  // the worker's public nkey
	Host          string `json:"host"`    // its name, for people
	Session       string `json:"session"` // of the worker's process; a chain lives as long
	Seq           uint64 `json:"seq"`     // in the chain of this work, worker and session, from 1
	Prev          string `json:"prev"`    // digest of the seal before; empty for the first
	SummaryDigest string `json:"summary"`
	RecordDigest  string `json:"record"`
	Size          int64  `json:"size"`             // of the record, bytes
	Stored        string `json:"stored,omitempty"` // name of its chunks on the server, when it is not in the result's message
	Failed        string `json:"failed,omitempty"` // why the host could not execute the task; then summary and record are empty
}

// Sealed is a result whose seal was verified.
type Sealed struct {
	Seal
	Outcome          // Record is nil in what [CoordinatorOptions.Uncounted] gets
	SHA256    string // of Signed, hex
	Signed    []byte // the seal's JSON, as it was signed
	Signature []byte // Ed25519 over Signed by the key Seal.Worker
	// Gap tells that the seal before this one in its chain has not been seen by this coordinator.
	Gap bool

	what     string          // its ticket was given for; see [Task.what]
	on       string          // subject of its message
	back     <-chan struct{} // closed when the connection that it came over broke and came back
	name     string          // of its message; see take
	sequence uint64          // in the stream of results
	chunks   int             // that the record is stored in, when it is not inline
}

// VerifySeal checks a seal that was kept beside a record: the signature, and the digests of summary and record.
func VerifySeal(signed, signature, summary, record []byte) (Seal, error) {
	s, err := verifySignature(signed, signature)
	if err != nil {
		return s, err
	}
	if sha256Hex(summary) != s.SummaryDigest {
		return s, fmt.Errorf("%w: the summary is not the one that was sealed", errForged)
	}
	if int64(len(record)) != s.Size || sha256Hex(record) != s.RecordDigest {
		return s, fmt.Errorf("%w: the record is not the one that was sealed", errForged)
	}
	return s, nil
}

func verifySignature(signed, signature []byte) (Seal, error) {
	var s Seal
	if err := json.Unmarshal(signed, &s); err != nil {
		return s, fmt.Errorf("%w: %w", errForged, err)
	}
	if err := checkKey(s.Worker); err != nil {
		return s, fmt.Errorf("%w: worker %w", errForged, err)
	}
	key, err := nkeys.FromPublicKey(s.Worker)
	if err != nil {
		return s, fmt.Errorf("%w: worker: %w", errForged, err)
	}
	if err := key.Verify(signed, signature); err != nil {
		return s, fmt.Errorf("%w: signature: %w", errForged, err)
	}
	return s, nil
}

// result is the message of a sealed result: the parts as they were signed, so that no encoder can alter them.
// Each part stands behind its length, 32 bits, big endian; the record, or nothing when it stands in
// chunks, is the rest.
type result struct {
	signed, signature, summary []byte
	chunks                     int
	record                     []byte
}

// maxHost bounds the name of a host, bytes: that of DNS.
const maxHost = 253

// inline is the largest record that travels in its result's message.
const inline = 256 << 10

var errShort = errors.New("a result that is cut")

func (r result) encode() []byte {
	out := make([]byte, 0, 16+len(r.signed)+len(r.signature)+len(r.summary)+len(r.record))
	for _, part := range [][]byte{r.signed, r.signature, r.summary} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(part))) //nolint:gosec // bounded by the server's largest message
		out = append(out, part...)
	}
	out = binary.BigEndian.AppendUint32(out, uint32(r.chunks)) //nolint:gosec // a record is bounded
	return append(out, r.record...)
}

func decodeResult(data []byte) (r result, err error) {
	number := func() (int, error) {
		if len(data) < 4 {
			return 0, fmt.Errorf("%w: %w", errForged, io.ErrUnexpectedEOF)
		}
		n := binary.BigEndian.Uint32(data)
		data = data[4:]
		if n > math.MaxInt32 {
			return 0, fmt.Errorf("%w: %d is no length", errForged, n)
		}
		return int(n), nil
	}
	for _, part := range []*[]byte{&r.signed, &r.signature, &r.summary} {
		n, err := number()
		if err != nil {
			return r, err
		}
		if n > len(data) {
			return r, fmt.Errorf("%w: %w", errForged, errShort)
		}
		*part, data = data[:n], data[n:]
	}
	if r.chunks, err = number(); err != nil {
		return r, err
	}
	r.record = data
	return r, nil
}

// open verifies a result that stands on the subject of a work, worker and task.
func (r result) open(work, worker, id string, most int64) (Sealed, error) {
	s, err := verifySignature(r.signed, r.signature)
	if err != nil {
		return Sealed{}, err
	}
	sealed := Sealed{Seal: s, SHA256: sha256Hex(r.signed), Signed: r.signed, Signature: r.signature, chunks: r.chunks}
	switch {
	case s.Work != work || s.Worker != worker || s.ID != id:
		return sealed, fmt.Errorf("%w: the seal is of task %s of %s by %s, the message of %s of %s by %s", errForged, s.ID, s.Work, s.Worker, id, work, worker)
	case s.Seq == 0 || s.Seq == 1 && s.Prev != "":
		return sealed, fmt.Errorf("%w: its place in the chain is %d after %q", errForged, s.Seq, s.Prev)
	case len(s.Host) > maxHost+len("…") || len(s.Failed) > maxProgress+len("…"):
		return sealed, fmt.Errorf("its host's name has %d bytes and what it says of a failure %d, at most %d and %d are taken", len(s.Host), len(s.Failed), maxHost, maxProgress)
	case s.Failed != "":
		return sealed, nil
	case len(r.summary) > MaxSummary:
		return sealed, fmt.Errorf("the summary has %d bytes, at most %d are allowed", len(r.summary), MaxSummary)
	case s.Size < 0 || s.Size > most:
		return sealed, fmt.Errorf("the record has %d bytes, at most %d are taken", s.Size, most)
	case sha256Hex(r.summary) != s.SummaryDigest:
		return sealed, fmt.Errorf("%w: the summary is not the one that was sealed", errForged)
	case r.chunks == 0 && (int64(len(r.record)) != s.Size || sha256Hex(r.record) != s.RecordDigest):
		return sealed, fmt.Errorf("%w: the record is not the one that was sealed", errForged)
	case r.chunks > 0 && (int64(r.chunks) > s.Size || checkToken("chunks", s.Stored) != nil):
		return sealed, fmt.Errorf("%w: %d chunks of %d bytes under the name %q", errForged, r.chunks, s.Size, s.Stored)
	}
	sealed.Outcome = Outcome{Summary: r.summary}
	if r.chunks == 0 {
		sealed.Record = r.record
	}
	return sealed, nil
}
