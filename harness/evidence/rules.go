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
	// RulesV3: a look that ended outside the window shows neither that something was never so
	// nor that it did not become so, a symptom of the form never was there before the stimulus
	// where its expression was false then, a ping to an address without a link was not sent, and
	// a device's words for what is not there are an answer to who looks at them.
	RulesV3 Rules = "3"
	// RulesV4: what an answer says twice and differently is not known, whole numbers of JSON are
	// exact, what is no number (NaN) compares with nothing, and values that look alike and are of
	// different kinds are different. Nobody knows that a thing did not become so where nobody answered
	// for more than a third of the window in all (and five intervals), unless the last look tells of all
	// of it, as that of a log does; nor that a command said no which the shell could not run, unless the
	// expression names that status.
	RulesV4 Rules = "4"
	// RulesV5: a symptom that says how a value moves, or what was logged, sent or passed since a moment, was there before the
	// stimulus where it held in a window of its own then, one that compares with the look before where two looks before
	// compare so, and where nobody knows of any the verdict says so. Of a ping, an answer that came twice is one.
	RulesV5 Rules = "5"
	// RulesV6: that something expected is not there after a stimulus is no reproduction where nothing of the trial shows that it
	// ever was, and no control is there to show it. An answer of which a part failed that the command hides is none, unless the
	// condition names that status. A state that only has to show once was there before the stimulus also where it came and went
	// between looks, while the baseline held. What a shell could not read, or redirect, is no answer, unless the status is named. An outage of
	// traffic that goes on may become as long as any.
	RulesV6 Rules = "6"

	// CurrentRules judge what is recorded now.
	CurrentRules = RulesV6
)

// UnmarshalText accepts the rules that this program knows.
func (r *Rules) UnmarshalText(b []byte) error {
	if !slices.Contains(allRules(), Rules(b)) {
		return fmt.Errorf("the record was judged by rules %q, which this program does not know", b)
	}
	*r = Rules(b)
	return nil
}

func allRules() []Rules { return []Rules{RulesV1, RulesV2, RulesV3, RulesV4, RulesV5, RulesV6} }

// Since reports whether r are the rules that another name stands for, or later ones. Rules that
// do not exist are later than none.
func (r Rules) Since(other Rules) bool {
	return slices.Index(allRules(), r) >= slices.Index(allRules(), other)
}

// JudgedBy are the rules that judged the run's trials when they were recorded.
func (i RunInfo) JudgedBy() Rules {
	if i.Rules == "" {
		return RulesV1
	}
	return i.Rules
}
