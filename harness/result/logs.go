package result

import (
	"time"
)

// LogFile is what a log holds.
type LogFile struct {
	File     string         `json:"file"`
	Lines    int            `json:"lines"`
	Formats  map[string]int `json:"formats"`  // lines by format
	Unparsed int            `json:"unparsed"` // lines with a text that no format fits
	Empty    int            `json:"empty,omitempty"`
	Examples []LogPlace     `json:"examples,omitempty"` // of unparsed lines, the first few
	Cut      int            `json:"cut,omitempty"`      // lines beyond the bound of a line
	// First and Last are the earliest and the latest of the device's own times.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	Local bool      `json:"local,omitempty"` // lines name no zone that is known: their times are as written
	// NewestFirst says that the times mostly fall, as switches show their logs.
	NewestFirst bool     `json:"newest-first,omitempty"`
	Gaps        []LogGap `json:"gaps,omitempty"`       // the longest, between one line and the next in time
	StepsBack   []LogGap `json:"steps-back,omitempty"` // of the clock, against the direction of the file
	Templates   int      `json:"templates"`
	Error       string   `json:"error,omitempty"` // the file could not be read further than what is counted here
}

// LogPlace is a line in a file.
type LogPlace struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Offset int64  `json:"offset"`
	Text   string `json:"text,omitempty"` // bounded
}

// LogGap is what the time did from one line to the next.
type LogGap struct {
	Line int           `json:"line"` // the later in the file
	From time.Time     `json:"from"`
	To   time.Time     `json:"to"`
	Took time.Duration `json:"took"`
}

// LogClock is how the times of a node's log stand to those of the trial.
type LogClock struct {
	Node string `json:"node"`
	// Basis is mark: our own line in the log, lab: the lab's clocks, host: the clock of the host, which the
	// node shares; own: of a file alone, as it was written; none: it is not known, and the times are not compared.
	Basis  string        `json:"basis"`
	Offset time.Duration `json:"offset,omitempty"` // of the device's clock before the one compared with, of a mark
	Why    string        `json:"why"`
}

// Aligned reports whether times of the node can be put beside those of the trial.
func (c LogClock) Aligned() bool { return c.Basis != "none" }

// LogMatch is a line that was searched for.
type LogMatch struct {
	LogPlace
	Run      string        `json:"run,omitempty"`
	Trial    int           `json:"trial,omitempty"`
	Verdict  string        `json:"verdict,omitempty"`
	Node     string        `json:"node,omitempty"`
	Time     time.Time     `json:"time,omitzero"`      // the device's own
	SinceT0  time.Duration `json:"since-t0,omitempty"` // where Aligned
	Aligned  bool          `json:"aligned,omitempty"`  // the device's clock is known, and the stimulus began
	Severity string        `json:"severity,omitempty"`
	Format   string        `json:"format,omitempty"`
	Template string        `json:"template"`
}

// LogFound is what a search came to.
type LogFound struct {
	Matches []LogMatch `json:"matches"`
	Total   int        `json:"total"` // also those beyond the limit
	Lines   int        `json:"lines"` // that were looked at
}

// LogTimeline is the lines of several devices in one order of time.
type LogTimeline struct {
	Lines   []LogMatch `json:"lines"`
	Total   int        `json:"total"`   // with a time, also those beyond the limit
	Untimed int        `json:"untimed"` // lines without a time, or of a clock that is not known
	Clocks  []LogClock `json:"clocks"`
}

// LogDiff is what separates the logs of failing trials from those of clean ones.
type LogDiff struct {
	Failing     int             `json:"failing"`
	Clean       int             `json:"clean"`
	Control     int             `json:"control"`        // clean trials of the negative control; they are in Clean where CleanFrom says so
	CleanFrom   string          `json:"clean-from"`     // what the clean trials are: run, control, both, logs
	Left        []string        `json:"left,omitempty"` // trials that are not used, and why
	Lines       int             `json:"lines"`
	Unparsed    int             `json:"unparsed"`
	Templates   int             `json:"templates"`         // of a node each
	Tests       int             `json:"tests"`             // different vectors of runs: what is asked of the trials
	Dropped     int             `json:"dropped,omitempty"` // templates that were met when there was no room for more
	Supports    float64         `json:"supports"`          // how many tests that many trials support at 5 %
	Enough      bool            `json:"enough"`
	Why         string          `json:"why"`
	Clocks      []LogClock      `json:"clocks"`
	Ranked      []LogRank       `json:"ranked"`
	More        int             `json:"more"` // ranked, and not listed
	Divergences []LogDivergence `json:"divergences"`
	Unaligned   int             `json:"unaligned,omitempty"` // lines left out of the window, since their clock is not known
}

