package cases

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
)

// attached is a folder of the case, and what was found in it.
type attached struct {
	Run
	path string
	err  error // why it cannot be read, or is of no use

	dir     evidence.Dir
	info    *evidence.RunInfo // of a run
	verdict evidence.RunVerdict
	rate    evidence.Rate
	marks   []string
	told    bool     // what its logs say together is beside it
	signs   []string // known bad signs that its logs failed, by their titles
	untold  error    // why what its logs say together cannot be read: it is made of them, and the run counts without
	// outdated says how today's rules judge the run, where it was judged by older ones and they
	// come to another verdict. It was right by its own, and meets no duty any more.
	outdated string
	unheld   string // why what a search came to could not be held against its runs

	isolation *isolation
	bisection *bisection
	fix       *verification
}

// isolation is what isolation.json must tell.
type isolation struct {
	Scenario      string
	Complete      bool
	Clock         evidence.Clock
	Real          *realTime `json:"real-time"`
	Before, After string
	Result        string
	Control       result.Count
}

// beside says that no run tells the stimulus from what stands without it: the scenario has no control, or none of its runs counts.
func (i *isolation) beside() string {
	switch {
	case i.Control.Runs() == 0:
		return ", with no control: whether it shows without its trigger is not told"
	case i.Control.Valid() == 0:
		return ", with no valid run of the control: whether it shows without its trigger is not told"
	default:
		return ""
	}
}

// realTime is what came of a search by another clock in real time; nil where it was not tried there.
type realTime struct{ Shows bool }

// tried says why what holds at another speed is not taken.
func (r *realTime) tried() string {
	if r == nil {
		return ": it was not tried in real time"
	}
	return ", and is not shown in real time"
}

// done reports whether it came to its end, and to a case that shows the problem in real time.
func (i *isolation) done() bool {
	return i.Complete && (!i.Clock.Scaled() || i.Real != nil && i.Real.Shows)
}

// bisection is what bisection.json must tell.
type bisection struct {
	Scenario   string // empty in one of before it was kept
	Found      bool
	Clock      evidence.Clock
	First      string
	Confidence float64
	Fixed      bool
	Real       *realTime `json:"real-time"`
}

// done reports whether it came to its end, and to versions that differ in real time.
func (b *bisection) done() bool {
	return b.Found && (!b.Clock.Scaled() || b.Real != nil && b.Real.Shows)
}

// verification is what verify.json must tell.
type verification struct {
	Scenario string
	Clock    evidence.Clock
	Ruling   string
	Reason   string
	What     string
	New, Old struct{ Dir string }
}

// check holds what both sides' runs have stored against their records. They lie beside what was made of them; where they do not,
// as in a verification that was copied alone, nothing is said of them.
func (v *verification) check(folder string) error {
	for _, side := range []string{v.Old.Dir, v.New.Dir} {
		dir, info, err := evidence.OpenDir(filepath.Join(folder, filepath.Base(side)))
		if err != nil { // what was made of them lies within each
			dir, info, err = evidence.OpenDir(filepath.Join(folder, "..", filepath.Base(side)))
		}
		if side == "" || err != nil {
			continue
		}
		if err := dir.CheckStored(info); err != nil {
			return fmt.Errorf("the run %s, which it rests on, cannot be believed: %w", dir.ID(), err)
		}
	}
	return nil
}

// attach reads every folder that the case names. One that cannot be read is kept with its
// error: it meets no duty.
func (f Folder) attach() []attached {
	var list []attached
	of := ofCase(f.Case)
	for _, r := range f.Case.Runs {
		a := attached{Run: r, path: f.Abs(r.Dir)}
		a.err = a.read()
		if a.err == nil {
			a.err = of.take(&a)
		}
		list = append(list, a)
	}
	return list
}

// scenarioOf is the scenario that everything of a case is of: the case's own, or else that of what was attached first.
type scenarioOf struct {
	id  string // empty until something names one
	who string // that named it
}

func ofCase(c Case) scenarioOf { return scenarioOf{c.ScenarioID, "the case"} }

