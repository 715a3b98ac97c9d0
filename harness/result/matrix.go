package result

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// MatrixFormat is the version of matrix.json, the value of its key "reprise".
const MatrixFormat = "matrix/v1"

// CellVerdict is what one test came to for one choice of subjects. The zero value is invalid: a cell
// without an answer says why, and is never blank.
type CellVerdict string

// Verdicts of cells. The words are those of conformance reports (UNH-IOL, ISO/IEC 9646).
const (
	Pass          CellVerdict = "pass"           // every valid trial did what is expected
	PassWithNote  CellVerdict = "pass-with-note" // it passed, and something must be said beside it
	Fail          CellVerdict = "fail"           // no valid trial did
	Flaky         CellVerdict = "flaky"          // some did, some did not
	CellUnknown   CellVerdict = "inconclusive"   // the trials say nothing: the lab broke, nobody could look
	NotApplicable CellVerdict = "not-applicable" // a subject does not offer what the test is about
	NotTested     CellVerdict = "not-tested"     // it was not its turn: budget, interrupt, no image
	Blocked       CellVerdict = "blocked"        // a test that it rests on did not pass
)

// CellVerdicts are all of them, the best first.
func CellVerdicts() []CellVerdict {
	return []CellVerdict{Pass, PassWithNote, Flaky, Fail, CellUnknown, Blocked, NotApplicable, NotTested}
}

// Matrix is matrix.json: what a test suite came to over its subjects.
type Matrix struct {
	Reprise      string              `json:"reprise"`
	ID           string              `json:"id"` // of this run of the suite
	Suite        string              `json:"suite"`
	Title        string              `json:"title"`
	Digest       string              `json:"digest"` // SHA-256 over the suite's files
	Started      time.Time           `json:"started"`
	Ended        time.Time           `json:"ended,omitzero"` // zero: it was broken off
	Tool         evidence.Tool       `json:"tool"`
	Host         evidence.HostInfo   `json:"host"`
	Provider     string              `json:"provider"`
	Clock        evidence.Clock      `json:"clock,omitzero"`
	Labs         int                 `json:"labs"`
	Repeats      int                 `json:"repeats"`
	Roles        []string            `json:"roles"` // in the suite's order
	Subjects     []Subject           `json:"subjects"`
	Requirements []Requirement       `json:"requirements,omitempty"`
	Tests        []MatrixTest        `json:"tests"`
	Cells        []Cell              `json:"cells"`
	Problems     []Problem           `json:"problems,omitempty"`
	Counts       map[CellVerdict]int `json:"counts"`
	Took         time.Duration       `json:"took"`              // of this machine's time
	Stopped      string              `json:"stopped,omitempty"` // why cells were left
	// Unheld is what of its cells could not be held against what was recorded of them when it was read; never believed of a file.
	Unheld string `json:"unheld,omitempty"`
}

// Subject is one version of one platform.
type Subject struct {
	Name     string `json:"name"` // platform@version
	Platform string `json:"platform"`
	Version  string `json:"version"`
	Image    string `json:"image"`
	Digest   string `json:"digest,omitempty"` // of the packages that the image holds; empty where it is not here
}

// Requirement is a sentence of a specification that tests rest on.
type Requirement struct {
	ID       string   `json:"id"`       // rfc2328/10.5-hello-interval
	Document string   `json:"document"` // RFC 2328
	Section  string   `json:"section"`
	Level    string   `json:"level"` // MUST, SHOULD, MAY
	Text     string   `json:"text"`
	Tests    []string `json:"tests,omitempty"` // that cover it
}

// MatrixTest is one test of the suite.
type MatrixTest struct {
	ID           string   `json:"id"`
	Title        string   `json:"title"`
	Area         string   `json:"area,omitempty"` // that the problem table groups it by
	Requirements []string `json:"requirements,omitempty"`
	After        []string `json:"after,omitempty"` // tests that must pass first
}

