package logs

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
)

// Trial is the logs of one trial.
type Trial struct {
	Run     string // the run's ID; empty for files alone
	Number  int
	Control bool // of a control
	Verdict evidence.Verdict
	Nodes   []Node
	// T0 is when the stimulus began, since the trial did; Began says whether it did.
	T0    time.Duration
	Began bool

	added map[string]time.Duration // of files in time: what is added to the times of a node
}

// Node is what one node of a trial wrote down.
type Node struct {
	Name  string
	Files []string
	Clock result.LogClock
	since func(time.Time) time.Duration // from the device's time to that since the trial began
	year  int
}

// Entry is a line of a trial.
type Entry struct {
	*Line
	Node string
	// At is since the trial began, where Timed: the line has a time, and the device's clock is known.
	At    time.Duration
	Timed bool
}

// Open reads which logs a run has, and how their clocks stand; the logs themselves are read by
// [Trial.Lines].
func Open(path string) ([]Trial, evidence.RunInfo, error) {
	dir, info, err := evidence.OpenDir(path)
	if err != nil {
		return nil, info, err
	}
	dirs, err := dir.Trials()
	if err != nil {
		return nil, info, err
	}
	var trials []Trial
	for _, d := range dirs {
		t := Trial{Run: info.ID, Number: d.Number, Control: info.Variant == evidence.VariantControl}
		v, judged, err := d.Verdict()
		if err != nil {
			return nil, info, fmt.Errorf("trial %d: %w", d.Number, err)
		}
		if judged {
			t.Verdict = v.Verdict
		}
		if err := t.open(d, info); err != nil {
			return nil, info, fmt.Errorf("trial %d: %w", d.Number, err)
		}
		trials = append(trials, t)
	}
	return trials, info, nil
}

