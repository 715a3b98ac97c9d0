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
	switch s.Cell.Verdict {
	case Pass, PassWithNote:
		return true, false, fmt.Sprintf("%s passes (%d of %d)", name, s.Cell.Passed, s.Cell.Valid)
	case Fail:
		return false, true, fmt.Sprintf("%s fails (%d of %d): %s", name, s.Cell.Passed, s.Cell.Valid, s.Cell.Reason)
	default:
		return false, false, fmt.Sprintf("%s is %s: %s", name, s.Cell.Verdict, s.Cell.Reason)
	}
}

// Settle decides whose matter the failure is: of the side that alone fails with the reference too; of
// both together where each works with it; of nobody known where both fail, where one was not tried or is
// not the same every time, or where there are not two of them.
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
	end := "so nobody knows yet whose matter it is"
	switch {
	case o.Cell.Verdict != Fail:
		end = "the cell itself is " + string(o.Cell.Verdict) + ", which is no failure that comes every time"
	case len(o.Sides) != 2 || len(failing)+len(working) != 2:
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
	o.Says = fmt.Sprintf("With %s, %s; %s.", o.Reference, said, end)
}

// Offending is the message that the cell was decided by, among its decisive frames: the last in which one
// side refuses what the other one said. Empty where no frame complains.
func (o *Opinion) Offending() (complaint Decisive, ok bool) {
	for _, d := range slices.Backward(o.Cell.Decisive) {
		if d.Complains {
			return d, true
		}
	}
	return Decisive{}, false
}