// take says why what is attached is not of the scenario. Where nothing named one before, it does.
func (s *scenarioOf) take(a *attached) error {
	for _, is := range a.scenarios() {
		switch {
		case is.id == s.id:
		case s.id == "":
			s.id, s.who = is.id, a.Dir
		case is.id == "":
			return fmt.Errorf("%s does not say of which scenario %s is, and %s is of %s", a.Dir, is.what, s.who, s.id)
		default:
			return fmt.Errorf("%s is of the scenario %s, and %s is of %s", a.Dir, is.id, s.who, s.id)
		}
	}
	return nil
}

// named is the id of the scenario that a record is of; empty where it does not say.
type named struct{ what, id string }

// scenarios are those that the records in an attached folder are of.
func (a *attached) scenarios() (list []named) {
	if a.info != nil {
		list = append(list, named{"the run", a.info.Scenario.ID})
	}
	if a.isolation != nil {
		list = append(list, named{"the isolation", a.isolation.Scenario})
	}
	if a.bisection != nil {
		list = append(list, named{"the bisection", cmp.Or(a.bisection.Scenario, scenarioOfRuns(a.path))})
	}
	if a.fix != nil {
		list = append(list, named{"the verification", a.fix.Scenario})
	}
	return list
}

// scenarioOfRuns is the scenario that the runs of a search are of, which lie in its folder; empty where there is none.
func scenarioOfRuns(folder string) string {
	runs, _ := os.ReadDir(filepath.Join(folder, "runs")) // it need not have gone along
	for _, r := range runs {
		if _, info, err := evidence.OpenDir(filepath.Join(folder, "runs", r.Name())); err == nil {
			return info.Scenario.ID
		}
	}
	return ""
}

