package isolate

import (
	"bytes"
	"errors"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// chain holds the lines of a ledger together: each has the sum of the one before.
type chain struct {
	begun  string // sum of what the search was begun with; empty where nobody knows
	before []byte // the last line, without its end; nil: none yet
	linked bool   // lines have sums, from one on
}

// What a ledger is that was not written so.
var (
	errAltered = errors.New("the line before was altered or taken out")
	errBegun   = errors.New("the search was begun with other options than stand beside it (options.json)")
)

// prev is the sum that the next line has.
func (c *chain) prev() string {
	if c.before == nil {
		return c.begun
	}
	return evidence.SHA256(c.before)
}

// take holds a line against those before it. Lines without sums are those of an older program, which no later ones come before.
func (c *chain) take(e Entry, line []byte) error {
	first, want := c.before == nil, c.prev()
	c.before = bytes.Clone(bytes.TrimSuffix(line, []byte("\n")))
	switch {
	case e.Prev == "" && !c.linked, first && c.begun == "":
		c.linked = c.linked || e.Prev != ""
		return nil
	case e.Prev != want && first:
		return errBegun
	case e.Prev != want:
		return errAltered
	}
	c.linked = true
	return nil
}
