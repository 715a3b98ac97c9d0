package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// Bounds of a report, in bytes of record text.
const (
	maxText    = 2 << 20 // all of it
	maxInputs  = 192 << 10
	maxDetails = 6 // trials that are shown in full
)

// Load reads a run directory. Only a folder without a readable run.json is an error:
// whatever else is missing or damaged is named in the model. What is stored of a run that was judged is held against
// its record, see [evidence.Dir.CheckStored].
func Load(path string) (*Run, error) {
	dir, info, err := evidence.OpenDir(path)
	if err != nil {
		return nil, err
	}
	cleanFields(&info)
	r := &Run{Info: info}
	if r.Info.ID == "" {
		r.Info.ID = dir.ID()
	}
	r.Verdict = whole[evidence.RunVerdict](r, dir, "verdict.json", "the run was broken off before it was judged")
	r.Rate = whole[evidence.Rate](r, dir, "rate.json", "no interval was computed")
	r.logs(dir)
	if err := r.loadTrials(dir); err != nil {
		return nil, err
	}
	if err := dir.CheckStored(info); err != nil {
		r.dispute(err)
	}
	text := &budget{maxText}
	lines, err := dir.Machines()
	if err != nil {
		r.miss("on which machines nodes were: %v", err)
	}
	for _, line := range lines {
		r.Machines = append(r.Machines, cleanField(line))
	}
	r.loadInputs(dir, text.part(maxInputs))
	chosen := r.choose()
	for i, t := range chosen {
		t.Detail = r.loadDetail(dir.Trial(t.Number), t, text.part(text.left/(len(chosen)-i)))
	}
	return r, nil
}

// dispute takes the run's verdict and its rate away, for what is stored of them does not agree with the record.
func (r *Run) dispute(err error) {
	r.Disputed = cleanField("what is stored of the run does not agree with its record, so that it counts for nothing: " + strings.ReplaceAll(err.Error(), "\n", "; "))
	marks := []string(nil)
	if r.Verdict != nil {
		marks = r.Verdict.Marks
	}
	r.Verdict = &evidence.RunVerdict{
		Reprise: evidence.Format, Verdict: evidence.Inconclusive, Reason: r.Disputed, Expected: r.Info.Expected, Planned: r.Info.Trials, Marks: marks,
	}
	r.Rate = nil
}

// whole reads a JSON file of the run; nil and a word in Missing when it is not there.
func whole[T any](r *Run, dir evidence.Dir, name, otherwise string) *T {
	v := new(T)
	err := evidence.ReadJSON(dir.File(name), v)
	switch {
	case err == nil:
		cleanFields(v)
		return v
	case errors.Is(err, os.ErrNotExist):
		r.miss("%s is missing: %s", name, otherwise)
	default:
		r.miss("%s cannot be read (%v): %s", name, err, otherwise)
	}
	return nil
}

// logs reads logs.json, whoever wrote it. Older runs, and those without logs, have none.
func (r *Run) logs(dir evidence.Dir) {
	in, err := plain.Open(dir.File(evidence.LogFindingsFile))
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	found := &result.LogFindings{}
	if err == nil {
		defer in.Close() //nolint:errcheck // read only
		err = json.NewDecoder(io.LimitReader(in, maxNotesFile)).Decode(found)
	}
	if err != nil {
		r.miss("logs.json cannot be read: %v", err)
		return
	}
	cleanFields(found)
	r.Logs = found
}

// LogSigns are the checks of logs that found something.
func (r *Run) LogSigns() (signs []result.LogCheck) {
	for _, c := range r.Logs.Checks {
		if c.Status == "fail" || c.Status == "warn" {
			signs = append(signs, c)
		}
	}
	return signs
}

// LogsWith counts the checks of logs that have a status.
func (r *Run) LogsWith(status string) (n int) {
	for _, c := range r.Logs.Checks {
		if c.Status == status {
			n++
		}
	}
	return n
}

func (r *Run) miss(format string, args ...any) {
	r.Missing = append(r.Missing, cleanField(fmt.Sprintf(format, args...)))
}