// Cell is one test with one subject in each role.
type Cell struct {
	Test      string            `json:"test"`
	Subjects  map[string]string `json:"subjects"`          // by role
	Options   map[string]string `json:"options,omitempty"` // that the test is tried with
	Verdict   CellVerdict       `json:"verdict"`
	Reason    string            `json:"reason,omitempty"` // a sentence; empty only for a pass
	Passed    int               `json:"passed"`
	Valid     int               `json:"valid"`
	Trials    int               `json:"trials"`
	Wilson    [2]float64        `json:"wilson,omitzero"`      // 95 % interval of passing; none without valid trials
	BlockedBy string            `json:"blocked-by,omitempty"` // a test
	Deviation *Deviation        `json:"deviation,omitempty"`  // that is known of it
	Run       string            `json:"run,omitempty"`        // its run directory, below the matrix's, or below that beside it which it is from
	Scenario  string            `json:"scenario,omitempty"`   // its scenario's folder, below the matrix's
	Digest    string            `json:"digest"`               // SHA-256 over scenario and packages: the same, the same cell
	From      string            `json:"from,omitempty"`       // the matrix that it was taken over from, unchanged
	Decisive  []Decisive        `json:"decisive,omitempty"`
	Warm      bool              `json:"warm,omitempty"` // its lab was up, and every node of it was made anew
	Took      time.Duration     `json:"took,omitempty"`
}

// Decisive is a frame that a cell was decided by, or the last that went by before it.
type Decisive struct {
	Capture string `json:"capture"` // below the run directory
	Frame   int    `json:"frame"`   // number in the file, from 1
	Words   string `json:"words"`   // what it is
	// Complains says that one side refuses with it what the other one sent.
	Complains bool `json:"complains,omitempty"`
	// Seen is the frame as it was decoded, with the fields of a control message, so that a report shows it
	// where its capture is not; absent where nobody decoded it.
	Seen *evidence.Frame `json:"seen,omitempty"`
}

// Deviation is what is known of a platform's versions, with its reason.
type Deviation struct {
	ID         string      `json:"id"`
	Expect     CellVerdict `json:"expect"` // what a cell comes to because of it
	Kind       string      `json:"kind"`   // bug, unsupported, ours, specification
	Reason     string      `json:"reason"`
	Reference  string      `json:"reference,omitempty"`
	Fixed      string      `json:"fixed,omitempty"` // version that no longer has it
	Workaround string      `json:"workaround,omitempty"`
	Expires    time.Time   `json:"expires,omitzero"` // it is not believed after this day
	Says       string      `json:"says,omitempty"`   // a part of the reason of the failures that it explains; all where it is empty
}

// Problem is a line of the problem table.
type Problem struct {
	Area           string   `json:"area"`
	Kind           string   `json:"kind,omitempty"` // of a known deviation; absent: nobody has explained it
	Description    string   `json:"description"`
	Tests          []string `json:"tests,omitempty"` // ids
	Where          string   `json:"where,omitempty"` // subjects by role
	Workaround     string   `json:"workaround,omitempty"`
	Recommendation string   `json:"recommendation,omitempty"`
	Command        string   `json:"command,omitempty"` // that makes a case of the first cell; where nobody has explained it
	Cells          []string `json:"cells"`             // keys
}

// Key names a cell, alike in every run of the suite: test[role=subject,…,option=value,…].
func (c Cell) Key() string {
	var parts []string
	for _, m := range []map[string]string{c.Subjects, c.Options} {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			parts = append(parts, k+"="+m[k])
		}
	}
	return fmt.Sprintf("%s[%s]", c.Test, strings.Join(parts, ","))
}

// Explained reports whether a cell fails, and it is known that it does: its deviation expects no pass, and says of what
// the failure is, where it says that.
func (c Cell) Explained() bool {
	fails := func(v CellVerdict) bool { return v == Fail || v == Flaky }
	return c.Deviation != nil && fails(c.Verdict) && fails(c.Deviation.Expect) && strings.Contains(c.Reason, c.Deviation.Says)
}

// Known is what is known of a cell that came to what was known; nil where nothing is, or the cell came to
// something else.
func (c Cell) Known() *Deviation {
	if c.Explained() || c.Deviation != nil && c.Deviation.Expect == c.Verdict && strings.Contains(c.Reason, c.Deviation.Says) {
		return c.Deviation
	}
	return nil
}

// Keys gives the keys of the cells that have one of these verdicts.
func (m *Matrix) Keys(verdicts ...CellVerdict) (keys []string) {
	for _, c := range m.Cells {
		if slices.Contains(verdicts, c.Verdict) {
			keys = append(keys, c.Key())
		}
	}
	return keys
}

// Count gives the number of cells of each verdict.
func (m *Matrix) Count() map[CellVerdict]int {
	out := map[CellVerdict]int{}
	for _, c := range m.Cells {
		out[c.Verdict]++
	}
	return out
}
