package logs

import (
	"cmp"
	_ "embed" // rules
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
)

//go:embed rules/changes.yaml
var changes []byte

// Bounds of a trial's notes.
const (
	mostNotes   = 200
	mostPending = 20_000 // that are held until the most telling are chosen
)

// change is a form of lines that tell of something that became another thing.
type change struct {
	ID       string   `yaml:"id"`
	Title    string   `yaml:"title"`
	Formats  []Format `yaml:"formats"`
	Mnemonic string   `yaml:"mnemonic"`
	Text     string   `yaml:"text"`

	mnemonic, text *regexp.Regexp
}

var readChanges = sync.OnceValues(func() ([]change, error) { //nolint:gochecknoglobals // read once
	var list []change
	if err := yaml.Load(changes, &list, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("read changes.yaml: %w", err)
	}
	for i := range list {
		c := &list[i]
		if c.Mnemonic+c.Text == "" || c.ID == "" || c.Title == "" {
			return nil, fmt.Errorf("changes.yaml: %q fits every line, or has no title", c.ID)
		}
		var err error
		if c.mnemonic, err = regexp.Compile(c.Mnemonic); err != nil {
			return nil, fmt.Errorf("changes.yaml: %s: %w", c.ID, err)
		}
		if c.text, err = regexp.Compile(c.Text); err != nil {
			return nil, fmt.Errorf("changes.yaml: %s: %w", c.ID, err)
		}
	}
	return list, nil
})

// noter chooses the lines of a trial that belong beside its events.
type noter struct {
	signs   map[Format][]Rule
	changes map[Format][]change
	out     result.LogNotes
	pending []result.LogNote
}

// Annotate writes beside each trial of a run which lines of its logs belong beside its events: those of a
// known bad sign, those that tell of a change, and errors and warnings. A trial without logs has no such file. Beside the
// run it writes what all of them say together: see [Findings].
func Annotate(dir evidence.Dir) error {
	trials, _, err := Open(dir.Path)
	if err != nil {
		return err
	}
	some := false
	for i := range trials {
		notes, err := trials[i].Notes(dir.Trial(trials[i].Number).Path)
		if err != nil {
			return err
		}
		if notes.Lines == 0 {
			continue
		}
		if err := evidence.WriteJSON(dir.Trial(trials[i].Number).File(evidence.LogNotesFile), notes); err != nil {
			return err
		}
		some = true
	}
	if !some {
		return nil
	}
	found, err := Findings(trials, dir.Path)
	if err != nil {
		return err
	}
	return evidence.WriteJSON(dir.File(evidence.LogFindingsFile), found)
}

// listed bounds what is kept of what separates trials.
const listed = 20

// Findings are what the logs of a run's trials say together: what the rules that come with the program find, and what
// separates the failing trials from the clean ones, where there are both. Files are within root.
func Findings(trials []Trial, root string) (result.LogFindings, error) {
	out := result.LogFindings{Reprise: result.LogFindingsFormat}
	rules, err := Rules()
	if err != nil {
		return out, err
	}
	if out.Checks, err = Check(trials, rules); err != nil {
		return out, err
	}
	for i := range out.Checks {
		within(&out.Checks[i].Example, root)
		for j := range out.Checks[i].Hosts {
			within(&out.Checks[i].Hosts[j].Example, root)
		}
	}
	is := func(v evidence.Verdict) bool {
		return slices.ContainsFunc(trials, func(t Trial) bool { return t.Verdict == v })
	}
	if !is(evidence.Reproduced) || !is(evidence.NotReproduced) {
		return out, nil
	}
	d, err := Diff(trials, DiffOptions{Limit: listed})
	if err != nil {
		return out, err
	}
	for i := range d.Ranked {
		within(&d.Ranked[i].Example, root)
	}
	for i := range d.Divergences {
		within(&d.Divergences[i].Example, root)
	}
	out.Diff = &d
	return out, nil
}

// within names the file of a place within a folder.
func within(p *result.LogPlace, root string) {
	if rel, err := filepath.Rel(root, p.File); err == nil && p.File != "" {
		p.File = filepath.ToSlash(rel)
	}
}