// LogRank is one template, or several that came in the same trials.
type LogRank struct {
	Rank     int        `json:"rank"`
	Kind     string     `json:"kind"`    // more: in failing trials; missing: in clean ones; count: in all, but not as often
	Score    float64    `json:"score"`   // Ochiai
	P        float64    `json:"p"`       // Fisher's exact test, two-sided
	Q        float64    `json:"q"`       // after Benjamini and Hochberg
	Failing  int        `json:"failing"` // trials that have it; of count: more often than the median
	Clean    int        `json:"clean"`
	Control  int        `json:"control"`           // trials of the negative control that have it
	Demoted  bool       `json:"demoted,omitempty"` // because the control has what failing trials have
	Counts   [2]float64 `json:"counts"`            // the median of the lines of a trial, failing and clean
	Node     string     `json:"node"`
	ID       string     `json:"id"`
	Template string     `json:"template"`
	Severity string     `json:"severity,omitempty"` // the worst met
	// SinceT0 is the median of its first line in the trials that speak for it, where AtT0.
	SinceT0  time.Duration `json:"since-t0,omitempty"`
	AtT0     bool          `json:"at-t0,omitempty"`
	Example  LogPlace      `json:"example"`
	Together []LogTogether `json:"together,omitempty"` // others that came in the same trials
}

// LogTogether is a template that came in the same trials as another.
type LogTogether struct {
	Node     string `json:"node"`
	ID       string `json:"id"`
	Template string `json:"template"`
}

// LogDivergence is where a node's log of a failing trial leaves those of clean ones, after the stimulus
// began.
type LogDivergence struct {
	Node    string        `json:"node"`
	Common  int           `json:"common"`             // lines before it that a clean trial has too, in the same order
	Failing string        `json:"failing-template"`   // empty: nothing more
	Clean   string        `json:"clean-template"`     // empty: nothing more
	Trials  int           `json:"trials"`             // failing ones that leave so
	SinceT0 time.Duration `json:"since-t0,omitempty"` // the median of these
	Example LogPlace      `json:"example,omitzero"`
}

// LogCheck is what a rule found.
type LogCheck struct {
	Rule      string   `json:"rule"`
	Status    string   `json:"status"` // fail, warn, pass, unknown
	Title     string   `json:"title"`
	Why       string   `json:"why"`
	Count     int      `json:"count"`
	Means     string   `json:"means"`
	Reference string   `json:"reference"`
	Example   LogPlace `json:"example,omitzero"`
	// Hosts are what it says of each, the worst first, where the lines are of more than one, as those that a server of
	// syslog kept; the status is the worst of theirs.
	Hosts []LogHostCheck `json:"hosts,omitempty"`
}

// LogHostCheck is what a rule found in the lines of one host.
type LogHostCheck struct {
	Host    string   `json:"host"` // empty: of lines that name none
	Status  string   `json:"status"`
	Why     string   `json:"why"`
	Count   int      `json:"count"`
	Example LogPlace `json:"example,omitzero"`
}

// LogNotesFormat is the version of logs.json.
const LogNotesFormat = "lognotes/v1"

// LogFindingsFormat is the version of a run's logs.json.
const LogFindingsFormat = "logfindings/v1"

// LogFindings is logs.json of a run: what the logs of all its trials say together. It is made of the logs and of the
// verdicts alone, and can be made again. Files are within the run's folder.
type LogFindings struct {
	Reprise string     `json:"reprise"`
	Checks  []LogCheck `json:"checks"`
	// Diff is what separates the failing trials from the clean ones; nil where the run has not both.
	Diff *LogDiff `json:"diff,omitempty"`
}

// LogNoteKind says why a line stands beside a trial's events. The zero value is invalid.
type LogNoteKind string

// Kinds of notes, the most telling first.
const (
	LogSign    LogNoteKind = "sign"    // a known bad sign
	LogChange  LogNoteKind = "change"  // something became another thing: a session, a port, a role
	LogTrouble LogNoteKind = "trouble" // the device calls it a warning, an error or worse
)

// LogNotes is trials/NNNN/logs.json: the lines of a trial's logs that belong beside its events. It is made of
// the logs alone, and can be made again.
type LogNotes struct {
	Reprise  string     `json:"reprise"`
	Clocks   []LogClock `json:"clocks"` // of the nodes
	Lines    int        `json:"lines"`  // that were read
	Unparsed int        `json:"unparsed,omitempty"`
	Notes    []LogNote  `json:"notes"`            // in the order of time; those without one behind
	Beyond   int        `json:"beyond,omitempty"` // notes that are left out, the least telling
}

// LogNote is a line of a log beside a trial's events.
type LogNote struct {
	// At is since the trial began, where Timed: the line has a time, and the device's clock is known.
	At       time.Duration `json:"at"`
	Timed    bool          `json:"timed"`
	Node     string        `json:"node"`
	Kind     LogNoteKind   `json:"kind"`
	Severity string        `json:"severity,omitempty"`
	Rule     string        `json:"rule,omitempty"`
	Title    string        `json:"title,omitempty"` // of the rule
	LogPlace               // the file is within the trial's folder
}
