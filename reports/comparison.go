package reports

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// When states were taken in a trial.
const (
	Before = "before" // the stimulus
	After  = "after"  // the symptom was looked at
)

// Moment is when states were taken: in which trial, before its stimulus or after its symptom.
type Moment struct {
	Run  string // its ID
	Dir  evidence.TrialDir
	When string // Before or After
}

// String names the moment for people.
func (m Moment) String() string {
	return fmt.Sprintf("%s, trial %d, %s", m.Run, m.Dir.Number, m.When)
}

// limitCompared bounds the differences of one comparison, in bytes.
const limitCompared = 1 << 20

// CompareStates compares what nodes answered at two moments, by node and command, those that changed
// first. What changes by itself is left out, as each platform's own rules know it
// (drivers.Normaliser); of two trials times of the clock too, which stand still within one until what they
// date happens again. Of two runs hardware addresses, which each run makes for itself, are numbered as
// each moment shows them, by node and command; well-known ones stay. Nodes and commands are those that the
// patterns match; nil matches all. What was recorded at one of both alone is [Unpaired].
func CompareStates(was, is Moment, nodes, commands *regexp.Regexp) ([]State, error) {
	type key struct{ node, command string }
	found := map[key][2]string{}
	var keys []key
	var own [2]addresses
	for side, m := range []Moment{was, is} {
		folder := m.Dir.File("states", m.When)
		shown := map[key][]string{}
		err := filepath.WalkDir(folder, func(name string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || filepath.Ext(name) != ".json" {
				return err
			}
			var s evidence.State
			if err := evidence.ReadJSON(name, &s); err != nil {
				return err
			}
			rel, err := filepath.Rel(m.Dir.Path, name)
			if err != nil {
				return err
			}
			k := key{filepath.Base(filepath.Dir(name)), s.Command}
			shown[k] = ownAddress.FindAllString(s.Output, -1)
			if nodes != nil && !nodes.MatchString(k.node) || commands != nil && !commands.MatchString(k.command) {
				return nil
			}
			files, known := found[k]
			if !known {
				keys = append(keys, k)
			}
			files[side] = rel
			found[k] = files
			return nil
		})
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%s: no state was recorded", m)
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", m, err)
		}
		if was.Run != is.Run {
			own[side] = addresses{}
			for _, k := range slices.SortedFunc(maps.Keys(shown), func(a, b key) int {
				return cmp.Or(strings.Compare(a.node, b.node), strings.Compare(a.command, b.command))
			}) {
				for _, address := range shown[k] {
					own[side].name(address)
				}
			}
		}
	}
	text := &budget{left: limitCompared}
	states := make([]State, 0, len(keys))
	for i, k := range keys {
		share := text.part(text.left / (len(keys) - i))
		side := func(n int, m Moment) answerFile {
			return answerFile{dir: m.Dir, name: found[k][n], folder: m.Run + "/" + trialFolder(m.Dir.Number), when: "in " + m.String(), own: own[n], dated: was.Run == is.Run && was.Dir.Number == is.Dir.Number}
		}
		s := pairState(k.node, side(0, was), side(1, is), share)
		s.Command = cleanField(k.command)
		states = append(states, s)
		text.left += share.left
	}
	slices.SortStableFunc(states, func(a, b State) int { return int(a.Change - b.Change) })
	return states, nil
}
