package result

import (
	"fmt"
	"slices"
	"strings"
)

// Opinion is opinion.json: what a failing cell comes to when each of its sides is tried against a
// reference speaker in the other's place.
type Opinion struct {
	Reprise   string        `json:"reprise"`
	Matrix    string        `json:"matrix"` // id of the matrix that the cell is of
	Cell      Cell          `json:"cell"`
	Reference string        `json:"reference"` // subject
	Sides     []OpinionSide `json:"sides"`     // in the order of the roles
	// Again is what the cell itself came to when it was tried again beside the sides; absent where it was not.
	Again *Cell `json:"again,omitempty"`
	// Changed names what is not as it was when the matrix was run: "the suite", "the image of frr@10.3".
	Changed []string `json:"changed,omitempty"`
	// Judgement is whose matter the failure is, as far as this tells: product, interoperability or
	// undetermined, the words of a case's judgement. Of is the subject that it is, empty where it is none's alone.
	Judgement string `json:"judgement"`
	Of        string `json:"of,omitempty"`
	Says      string `json:"says"` // that in sentences
	// Requirements are those that the cell's test rests on.
	Requirements []Requirement `json:"requirements,omitempty"`
}

// Judgements of an opinion.
const (
	OfProduct    = "product"
	OfInterop    = "interoperability"
	Undetermined = "undetermined"
)

// LeastOpinion are the valid trials without which a cell says neither that something works nor that it fails: so many
// that all come out alike tell what always fails from what sometimes does.
const LeastOpinion = 3

// OpinionSide is one side of a cell with the reference speaker.
type OpinionSide struct {
	Role    string `json:"role"`
	Subject string `json:"subject"`
	Cell    *Cell  `json:"cell,omitempty"` // what came of it
	Why     string `json:"why,omitempty"`  // it was not tried
}

// outcome is what a side says: it works with the reference, it fails, or neither is known.
func (s OpinionSide) outcome() (works, fails bool, words string) {
	name := fmt.Sprintf("%s as %s", s.Subject, s.Role)
	if s.Cell == nil {
		return false, false, fmt.Sprintf("%s was not tried: %s", name, s.Why)
	}
	works, fails, words = s.Cell.opinion()
	return works, fails, name + " " + words
}

// opinion is what a cell says: the test works, it fails, or neither is known, as of too few trials, or where a
// deviation says that it tells nothing of a product.
func (c *Cell) opinion() (works, fails bool, words string) {
	passes := c.Verdict == Pass || c.Verdict == PassWithNote
	switch {
	case passes:
		words = fmt.Sprintf("passes (%d of %d)", c.Passed, c.Valid)
	case c.Verdict == Fail:
		words = fmt.Sprintf("fails (%d of %d): %s", c.Passed, c.Valid, c.Reason)
	default:
		return false, false, fmt.Sprintf("is %s: %s", c.Verdict, c.Reason)
	}
	words = strings.TrimSuffix(words, ".")
	if c.Valid < LeastOpinion {
		return false, false, fmt.Sprintf("%s, which are too few trials: %d are the least", words, LeastOpinion)
	}
	if d := c.Deviation; d != nil && strings.Contains(c.Reason, d.Says) && slices.Contains([]string{"ours", "unsupported", "specification"}, d.Kind) {
		expected := passes && (d.Expect == Pass || d.Expect == PassWithNote)
		if !expected {
			return false, false, fmt.Sprintf("%s, of which the deviation %s (%s) is known: %s", words, d.ID, d.Kind, strings.TrimSuffix(d.Reason, "."))
		}
	}
	return passes, !passes, words
}

// Settle decides whose matter the failure is: of the side that alone fails with the reference too; of
// both together where each works with it; of nobody known where both fail, where one was not tried or is
// not the same every time, where there are not two of them, or where the cell itself does not fail again
// beside them.
func (o *Opinion) Settle() {
	o.Judgement, o.Of = Undetermined, ""
	var failing, working []OpinionSide
	var parts []string
	for _, s := range o.Sides {
		works, fails, words := s.outcome()
		parts = append(parts, words)
		if works {
			working = append(working, s)
		}
		if fails {
			failing = append(failing, s)
		}
	}
	again, failsAgain := "", false
	if o.Again != nil {
		_, failsAgain, again = o.Again.opinion()
		again = "Tried again, the cell " + again + ". "
	}
	end := "so nobody knows yet whose matter it is"
	switch {
	case o.Cell.Verdict != Fail:
		end = "the cell itself is " + string(o.Cell.Verdict) + ", which is no failure that comes every time"
	case len(o.Sides) != 2 || len(failing)+len(working) != 2 || !failsAgain:
	case len(failing) == 1:
		o.Judgement, o.Of = OfProduct, failing[0].Subject
		end = fmt.Sprintf("so look at %s first: it fails with a third speaker too, and %s does not", o.Of, working[0].Subject)
	case len(working) == 2:
		o.Judgement = OfInterop
		end = "so each works with a third speaker, and not with the other one"
	default:
		end = "so the test, the reference or both may be wrong"
	}
	said := strings.TrimSuffix(strings.Join(parts, "; "), ".")
	if o.Reference != "" && said != "" { // a suite may have none
		said = "With " + o.Reference + ", " + said
	}
	if said != "" {
		said += "; "
	}
	o.Says = again + said + end + "."
	if len(o.Changed) > 0 {
		o.Says += fmt.Sprintf(" Not as it was when the matrix was run: %s.", strings.Join(o.Changed, ", "))
	}
}
