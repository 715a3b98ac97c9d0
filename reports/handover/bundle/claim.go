package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// Claim is what a bundle says was seen. It follows from the runs' ledgers and verdicts, and
// [Verify] computes it again from them.
type Claim struct {
	Scenario string     `json:"scenario"`
	Title    string     `json:"title"`
	Runs     []RunClaim `json:"runs"`
}

// RunClaim is what one run says. Rates are told with n and their interval, or not at all.
type RunClaim struct {
	ID       string             `json:"id"`
	Scenario string             `json:"scenario"`
	Variant  evidence.Variant   `json:"variant"`
	Set      map[string]string  `json:"set,omitempty"`
	Clock    evidence.Clock     `json:"clock,omitzero"` // how time passed in the lab
	Expected evidence.Verdict   `json:"expected"`
	Run      string             `json:"run"` // digest of run.json
	Verdict  evidence.Verdict   `json:"verdict,omitempty"`
	Rate     *evidence.Rate     `json:"rate"` // null: the run was broken off before it was judged
	Planned  int                `json:"planned"`
	Trials   []TrialClaim       `json:"trials"`
	Ledger   LedgerClaim        `json:"ledger"`
	Failures []FailureSignature `json:"signatures"`
}

// TrialClaim is one trial: the last attempt at it.
type TrialClaim struct {
	Number   int              `json:"number"`
	Attempts int              `json:"attempts"`
	Verdict  evidence.Verdict `json:"verdict"`
	Record   string           `json:"record"` // digest of the record, as it is in the bundle
}

// LedgerClaim fixes a ledger: its lines, and the SHA-256 of the last one.
type LedgerClaim struct {
	Lines int    `json:"lines"`
	Head  string `json:"head"`
}

// FailureSignature is what makes two failures the same: the symptoms that were there.
type FailureSignature struct {
	ID       string   `json:"id"`       // twelve hex digits over the scenario and the symptoms
	Symptoms []string `json:"symptoms"` // reference, name and predicate
	Trials   int      `json:"trials"`   // that show it
}

// Count is the number of trials with a verdict.
func (r *RunClaim) Count(v evidence.Verdict) int {
	n := 0
	for _, t := range r.Trials {
		if t.Verdict == v {
			n++
		}
	}
	return n
}

// Valid is the number of trials that enter the rate.
func (r *RunClaim) Valid() int {
	return r.Count(evidence.Reproduced) + r.Count(evidence.NotReproduced)
}

// Main gives the run that the claim rests on: of the scenario itself, with the most valid
// trials, in real time where one is; nil without one.
func (c *Claim) Main() *RunClaim {
	var best *RunClaim
	for i := range c.Runs {
		if r := &c.Runs[i]; r.Variant == evidence.VariantMain && (best == nil || r.outweighs(best)) {
			best = r
		}
	}
	return best
}

func (r *RunClaim) outweighs(other *RunClaim) bool {
	if mine, its := r.inRealTime(), other.inRealTime(); mine != its {
		return mine
	}
	return r.Valid() > other.Valid()
}

// inRealTime reports whether the run says anything of real time.
func (r *RunClaim) inRealTime() bool { return !r.Clock.Scaled() && r.Valid() > 0 }

// claimOf computes the claim of run directories.
func claimOf(dirs []string) (Claim, error) {
	var c Claim
	for _, path := range dirs {
		r, info, err := runClaim(path)
		if err != nil {
			return c, err
		}
		c.Runs = append(c.Runs, r)
		if c.Scenario == "" || info.Variant == evidence.VariantMain {
			c.Scenario, c.Title = info.Scenario.ID, info.Scenario.Title
		}
	}
	slices.SortFunc(c.Runs, func(a, b RunClaim) int { return strings.Compare(a.ID, b.ID) })
	if main := c.Main(); main != nil {
		c.Scenario = main.Scenario
	}
	return c, nil
}

// ClaimOf computes what one run directory says.
func ClaimOf(run string) (RunClaim, error) {
	r, _, err := runClaim(run)
	return r, err
}

func runClaim(path string) (RunClaim, evidence.RunInfo, error) {
	dir, info, err := evidence.OpenDir(path)
	if err != nil {
		return RunClaim{}, info, err
	}
	r := RunClaim{
		ID: dir.ID(), Scenario: info.Scenario.ID, Variant: info.Variant, Set: info.Set, Clock: info.Clock, Expected: info.Expected, Planned: info.Trials,
		Trials: []TrialClaim{}, Failures: []FailureSignature{},
	}
	text, err := os.ReadFile(dir.File("run.json"))
	if err != nil {
		return r, info, err
	}
	r.Run = evidence.SHA256(text)
	var v evidence.RunVerdict
	switch err := evidence.ReadJSON(dir.File("verdict.json"), &v); {
	case err == nil:
		r.Verdict = v.Verdict
	case !errors.Is(err, os.ErrNotExist):
		return r, info, fmt.Errorf("%s: %w", r.ID, err)
	}
	var rate evidence.Rate
	switch err := evidence.ReadJSON(dir.File("rate.json"), &rate); {
	case err == nil:
		r.Rate = &rate
	case !errors.Is(err, os.ErrNotExist):
		return r, info, fmt.Errorf("%s: %w", r.ID, err)
	}
	if r.Ledger, err = ledgerClaim(dir); err != nil {
		return r, info, err
	}
	return r, info, r.addTrials(dir, info)
}

