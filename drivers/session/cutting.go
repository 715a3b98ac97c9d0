package session

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/drivers"
)

// shortestCut is the length of the shortest secret that is cut out of text.
const shortestCut = 4

// cutValues are the secrets to look for, longest first.
func cutValues(secrets []drivers.Secret) []string {
	var values []string
	for _, s := range secrets {
		if v := s.Reveal(); len(v) >= shortestCut && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) })
	return values
}

// cutText takes the secrets out of s.
func cutText(s string, values []string) string {
	for _, v := range values {
		s = strings.ReplaceAll(s, v, drivers.Cut)
	}
	return s
}

// cutError is an error whose text is free of secrets.
type cutError struct {
	text string
	err  error
}

func (e *cutError) Error() string { return e.text }
func (e *cutError) Unwrap() error { return e.err }

// cutErr takes the secrets out of the text of err and keeps what errors.Is finds.
func cutErr(err error, values []string) error {
	if err == nil {
		return nil
	}
	text := cutText(err.Error(), values)
	if text == err.Error() {
		return err
	}
	if op, ok := errors.AsType[*drivers.OpError](err); ok {
		return &drivers.OpError{Node: op.Node, Op: cutText(op.Op, values), Err: &cutError{cutText(op.Err.Error(), values), op.Err}}
	}
	return &cutError{text, err}
}

// cutter is a recorder that takes secrets out of what it hands on, also those that the
// stream has cut in two: it keeps back what may begin one.
type cutter struct {
	to     drivers.Recorder
	values []string

	mu   sync.Mutex
	held map[drivers.Direction][]byte
	at   map[drivers.Direction]time.Time
}

// cutRecorder wraps a recorder; without secrets it is the recorder itself.
func cutRecorder(to drivers.Recorder, secrets []drivers.Secret) drivers.Recorder {
	values := cutValues(secrets)
	if to == nil || len(values) == 0 {
		return to
	}
	return &cutter{to: to, values: values, held: map[drivers.Direction][]byte{}, at: map[drivers.Direction]time.Time{}}
}

// Record implements drivers.Recorder.
func (c *cutter) Record(at time.Time, channel string, d drivers.Direction, p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.held[d]) > 0 {
		at = c.at[d]
	}
	text := []byte(cutText(string(append(c.held[d], p...)), c.values))
	keep := c.hold(text)
	c.held[d] = bytes.Clone(text[len(text)-keep:])
	c.at[d] = at
	if n := len(text) - keep; n > 0 {
		c.to.Record(at, channel, d, text[:n])
	}
}

// hold is how many bytes at the end of p may begin a secret.
func (c *cutter) hold(p []byte) int {
	longest := 0
	for _, v := range c.values {
		for n := min(len(v)-1, len(p)); n > longest; n-- {
			if bytes.HasSuffix(p, []byte(v[:n])) {
				longest = n
			}
		}
	}
	return longest
}

// flush hands on what was kept back, when the stream has ended.
func flush(r drivers.Recorder, channel string) {
	c, ok := r.(*cutter)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for d, p := range c.held {
		if len(p) > 0 {
			c.to.Record(c.at[d], channel, d, p)
		}
	}
	clear(c.held)
}
