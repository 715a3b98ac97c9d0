package evidence

import (
	"errors"
	"fmt"
	"math"
	"os"
)

// CheckVerdict holds the verdict and the rate that a run has stored against those that were made of its record again. What is
// not there says nothing.
func (d Dir) CheckVerdict(again RunVerdict, rate Rate) error {
	var stored RunVerdict
	switch err := ReadJSON(d.File("verdict.json"), &stored); {
	case errors.Is(err, os.ErrNotExist): // broken off before it was judged
	case err != nil:
		return err
	case stored.Verdict != again.Verdict || stored.Expected != again.Expected || !sameCounts(stored, again):
		return fmt.Errorf("the run is stored as %s with %d of %d, and its trials give %s with %d of %d",
			stored.Verdict, stored.Reproduced, stored.Valid(), again.Verdict, again.Reproduced, again.Valid())
	}
	var was Rate
	switch err := ReadJSON(d.File("rate.json"), &was); {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	if was.Reproduced != rate.Reproduced || was.Valid != rate.Valid || !near(was.Wilson, rate.Wilson) || !near(was.ClopperPearson, rate.ClopperPearson) {
		return fmt.Errorf("the rate is stored as %d of %d %.4f, and the trials give %d of %d %.4f",
			was.Reproduced, was.Valid, was.ClopperPearson, rate.Reproduced, rate.Valid, rate.ClopperPearson)
	}
	return nil
}

// sameCounts compares how many trials have which verdict.
func sameCounts(v, w RunVerdict) bool {
	return v.Reproduced == w.Reproduced && v.NotReproduced == w.NotReproduced && v.Inconclusive == w.Inconclusive && v.NotApplicable == w.NotApplicable
}

func near(a, b [2]float64) bool {
	return math.Abs(a[0]-b[0]) < 1e-9 && math.Abs(a[1]-b[1]) < 1e-9
}

// CheckStored holds what a run that was judged as a whole has stored against its trials, and these against the ledger
// and their records. No trial is judged again for that: who makes a claim has that done, too. A run that
// nobody has judged yet is as it should be, whatever it lacks.
func (d Dir) CheckStored(info RunInfo) error {
	var stored RunVerdict
	switch err := ReadJSON(d.File("verdict.json"), &stored); {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	if err := d.CheckLedger(); err != nil {
		if _, cut := errors.AsType[*BrokenOffError](err); !cut { // else more trials are under way than were judged, or were when it ended
			return err
		}
	}
	again, err := d.countStored(info)
	if err != nil {
		return err
	}
	if err := fits(stored, again); err != nil {
		return err
	}
	return d.checkRate(again)
}

// countStored counts the verdicts that the trials have stored, of which each that the ledger tells of has one.
func (d Dir) countStored(info RunInfo) (RunVerdict, error) {
	v := RunVerdict{Expected: info.Expected, Planned: info.Trials}
	entries, err := d.Ledger()
	if err != nil {
		return v, err
	}
	told := map[int]Verdict{}
	for _, e := range entries {
		told[e.Trial] = e.Verdict
	}
	trials, err := d.Trials()
	if err != nil {
		return v, err
	}
	for _, t := range trials {
		one, judged, err := t.Verdict()
		said, ok := told[t.Number]
		switch {
		case err != nil:
			return v, fmt.Errorf("trial %d: %w", t.Number, err)
		case !judged && ok:
			return v, fmt.Errorf("trial %d: its verdict is not there, and the ledger tells of it as %s", t.Number, said)
		}
		switch one.Verdict {
		case Reproduced:
			v.Reproduced++
		case NotReproduced:
			v.NotReproduced++
		case NotApplicable:
			v.NotApplicable++
		default:
			v.Inconclusive++
		}
		v.Failures, v.OtherFailures = AddFailures(v.Failures, v.OtherFailures, one.Failed(), one.OtherFailures)
	}
	return v, nil
}

// fits says what a run's verdict has that its trials do not give.
func fits(stored, trials RunVerdict) error {
	switch {
	case !sameCounts(stored, trials):
		return fmt.Errorf("the run is stored as %s with %d of %d, and its trials give %d of %d",
			stored.Verdict, stored.Reproduced, stored.Valid(), trials.Reproduced, trials.Valid())
	case stored.Expected != trials.Expected:
		return fmt.Errorf("the run is stored as one that shall be %s, and run.json has %s", stored.Expected, trials.Expected)
	case (stored.Verdict == Reproduced) != (trials.Reproduced > 0),
		stored.Verdict == NotReproduced && (trials.NotReproduced == 0 || len(trials.OtherFailures) > 0 || 2*trials.Valid() <= trials.Planned):
		return fmt.Errorf("the run is stored as %s, which %d of %d valid trials do not give", stored.Verdict, trials.Reproduced, trials.Valid())
	default:
		return nil
	}
}

// checkRate holds the rate that is stored against the run's trials; a run without one has none to be held against.
func (d Dir) checkRate(trials RunVerdict) error {
	var rate Rate
	switch err := ReadJSON(d.File("rate.json"), &rate); {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case rate.Reproduced != trials.Reproduced || rate.Valid != trials.Valid():
		return fmt.Errorf("the rate is stored as %d of %d, and the trials give %d of %d", rate.Reproduced, rate.Valid, trials.Reproduced, trials.Valid())
	default:
		return nil
	}
}