// Notes chooses the telling lines of a trial, at most 200, in the order of time; places are within
// root. A device whose clock is not known has its lines behind the others, without a time.
func (t *Trial) Notes(root string) (result.LogNotes, error) {
	n := &noter{signs: map[Format][]Rule{}, changes: map[Format][]change{}}
	n.out.Reprise = result.LogNotesFormat
	rules, err := Rules()
	if err != nil {
		return n.out, err
	}
	for _, r := range rules {
		if r.Threshold > 1 {
			continue // one line of it says nothing
		}
		for _, f := range r.Formats {
			n.signs[f] = append(n.signs[f], r)
		}
	}
	list, err := readChanges()
	if err != nil {
		return n.out, err
	}
	for _, c := range list {
		for _, f := range c.Formats {
			n.changes[f] = append(n.changes[f], c)
		}
	}
	for _, node := range t.Nodes {
		n.out.Clocks = append(n.out.Clocks, node.Clock)
	}
	for e, err := range t.Lines() {
		if err != nil {
			return n.out, err
		}
		n.take(e, root)
	}
	return n.chosen(), nil
}

// take considers a line.
func (n *noter) take(e Entry, root string) {
	n.out.Lines++
	if !e.Parsed() {
		n.out.Unparsed++
		return
	}
	note := result.LogNote{Node: e.Node, At: e.At, Timed: e.Timed, Severity: e.Severity.String(), LogPlace: placeOf(e.Line)}
	within(&note.LogPlace, root)
	for _, r := range n.signs[e.Format] {
		if r.fits(e.Line) {
			note.Kind, note.Rule, note.Title = result.LogSign, r.ID, r.Title
			break
		}
	}
	if note.Kind == "" {
		for _, c := range n.changes[e.Format] {
			if c.mnemonic.MatchString(e.Mnemonic) && c.text.MatchString(e.Text) {
				note.Kind, note.Rule, note.Title = result.LogChange, c.ID, c.Title
				break
			}
		}
	}
	switch {
	case note.Kind != "":
	case e.Severity >= Emergency && e.Severity <= Warning:
		note.Kind = result.LogTrouble
	default:
		return
	}
	note.Text = evidence.Bounded(cmp.Or(e.Text, e.Raw), 200)
	if len(n.pending) >= mostPending {
		n.thin()
	}
	n.pending = append(n.pending, note)
}

// thin leaves the most telling half of what is held, of which the earliest: what comes later may tell more.
func (n *noter) thin() {
	slices.SortStableFunc(n.pending, byTelling)
	n.out.Beyond += len(n.pending) - mostPending/2
	clear(n.pending[mostPending/2:])
	n.pending = n.pending[:mostPending/2]
}

// byTelling puts what tells more before what tells less, and then goes by time.
func byTelling(a, b result.LogNote) int {
	rank := map[result.LogNoteKind]int{result.LogSign: 0, result.LogChange: 1, result.LogTrouble: 2}
	return cmp.Or(cmp.Compare(rank[a.Kind], rank[b.Kind]), byTime(a, b))
}

// byTime puts those with a time first, in its order.
func byTime(a, b result.LogNote) int {
	switch {
	case a.Timed != b.Timed && a.Timed:
		return -1
	case a.Timed != b.Timed:
		return 1
	default:
		return cmp.Compare(a.At, b.At)
	}
}

// chosen leaves one of the lines that a device wrote into several logs, and of too many the most telling.
func (n *noter) chosen() result.LogNotes {
	slices.SortStableFunc(n.pending, byTime)
	type line struct{ node, text string }
	last := map[line]result.LogNote{}
	var kept []result.LogNote
	for _, note := range n.pending {
		key := line{note.Node, note.Text}
		if before, again := last[key]; again && before.File != note.File && note.At-before.At <= time.Second {
			continue // it is the same line in another log
		}
		last[key] = note
		kept = append(kept, note)
	}
	if len(kept) > mostNotes {
		n.out.Beyond += len(kept) - mostNotes
		slices.SortStableFunc(kept, byTelling)
		kept = kept[:mostNotes]
		slices.SortStableFunc(kept, byTime)
	}
	n.out.Notes = kept
	return n.out
}