// ledgerClaim counts the lines, those that were cut included, and digests the last.
func ledgerClaim(dir evidence.Dir) (LedgerClaim, error) {
	data, err := os.ReadFile(dir.File("ledger.ndjson"))
	if errors.Is(err, os.ErrNotExist) || err == nil && len(data) == 0 {
		return LedgerClaim{Head: evidence.SHA256(nil)}, nil
	}
	lines := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	return LedgerClaim{Lines: len(lines), Head: evidence.SHA256(lines[len(lines)-1])}, err
}

func (r *RunClaim) addTrials(dir evidence.Dir, info evidence.RunInfo) error {
	entries, err := dir.Attempts()
	if err != nil {
		return fmt.Errorf("%s: %w", r.ID, err)
	}
	attempts, last := map[int]int{}, map[int]evidence.Entry{}
	for _, e := range entries {
		if attempts[e.Trial]++; e.Uncounted == "" {
			last[e.Trial] = e
		}
	}
	folders, err := dir.Trials()
	if err != nil {
		return fmt.Errorf("%s: %w", r.ID, err)
	}
	for _, folder := range folders {
		v, judged, err := folder.Verdict()
		if err != nil {
			return fmt.Errorf("%s: trial %d: %w", r.ID, folder.Number, err)
		}
		t := TrialClaim{Number: folder.Number, Attempts: attempts[folder.Number], Verdict: evidence.Inconclusive}
		if e, ok := last[folder.Number]; ok {
			t.Verdict = e.Verdict
		}
		if t.Record, err = folder.Digest(); err != nil {
			return fmt.Errorf("%s: %w", r.ID, err)
		}
		r.Trials = append(r.Trials, t)
		if judged && v.Verdict == evidence.Reproduced {
			r.addFailure(info, v)
		}
	}
	return nil
}

// addFailure counts a trial to the signature of its failure.
func (r *RunClaim) addFailure(info evidence.RunInfo, v evidence.TrialVerdict) {
	expect := map[string]string{}
	for _, c := range info.Scenario.Conditions {
		expect[c.Ref] = c.Expect
	}
	symptoms := []string{}
	for _, c := range v.Conditions {
		if c.Shows() {
			symptoms = append(symptoms, c.Ref+" "+c.Name+": "+expect[c.Ref])
		}
	}
	slices.Sort(symptoms)
	text, _ := json.Marshal([]any{info.Scenario.ID, symptoms}) // strings always encode
	id := evidence.SHA256(text)[:12]
	for i := range r.Failures {
		if r.Failures[i].ID == id {
			r.Failures[i].Trials++
			return
		}
	}
	r.Failures = append(r.Failures, FailureSignature{ID: id, Symptoms: symptoms, Trials: 1})
}

// checkMarks refuses a run whose evidence may not leave, or is no reproduction.
func checkMarks(path string) error {
	dir, info, err := evidence.OpenDir(path)
	if err != nil {
		return err
	}
	if info.Fidelity == "simulator" {
		return refuse(dir.ID(), markSimulated)
	}
	var v evidence.RunVerdict
	if err := evidence.ReadJSON(dir.File("verdict.json"), &v); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s: %w", dir.ID(), err)
	}
	marks := v.Marks
	trials, err := dir.Trials()
	if err != nil {
		return fmt.Errorf("%s: %w", dir.ID(), err)
	}
	for _, t := range trials {
		v, _, err := t.Verdict()
		if err != nil {
			return fmt.Errorf("%s: trial %d: %w", dir.ID(), t.Number, err)
		}
		marks = append(marks, v.Marks...)
		for e, err := range evidence.ReadLines[evidence.Event](t.File("timeline.ndjson")) {
			if err != nil {
				return fmt.Errorf("%s: trial %d: %w", dir.ID(), t.Number, err)
			}
			if e.Kind == evidence.EventMark {
				marks = append(marks, e.Name)
			}
		}
	}
	for _, m := range marks {
		if m == markSimulated || m == markLicence {
			return refuse(dir.ID(), m)
		}
	}
	return nil
}
