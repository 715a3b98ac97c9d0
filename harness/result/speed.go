package result

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// Power is the chance with which a difference would have been seen that a measurement of speeds
// speaks of.
const Power = 0.8

// SpeedSide is what trials of a scenario, or of its control, came to at one speed.
type SpeedSide struct {
	Share Proportion `json:"share"`
	Void  int        `json:"void"`             // trials that said nothing: inconclusive, or not applicable
	First string     `json:"reason,omitempty"` // of the first of these
	P     float64    `json:"p"`                // two-sided against speed 1, Fisher's exact test
	// Unseen are rates that would have been told from that at speed 1 with less than 80 %: those
	// between the two. 0 and 1: on that side none would have been.
	Unseen [2]float64 `json:"unseen"`
	Dir    string     `json:"dir"`
}

// Trials is the number of all trials.
func (s SpeedSide) Trials() int { return s.Share.Valid + s.Void }

// MoreVoid reports whether a larger share of the trials said nothing than of the other's.
func (s SpeedSide) MoreVoid(than SpeedSide) bool {
	return s.Void*than.Trials() > than.Void*s.Trials()
}

// SpeedArm is what one speed came to.
type SpeedArm struct {
	Speed   float64       `json:"speed"`
	Main    SpeedSide     `json:"main"`
	Control *SpeedSide    `json:"control"` // null: the scenario declares none
	Took    time.Duration `json:"took"`    // mean of a valid trial of the scenario, in real time
	Usable  bool          `json:"usable"`
	Why     string        `json:"why"`
}

// Clock names the speed.
func (a SpeedArm) Clock() evidence.Clock { return evidence.Clock{Speed: a.Speed} }

// Speeds is speed.json: what each speed of the lab came to, and the one to use.
type Speeds struct {
	Reprise  string     `json:"reprise"`
	Scenario string     `json:"scenario"`
	Measured time.Time  `json:"measured"`
	Basis    SpeedBasis `json:"basis"`
	AtLeast  int        `json:"at-least"` // valid trials that each speed needs
	Real     SpeedArm   `json:"real"`     // speed 1
	Arms     []SpeedArm `json:"arms"`
	Chosen   float64    `json:"chosen"` // 0: there was nothing to compare
	Outcome  Outcome    `json:"outcome"`
	Answer   string     `json:"answer"`
	File     string     `json:"file"`
}

// SpeedBasis is what a measurement of speeds is of. It says nothing of anything else.
type SpeedBasis struct {
	Inputs   map[string]string `json:"inputs"`        // SHA-256 of the scenario's files
	Images   map[string]string `json:"images"`        // digest by node, and by "control" and node
	Set      map[string]string `json:"set,omitempty"` // overrides from the command line
	Provider string            `json:"provider"`
	Reset    string            `json:"reset"` // between two trials
}

// Digest is the SHA-256 of all of it.
func (b SpeedBasis) Digest() string {
	var text strings.Builder
	for _, m := range []map[string]string{b.Inputs, b.Images, b.Set, {"provider": b.Provider, "reset": b.Reset}} {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			fmt.Fprintf(&text, "%q=%q\n", k, m[k])
		}
		text.WriteString("\n")
	}
	return evidence.SHA256([]byte(text.String()))
}

// Changed says what is not as in another basis, for people; empty where nothing is.
func (b SpeedBasis) Changed(was SpeedBasis) []string {
	var out []string
	for _, part := range []struct {
		what    string
		is, was map[string]string
	}{{"file ", b.Inputs, was.Inputs}, {"image of ", b.Images, was.Images}, {"value of ", b.Set, was.Set}} {
		names := maps.Clone(part.was)
		if names == nil {
			names = map[string]string{}
		}
		maps.Copy(names, part.is)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if part.is[name] != part.was[name] {
				out = append(out, "the "+part.what+name)
			}
		}
	}
	if b.Reset != was.Reset {
		out = append(out, fmt.Sprintf("the reset (%s, and it was %s)", b.Reset, cmp.Or(was.Reset, "not recorded")))
	}
	if b.Provider != was.Provider {
		out = append(out, fmt.Sprintf("the provider (%s, and it was %s)", b.Provider, was.Provider))
	}
	return out
}
