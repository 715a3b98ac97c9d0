package bundle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// runCheck checks one run directory against what is said of it.
type runCheck struct {
	dir     evidence.Dir
	info    evidence.RunInfo
	said    RunClaim
	red     *Redaction
	entries []evidence.Entry
	last    map[int]evidence.Entry // of each trial, the last attempt
	cut     map[string]bool        // files that redaction changed
	checks  []Check
}

// checkRunContent gives a line for each check of a run below the folder runs. The error is
// that of a context that ended.
func checkRunContent(ctx context.Context, runs string, said RunClaim, red *Redaction, rejudge Rejudge) ([]Check, error) {
	c := &runCheck{said: said, red: red, last: map[int]evidence.Entry{}, cut: map[string]bool{}}
	if red != nil {
		for _, name := range red.Changed {
			c.cut[name] = true
		}
	}
	if !c.open(runs) {
		return c.checks, nil
	}
	c.add("marks", checkMarks(c.dir.Path), "none that forbids handing it on")
	c.add("inputs", c.inputs(), "%d files, as the run read them", len(c.info.Inputs))
	chain, ok := c.ledger()
	c.add("ledger", chain, "%d lines, each chained to the one before, one at least for each trial", len(c.entries))
	if !ok {
		return c.checks, nil
	}
	c.gaps()
	c.records()
	c.add("claim", c.claim(), "%d of %d valid trials, as the ledger and the verdicts say", c.said.Count(evidence.Reproduced), c.said.Valid())
	return c.checks, c.rejudge(ctx, rejudge)
}

// open finds the run; false when there is nothing to check.
func (c *runCheck) open(runs string) bool {
	err := checkName(c.said.ID)
	if err == nil && strings.Contains(c.said.ID, "/") {
		err = fmt.Errorf("%q is no name of a run", c.said.ID)
	}
	if err == nil {
		c.dir, c.info, err = evidence.OpenDir(filepath.Join(runs, c.said.ID))
	}
	if err == nil && c.info.ID != c.said.ID {
		err = fmt.Errorf("the run calls itself %q", c.info.ID)
	}
	if err != nil {
		c.put("run", Failed, "%v", err)
	}
	return err == nil
}

func (c *runCheck) add(name string, err error, ok string, args ...any) {
	c.checks = append(c.checks, check(c.said.ID+": "+name, err, ok, args...))
}

func (c *runCheck) put(name string, s State, format string, args ...any) {
	c.checks = append(c.checks, Check{c.said.ID + ": " + name, s, fmt.Sprintf(format, args...)})
}

// changed reports whether redaction changed a file of the run.
func (c *runCheck) changed(elem ...string) bool {
	return c.cut[path.Join(append([]string{runsFolder, c.said.ID}, elem...)...)]
}

// inputs compares the files that the run read with their digests in run.json.
func (c *runCheck) inputs() error {
	var errs []error
	for _, in := range c.info.Inputs {
		local := filepath.FromSlash(in.Path)
		if !filepath.IsLocal(local) {
			errs = append(errs, fmt.Errorf("%q leads out of the run", in.Path))
			continue
		}
		data, err := os.ReadFile(c.dir.File("input", local))
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s is not there", in.Path))
		case evidence.SHA256(data) != in.SHA256 && !c.changed("input", in.Path):
			errs = append(errs, fmt.Errorf("%s is not the file that the run read", in.Path))
		}
	}
	if !filepath.IsLocal(filepath.FromSlash(c.info.Scenario.File)) {
		errs = append(errs, fmt.Errorf("its scenario %q leads out of the run", c.info.Scenario.File))
	}
	return first(errs)
}

// ledger checks the chain, and that trials and lines belong together. False means that the
// other checks have nothing to stand on.
func (c *runCheck) ledger() (error, bool) { //nolint:revive // the error is a finding, and the flag says whether to go on
	all, err := c.dir.Attempts()
	if err != nil {
		return err, false
	}
	trials, err := c.dir.Trials()
	if err != nil {
		return err, false
	}
	folders := map[int]bool{}
	for _, t := range trials {
		folders[t.Number] = true
	}
	var errs []error
	attempts := map[int]int{}
	for _, e := range all {
		if attempts[e.Trial]++; e.Attempt != attempts[e.Trial] {
			errs = append(errs, fmt.Errorf("trial %d: attempt %d follows attempt %d", e.Trial, e.Attempt, attempts[e.Trial]-1))
		}
		if e.Uncounted == "" {
			c.last[e.Trial] = e
			c.entries = append(c.entries, e)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(c.last)) {
		if !folders[n] {
			errs = append(errs, fmt.Errorf("trial %d has a line and no record", n))
		}
	}
	for _, t := range trials {
		if _, ok := c.last[t.Number]; ok {
			continue
		}
		if _, judged, _ := t.Verdict(); judged {
			errs = append(errs, fmt.Errorf("trial %d has a verdict and no line", t.Number))
		}
	}
	return first(errs), true
}

// first names a bounded number of findings.
func first(errs []error) error {
	if n := len(errs); n > maxNamed {
		errs = append(errs[:maxNamed:maxNamed], fmt.Errorf("and %d more", n-maxNamed))
	}
	return errors.Join(errs...)
}

// gaps tells of trials that were begun before others and left nothing.
func (c *runCheck) gaps() {
	highest := 0
	have := map[int]bool{}
	for _, t := range c.said.Trials {
		have[t.Number] = true
		highest = max(highest, t.Number)
	}
	var missing []int
	for n := 1; n < highest && len(missing) < 10; n++ {
		if !have[n] {
			missing = append(missing, n)
		}
	}
	switch {
	case len(missing) > 0:
		c.put("trials", Unknown, "trial %v left no record though later ones did: it was broken off at once, or taken out", missing)
	case highest > c.info.Trials:
		c.put("trials", Failed, "there is a trial %d of %d planned", highest, c.info.Trials)
	default:
		c.put("trials", OK, "%d of %d planned, none left out between them", highest, c.info.Trials)
	}
}

// records compares the digests that the ledger was written with to the trials' records.
func (c *runCheck) records() {
	var errs []error
	whole, cut := 0, 0
	for _, t := range c.said.Trials {
		e, ok := c.last[t.Number]
		if !ok {
			continue
		}
		digest, err := c.dir.Trial(t.Number).Digest()
		folder := fmt.Sprintf("%04d", t.Number)
		switch {
		case err != nil:
			errs = append(errs, err)
		case digest == e.Digest:
			whole++
		case c.changed("trials", folder, "timeline.ndjson") || c.changed("trials", folder, "observations.ndjson"):
			cut++
		default:
			errs = append(errs, fmt.Errorf("trial %d: its record is not the one that the ledger was written for", t.Number))
		}
	}
	if len(errs) == 0 && cut > 0 {
		c.put("records", Unchecked, "%d trials as the ledger was written for them; %d were redacted since: they are the ones that the manifest names, and whoever signed it vouches for them", whole, cut)
		return
	}
	c.add("records", first(errs), "%d trials, each as the ledger was written for it", whole)
}

// claim computes what the manifest says of the run again.
func (c *runCheck) claim() error {
	again, _, err := runClaim(c.dir.Path)
	if err != nil {
		return err
	}
	want, err := json.Marshal(again)
	if err != nil {
		return err
	}
	got, err := json.Marshal(c.said)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("it is not what follows from the run: %d of %d reproduced are told, and %d of %d are there",
			c.said.Count(evidence.Reproduced), c.said.Valid(), again.Count(evidence.Reproduced), again.Valid())
	}
	return nil
}