func (r *Run) loadTrials(dir evidence.Dir) error {
	folders, err := dir.Trials()
	if err != nil {
		return err
	}
	ledger, err := dir.Attempts()
	switch {
	case err != nil:
		r.miss("the ledger is not whole: %v", err)
	case len(ledger) == 0:
		r.miss("ledger.ndjson is missing: attempts, durations and digests are not known")
	}
	trials := map[int]*Trial{}
	of := func(n int) *Trial {
		if trials[n] == nil {
			trials[n] = &Trial{Number: n}
		}
		return trials[n]
	}
	for _, e := range ledger {
		cleanFields(&e)
		of(e.Trial).Attempts = append(of(e.Trial).Attempts, e)
	}
	for _, folder := range folders {
		v, ok, err := folder.Verdict()
		if err != nil {
			r.miss("trial %d: %v", folder.Number, err)
		} else if ok {
			cleanFields(&v)
			of(folder.Number).Verdict = &v
		}
		var on evidence.TrialHost
		switch err := evidence.ReadJSON(folder.File(evidence.HostFile), &on); {
		case err == nil:
			cleanFields(&on)
			of(folder.Number).Host = &on
		case !errors.Is(err, fs.ErrNotExist):
			r.miss("trial %d: what it was executed on: %v", folder.Number, err)
		}
		of(folder.Number)
	}
	for _, t := range trials {
		r.Trials = append(r.Trials, *t)
	}
	slices.SortFunc(r.Trials, func(a, b Trial) int { return a.Number - b.Number })
	for i := range r.Trials {
		r.Recorded.add(r.Trials[i].Word())
	}
	if n := r.Info.Trials - len(r.Trials); n > 0 {
		r.miss("%d of %d planned trials left no record", n, r.Info.Trials)
	}
	if r.Recorded.None > 0 {
		r.miss("%s without a verdict: broken off", Plural(r.Recorded.None, "trial"))
	}
	return nil
}

func (c *Counts) add(v evidence.Verdict) {
	switch v {
	case evidence.Reproduced:
		c.Reproduced++
	case evidence.NotReproduced:
		c.NotReproduced++
	case evidence.Inconclusive:
		c.Inconclusive++
	case evidence.NotApplicable:
		c.NotApplicable++
	default:
		c.None++
	}
}

// choose picks the trials that are shown in full: the first of each verdict, reproduced
// ones leading, then those with other failures, up to a bound.
func (r *Run) choose() []*Trial {
	var chosen []*Trial
	pick := func(t *Trial) {
		if len(chosen) < maxDetails && !slices.Contains(chosen, t) {
			chosen = append(chosen, t)
		}
	}
	for _, word := range []evidence.Verdict{evidence.Reproduced, evidence.NotReproduced, evidence.Inconclusive, evidence.NotApplicable, ""} {
		if i := slices.IndexFunc(r.Trials, func(t Trial) bool { return t.Word() == word }); i >= 0 {
			pick(&r.Trials[i])
		}
	}
	for i := range r.Trials {
		if len(r.Trials[i].Other()) > 0 {
			pick(&r.Trials[i])
		}
	}
	slices.SortFunc(chosen, func(a, b *Trial) int { return a.Number - b.Number })
	return chosen
}

func (r *Run) loadInputs(dir evidence.Dir, text *budget) {
	for i, info := range r.Info.Inputs {
		in := Input{InputInfo: info}
		name := filepath.Join("input", filepath.FromSlash(info.Path))
		if !filepath.IsLocal(name) {
			in.State = "its path leads out of the run directory"
			r.Inputs = append(r.Inputs, in)
			continue
		}
		digest, err := plain.SHA256(dir.File(name))
		switch {
		case err != nil:
			in.State = "missing"
		case digest != info.SHA256:
			in.State = "altered since the run: its digest is " + digest
		default:
			in.State, in.OK = "as recorded", true
		}
		if !in.OK {
			r.miss("input/%s is %s", info.Path, in.State)
		}
		if err == nil {
			share := max(256, text.left/(len(r.Info.Inputs)-i))
			in.Text, err = text.file(dir.File(name), filepath.ToSlash(name), share*3/4, share/4)
		}
		if err != nil && in.OK {
			r.miss("input/%s: %v", info.Path, err)
		}
		r.Inputs = append(r.Inputs, in)
	}
}
