package evidence

import (
	"fmt"
	"slices"
)

// Rules name the rules by which a record is judged. A record keeps the name of those that
// judged it first, so that a later program can tell a verdict that its own rules would not
// give from one that was altered. The zero value is invalid; a record without a name was made
// before rules had one, and [RunInfo.JudgedBy] gives RulesV1 for it.
type Rules string

// Rules, oldest first.
const (
	// RulesV1: a command's status decides nothing by itself, a value that is not there is nil,
	// a look counts for the moment it began, and a symptom that was there before the stimulus
	// is a reproduction with a note.
	RulesV1 Rules = "1"
	// RulesV2: what is absent decides nothing. A command that fails has no answer unless the
	// condition says which statuses are answers, expressions are three-valued, a look counts
	// for the time between its beginning and its end, and symptoms that all held before the
	// stimulus are no reproduction.
	RulesV2 Rules = "2"

	// CurrentRules judge what is recorded now.
	CurrentRules = RulesV2
)

// UnmarshalText accepts the rules that this program knows.
func (r *Rules) UnmarshalText(b []byte) error {
	if !slices.Contains([]Rules{RulesV1, RulesV2}, Rules(b)) {
		return fmt.Errorf("the record was judged by rules %q, which this program does not know", b)
	}
	*r = Rules(b)
	return nil
}

// JudgedBy are the rules that judged the run's trials when they were recorded.
func (i RunInfo) JudgedBy() Rules {
	if i.Rules == "" {
		return RulesV1
	}
	return i.Rules
}