func (a *attached) read() error {
	found := false
	for name, into := range map[string]any{"isolation.json": &a.isolation, "bisection.json": &a.bisection, "verify.json": &a.fix} {
		switch err := evidence.ReadJSON(filepath.Join(a.path, name), into); {
		case err == nil:
			found = true
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	if a.fix != nil {
		if err := a.fix.check(a.path); err != nil {
			return err
		}
	}
	if _, err := os.Stat(filepath.Join(a.path, "run.json")); err != nil {
		if found {
			return nil
		}
		return fmt.Errorf("%s is neither a run nor an isolation: %w", a.Dir, err)
	}
	dir, info, err := evidence.OpenDir(a.path)
	if err != nil {
		return err
	}
	a.dir, a.info = dir, &info
	if err := evidence.ReadJSON(dir.File("verdict.json"), &a.verdict); err != nil {
		return fmt.Errorf("the run was broken off before it was judged (reprise judge %s): %w", a.Dir, err)
	}
	if err := evidence.ReadJSON(dir.File("rate.json"), &a.rate); err != nil {
		return err
	}
	if err := dir.CheckStored(info); err != nil {
		return fmt.Errorf("%s cannot be believed: %w (reprise judge %s says more)", a.Dir, err, a.Dir)
	}
	trials, err := dir.Trials()
	for _, t := range trials {
		if v, ok, _ := t.Verdict(); ok { // a trial without one was counted as inconclusive
			a.marks = append(a.marks, v.Marks...)
		}
	}
	slices.Sort(a.marks)
	a.marks = slices.Compact(a.marks)
	a.readLogs()
	return err
}

// readLogs takes what the run's logs say together; an older run, and one without logs, has nothing of it.
func (a *attached) readLogs() {
	var found result.LogFindings
	switch err := evidence.ReadJSON(a.dir.File(evidence.LogFindingsFile), &found); {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		a.untold = err
		return
	}
	for _, c := range found.Checks {
		if c.Status == "fail" {
			a.signs = append(a.signs, c.Title)
		}
	}
	a.told = true
}

// Attachable says what is wrong with attaching folders: one is nothing that a verb of this
// program wrote, or of another scenario than the case, or, where that names none, than what is attached before it.
func (f Folder) Attachable(dirs ...string) error {
	of := f.scenario()
	for _, dir := range dirs {
		a := attached{Run: Run{Dir: dir}, path: dir}
		if err := a.read(); err != nil {
			return err
		}
		if err := of.take(&a); err != nil {
			return err
		}
	}
	return nil
}

// scenario is what the case is of, with what is attached to it.
func (f Folder) scenario() scenarioOf {
	of := ofCase(f.Case)
	for _, r := range f.attach() {
		if of.id == "" && r.err == nil {
			_ = of.take(&r) // the first one names it
		}
	}
	return of
}

// judge has the run judged again: what it shows is what its record gives. One whose record gives something else than is
// stored, or that cannot be judged, meets no duty.
func (a *attached) judge(p Platforms) {
	if a.err != nil || a.info == nil || p.Judged == nil {
		return
	}
	again, err := p.Judged(a.path)
	if err != nil {
		a.err = fmt.Errorf("%s cannot be believed: %w (reprise judge %s says more)", a.Dir, err, a.Dir)
		return
	}
	a.verdict, a.rate = again.Run, again.Rate
	if now := again.Today; now != nil && now.Verdict != a.verdict.Verdict {
		a.outdated = fmt.Sprintf("%s was judged by rules %s as %s; by those of today (%s) it is %s: %s; run it again",
			a.Dir, a.info.JudgedBy(), a.verdict.Verdict, evidence.CurrentRules, now.Verdict, now.Reason)
	}
}

// hold has what a search came to held against its runs. One that is stored otherwise meets no duty.
func (a *attached) hold(p Platforms) {
	if a.err != nil || p.Held == nil || a.isolation == nil && a.bisection == nil && a.fix == nil {
		return
	}
	unheld, err := p.Held(a.path)
	if err != nil {
		a.err = fmt.Errorf("%s cannot be believed: %w", a.Dir, err)
	}
	a.unheld = unheld
}

// beside is what stands beside a claim that could not be held against the runs that it was made of.
func (a *attached) beside() string {
	if a.unheld == "" {
		return ""
	}
	return " (" + a.unheld + ")"
}

// shows says that the run reproduced the problem on something that counts.
func (a *attached) shows() bool {
	return a.err == nil && a.outdated == "" && a.info != nil && a.info.Variant == evidence.VariantMain && a.verdict.Verdict == evidence.Reproduced
}

// clean says that the run is a control that stayed healthy.
func (a *attached) clean() bool {
	return a.err == nil && a.outdated == "" && a.info != nil && a.info.Variant == evidence.VariantControl && a.verdict.Verdict == evidence.NotReproduced
}

// products lists the platforms, with the version where the image tells it, of a run's nodes.
func (a *attached) products() []string {
	var list []string
	for _, n := range a.info.Nodes {
		if n.Segment || n.Platform == "linux" {
			continue
		}
		p := n.Platform
		if _, version, ok := strings.Cut(n.Image, ":"); ok {
			p += " " + version
		}
		list = append(list, p)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// rateText is k of n with its interval.
func rateText(r evidence.Rate) string {
	return fmt.Sprintf("%d of %d trials (95 %% interval %.2f to %.2f)", r.Reproduced, r.Valid, r.ClopperPearson[0], r.ClopperPearson[1])
}

// answered lists the commands that a run's nodes answered whole after the symptom, by node,
// and those that were asked and have no whole answer.
func (a *attached) answered(node string) (whole, broken map[string]bool, err error) {
	whole, broken = map[string]bool{}, map[string]bool{}
	trials, err := a.dir.Trials()
	if err != nil {
		return whole, broken, err
	}
	for _, t := range trials {
		folder := t.File("states", "after", node)
		entries, err := os.ReadDir(folder)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return whole, broken, err
		}
		for _, e := range entries {
			var s evidence.State
			if err := evidence.ReadJSON(filepath.Join(folder, e.Name()), &s); err != nil {
				return whole, broken, err
			}
			command := asCompared(s.Command)
			if s.Error == "" && !s.Truncated {
				whole[command] = true // a refusal is an answer: this release does not know the command
				delete(broken, command)
			} else if !whole[command] {
				broken[command] = true
			}
		}
	}
	return whole, broken, nil
}

// asCompared is a command as it is compared: small letters, single blanks.
func asCompared(command string) string {
	return strings.ToLower(strings.Join(strings.Fields(command), " "))
}