// open finds the logs of a trial's nodes, and what its record says of their clocks.
func (t *Trial) open(d evidence.TrialDir, info evidence.RunInfo) error {
	rec, err := d.Read()
	if err != nil {
		return err
	}
	for _, e := range rec.Events {
		if e.Kind == evidence.EventPhase && e.Phase == evidence.PhaseStimulus {
			t.T0, t.Began = e.At, true
		}
	}
	entries, err := os.ReadDir(d.File("logs"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		n := Node{Name: e.Name(), year: info.Started.Year()}
		files, err := os.ReadDir(d.File("logs", e.Name()))
		if err != nil {
			return err
		}
		for _, f := range files {
			if f.Type().IsRegular() && !slices.ContainsFunc(files, func(o os.DirEntry) bool { return copyOf(f.Name(), o.Name()) }) {
				n.Files = append(n.Files, d.File("logs", e.Name(), f.Name()))
			}
		}
		if err := n.align(rec.Events, info); err != nil {
			return err
		}
		t.Nodes = append(t.Nodes, n)
	}
	return nil
}

// copyOf reports whether all that a log of a trial holds is in another of the same node: the harness keeps
// what came to syslog whole, and what of that is in no other log beside it.
func copyOf(name, other string) bool {
	return name == "syslog.log" && other == "syslog-alone.log"
}

// align finds how the node's clock stands to the trial's time: by our own line in its log, by the lab's
// clocks, or, of a node that runs on the host's kernel, by the host's.
func (n *Node) align(events []evidence.Event, info evidence.RunInfo) error {
	n.Clock = result.LogClock{Node: n.Name, Basis: "none", Why: "the record does not tell how its clock stands"}
	if len(events) == 0 {
		return nil
	}
	first, last := events[0], events[len(events)-1]
	var lab *evidence.Event
	for i, e := range events {
		switch {
		case e.Kind == evidence.EventCollect && e.Name == "clock mark" && e.Lane == n.Name:
			return n.byMark(e, info)
		case e.Kind == evidence.EventClock && e.Lane == "":
			lab = &events[i]
		}
	}
	switch {
	case lab != nil:
		_, said, _ := strings.Cut(lab.Detail, "show ")
		n.byLab(lab.At, said)
	case info.Provider == "containers" || info.Provider == "namespaces":
		n.Clock.Basis, n.Clock.Why = "host", "it has the clock of the host"
		began := first.Time.Add(-first.At)
		n.since = func(t time.Time) time.Duration { return t.Sub(began) }
	}
	if n.since == nil {
		return nil
	}
	return n.plausible(last.At)
}

// byLab goes by the lab's clocks, and what they showed at a moment of the trial.
func (n *Node) byLab(at time.Duration, said string) {
	shown, err := time.Parse(time.RFC3339Nano, said)
	if err != nil {
		n.Clock.Why = "what the lab's clocks showed cannot be read"
		return
	}
	n.Clock.Basis, n.Clock.Why = "lab", "it has the clock of the lab"
	n.since = func(t time.Time) time.Duration { return at + t.Sub(shown) }
}

// byMark looks for the line that we wrote into the node's log.
func (n *Node) byMark(e evidence.Event, info evidence.RunInfo) error {
	n.Clock.Why = "our mark is not in its log"
	if e.Outcome == evidence.Refused || e.Outcome == evidence.Failed {
		n.Clock.Why = "it took no mark of ours: " + evidence.Bounded(e.Detail, 120)
		return nil
	}
	for _, file := range n.Files {
		for l, err := range ReadFile(file, n.options()) {
			if err != nil {
				return err
			}
			if l.Time.IsZero() || e.Detail == "" || !strings.Contains(l.Text, e.Detail) {
				continue
			}
			shown, factor := l.Time, info.Clock.Factor()
			n.Clock.Basis, n.Clock.Offset, n.Clock.Why = "mark", shown.Sub(e.Time).Round(10*time.Millisecond), "our mark is in its log"
			n.since = func(t time.Time) time.Duration {
				return e.At + time.Duration(float64(t.Sub(shown))*factor)
			}
			return nil
		}
	}
	return nil
}

// plausible takes the clock back where most of the node's lines would lie outside the trial: it has
// another zone, or another clock.
func (n *Node) plausible(end time.Duration) error {
	const margin = time.Minute
	in, out := 0, 0
	for _, file := range n.Files {
		for l, err := range ReadFile(file, n.options()) {
			if err != nil {
				return err
			}
			if l.Time.IsZero() {
				continue
			}
			if at := n.since(l.Time); at < -margin || at > end+margin {
				out++
			} else {
				in++
			}
		}
	}
	if out > in {
		n.since = nil
		n.Clock.Basis, n.Clock.Why = "none", fmt.Sprintf("%d of %d lines would lie outside the trial by the clock of the %s", out, in+out, n.Clock.Basis)
	}
	return nil
}

func (n *Node) options() Options {
	if n.year == 0 {
		return Options{}
	}
	return Options{Year: func(time.Month, int) int { return n.year }}
}

// empty reports whether nothing came of a trial's logs: of what no file has, nobody knows whether it was said.
func (t *Trial) empty() bool {
	files := 0
	for _, n := range t.Nodes {
		for _, file := range n.Files {
			if info, err := os.Stat(file); err != nil || info.Size() > 0 {
				return false // one that cannot be read is told where it is read
			}
			files++
		}
	}
	return files > 0
}

// Lines gives the lines of a trial, node by node, file by file. Behind one that is [ErrCut] come those of the next.
func (t *Trial) Lines() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for _, n := range t.Nodes {
			for _, file := range n.Files {
				for l, err := range ReadFile(file, n.options()) {
					if err != nil {
						if !yield(Entry{}, err) || !errors.Is(err, ErrCut) {
							return
						}
						break
					}
					e := Entry{Line: l, Node: n.Name}
					if n.since != nil && !l.Time.IsZero() {
						e.At, e.Timed = n.since(l.Time), true
					}
					if !yield(e, nil) {
						return
					}
				}
			}
		}
	}
}

// Folder reads a folder of logs that is no run: each file or folder in it is a trial, and folders in a
// folder are nodes. There is no time of a trial.
func Folder(path string, v evidence.Verdict) ([]Trial, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var trials []Trial
	for _, e := range entries {
		t := Trial{Number: len(trials) + 1, Verdict: v}
		nodes := map[string]*Node{}
		root := filepath.Join(path, e.Name())
		err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			name := "-"
			if rel, err := filepath.Rel(root, file); err == nil && strings.ContainsRune(rel, filepath.Separator) {
				name, _, _ = strings.Cut(rel, string(filepath.Separator))
			}
			if nodes[name] == nil {
				nodes[name] = &Node{Name: name, Clock: result.LogClock{Node: name, Basis: "none", Why: "files alone do not tell when a trial began"}}
			}
			nodes[name].Files = append(nodes[name].Files, file)
			return nil
		})
		if err != nil {
			return nil, err
		}
		for _, n := range nodes {
			t.Nodes = append(t.Nodes, *n)
		}
		slices.SortFunc(t.Nodes, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
		if len(t.Nodes) > 0 {
			trials = append(trials, t)
		}
	}
	return trials, nil
}
