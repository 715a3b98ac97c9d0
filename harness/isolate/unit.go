package isolate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// Kind of a unit; kinds are levels, cut in this order. The zero value is invalid.
type Kind int

// Kinds of units, coarse to fine: each removed node makes every later run cheaper.
const (
	Step Kind = iota + 1
	Node
	Link
	Stanza
	Line
	Value
)

var kindNames = map[Kind]string{Step: "steps", Node: "nodes", Link: "links", Stanza: "stanzas", Line: "lines", Value: "values"} //nolint:gochecknoglobals // a constant

func (k Kind) String() string {
	if name, ok := kindNames[k]; ok {
		return name
	}
	return fmt.Sprintf("kind %d", int(k))
}

// Unit is a part of a case that can be taken out.
type Unit struct {
	ID     string // unique and stable: "node r5", "line r1.conf:12"
	Kind   Kind
	Parent int // index of the unit it lies in, -1 for none; it goes with it
	Weight int // share of the case, such as lines; at least 1
	// Needs are groups of units by index: the unit falls when all of one group are out.
	Needs [][]int
	// Fixed units are never taken out: the symptom looks at them.
	Fixed bool
}

// Candidate is a case with some units left. Control asks for the variant of it that must
// stay healthy.
type Candidate struct {
	Kept    []bool // by unit
	Control bool
	// Patience is how long the baseline of the runs asked for may take; 0 is as long as the
	// case says. It is no part of what the candidate is.
	Patience time.Duration
	// Outlook is what the search expects of the runs asked for, for who tries ahead. It is no
	// part of what the candidate is, and nothing is decided by it.
	Outlook Outlook

	// within bounds how long a run may take for the search to want it; 0 is no bound.
	within share
}

// Outlook is what a search expects of the runs of a candidate. Shares are from 0 to 1; 0 is that
// nothing is expected.
type Outlook struct {
	Hit     float64 // share of hits among the runs that say something
	Invalid float64 // share of the runs that say nothing
	More    int     // runs of it that will be asked for whatever those asked for come to
}

// controlKey ends the key of a control.
const controlKey = "-control"

// Key names the candidate in ledgers: equal candidates have equal keys, whenever and
// wherever they are computed.
func (c Candidate) Key(units []Unit) string {
	gone := make([]byte, 0, 16*len(units)) // most IDs are that short
	for i, kept := range c.Kept {
		if !kept {
			gone = append(append(gone, units[i].ID...), '\n')
		}
	}
	sum := sha256.Sum256(gone)
	key := hex.EncodeToString(sum[:8])
	if c.Control {
		return key + controlKey
	}
	return key
}

// Size is the number of units left.
func (c Candidate) Size() int {
	n := 0
	for _, kept := range c.Kept {
		if kept {
			n++
		}
	}
	return n
}

// Whole is the case with every unit.
func Whole(units []Unit) Candidate {
	c := Candidate{Kept: make([]bool, len(units))}
	for i := range c.Kept {
		c.Kept[i] = true
	}
	return c
}

// closure indexes who falls with whom.
type closure struct {
	units []Unit
	fall  [][]int // by unit: units to look at again when it goes
}

func newClosure(units []Unit) *closure {
	c := &closure{units: units, fall: make([][]int, len(units))}
	for i, u := range units {
		if u.Parent >= 0 {
			c.fall[u.Parent] = append(c.fall[u.Parent], i)
		}
		for _, group := range u.Needs {
			for _, n := range group {
				c.fall[n] = append(c.fall[n], i)
			}
		}
	}
	return c
}

// without takes units out of a candidate, and everything that cannot stand without them.
// It says no when that takes a fixed unit.
func (c *closure) without(from Candidate, out []int) (Candidate, bool) {
	kept := make([]bool, len(from.Kept))
	copy(kept, from.Kept)
	queue := append([]int(nil), out...)
	for len(queue) > 0 {
		i := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if !kept[i] {
			continue
		}
		if c.units[i].Fixed {
			return from, false
		}
		kept[i] = false
		for _, j := range c.fall[i] {
			if kept[j] && c.falls(kept, j) {
				queue = append(queue, j)
			}
		}
	}
	return Candidate{Kept: kept}, true
}

func (c *closure) falls(kept []bool, i int) bool {
	if p := c.units[i].Parent; p >= 0 && !kept[p] {
		return true
	}
	for _, group := range c.units[i].Needs {
		stands := false
		for _, n := range group {
			stands = stands || kept[n]
		}
		if !stands && len(group) > 0 {
			return true
		}
	}
	return false
}
