package evidence

import (
	"errors"
	"sync"
	"time"
	"unicode/utf8"
)

// MaxTranscript bounds the bytes kept of one node's transcript in one trial. What is
// beyond is counted, not kept.
const MaxTranscript = 64 << 20

// Transcript writes the sessions of one node, redacted by value before they reach the
// disk. A secret that is cut in two by the stream is still found. Safe for concurrent use.
type Transcript struct {
	mu     sync.Mutex
	lines  *Lines
	redact Redactor
	start  time.Time
	clock  Clock
	kept   int
	lost   int
	tails  map[[2]string]pending
}

type pending struct {
	at   time.Duration
	data []byte
}

// NewTranscript opens the transcript of a node, in a trial that began at start.
func (t TrialDir) NewTranscript(node string, start time.Time, c Clock, r Redactor) (*Transcript, error) {
	lines, err := CreateLines(t.File("transcripts", node+".ndjson"))
	if err != nil {
		return nil, err
	}
	return &Transcript{lines: lines, redact: r, start: start, clock: c, tails: map[[2]string]pending{}}, nil
}

// Add appends bytes of one channel and direction.
func (t *Transcript) Add(at time.Time, channel, dir string, p []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := [2]string{channel, dir}
	tail := t.tails[key]
	if len(tail.data) == 0 {
		tail.at = t.clock.Lab(at.Sub(t.start))
	}
	data := []byte(t.redact.Text(string(append(tail.data, p...)))) // whole secrets first, then what may begin one
	keep := t.redact.hold(data)
	t.tails[key] = pending{at: t.clock.Lab(at.Sub(t.start)), data: append([]byte(nil), data[len(data)-keep:]...)}
	return t.write(tail.at, channel, dir, data[:len(data)-keep])
}

func (t *Transcript) write(at time.Duration, channel, dir string, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	if t.kept+len(data) > MaxTranscript {
		t.lost += len(data)
		return nil
	}
	t.kept += len(data)
	c := Chunk{At: at, Channel: channel, Dir: dir}
	if utf8.Valid(data) {
		c.Data = string(data)
	} else {
		c.Raw = data
	}
	return t.lines.Append(c)
}

// Close writes what was kept back and how much was lost.
func (t *Transcript) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var errs []error
	for key, tail := range t.tails {
		errs = append(errs, t.write(tail.at, key[0], key[1], tail.data))
	}
	if t.lost > 0 {
		errs = append(errs, t.lines.Append(Chunk{Lost: t.lost}))
	}
	return errors.Join(append(errs, t.lines.Close())...)
}
