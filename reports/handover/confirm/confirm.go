// Package confirm is the vendor's answer to a bundle: how many trials its claim needs, what
// they came to, and the file that goes back.
package confirm

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/stats"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// Format is the version of a confirmation's format.
const Format = "confirmation/v1"

// Names of the files that a confirmation is.
const (
	FileName      = "confirmation.json"
	SignatureName = "confirmation.json.sig"
)

// Namespace is the one that a confirmation is signed for.
const Namespace = "reprise-confirmation"

// Result of a confirmation. The zero value is invalid.
type Result string

// Results.
const (
	Confirmed    Result = "confirmed"
	Contradicted Result = "contradicted"
	Inconclusive Result = "inconclusive"
)

// Confirmation is confirmation.json.
type Confirmation struct {
	Reprise     string       `json:"reprise"`
	Bundle      Bundle       `json:"bundle"`
	Claim       Shown        `json:"claim"`
	Seen        Shown        `json:"seen"`
	Planned     int          `json:"planned"` // valid trials that the claim needs
	Differences []Difference `json:"differences"`
	Control     *Shown       `json:"control,omitempty"` // the control here, of a scenario that has one
	// Stopped says that the trials ended with the first one that showed the same failure:
	// their number then says nothing of a rate, and neither interval nor P is given.
	Stopped bool          `json:"stopped-at-hit,omitempty"`
	P       *float64      `json:"p,omitempty"` // Fisher's exact test, two-sided, of the two rates
	Result  Result        `json:"result"`
	Reason  string        `json:"reason"`
	Tool    evidence.Tool `json:"tool"`
	Host    string        `json:"host"`
	At      time.Time     `json:"at"`
}

// Bundle names what was confirmed.
type Bundle struct {
	File   string `json:"file"`
	Tree   string `json:"tree"` // digest of its evidence
	Signer string `json:"signer,omitempty"`
}

// Shown is what one side saw.
type Shown struct {
	Scenario   string         `json:"scenario"`
	Run        string         `json:"run"` // its id
	Digest     string         `json:"digest"`
	Reproduced int            `json:"reproduced"`
	Valid      int            `json:"valid"`
	Interval   [2]float64     `json:"clopper-pearson-95"`
	Clock      evidence.Clock `json:"clock,omitzero"` // how time passed in the lab
	Signatures []string       `json:"signatures"`     // of the failures, the same words for the same failure
	// HasControl says of a claim that its scenario declares a control: without a healthy one
	// here nothing is confirmed.
	HasControl bool `json:"has-control,omitempty"`
}

// Difference is one thing that is not the same on both sides.
type Difference struct {
	What  string `json:"what"`
	Claim string `json:"claim"`
	Here  string `json:"here"`
	// Matters says that the claim may hold there and not here because of it.
	Matters bool `json:"matters,omitempty"`
}

// Needed is how many valid trials without a hit contradict a claim at 95 %:
// ceil(ln 0.05 / ln(1 − p)), with p the lower end of the claim's 95 % interval after Clopper
// and Pearson (Biometrika 26, 1934). The probability that none of so many shows what is
// there is then at most 5 %. A claim without a hit needs none: there is nothing to confirm.
func Needed(claim Shown) int {
	if claim.Reproduced == 0 {
		return 0
	}
	return stats.CleanTrials(claim.Interval[0], 0.95)
}

// Same says whether the two sides saw the same failure: a signature of the claim among
// those seen.
func Same(claim, seen Shown) bool {
	return slices.ContainsFunc(seen.Signatures, func(s string) bool { return slices.Contains(claim.Signatures, s) })
}

// Decide says what the trials came to: one that shows the same failure confirms, where the
// control, if the claim has one, was seen to be healthy here, and the lab had the claim's clock; as many as are needed without
// one contradict, unless something differs that may be the reason.
func (c *Confirmation) Decide() {
	var matters []string
	for _, d := range c.Differences {
		if d.Matters {
			matters = append(matters, fmt.Sprintf("%s is %s here and was %s", d.What, d.Here, d.Claim))
		}
	}
	at, otherClock := c.Seen.Clock.Beside(), !c.Claim.Clock.Same(c.Seen.Clock)
	share := fmt.Sprintf("%d of %d valid trials%s", c.Seen.Reproduced, c.Seen.Valid, at)
	switch {
	case c.Claim.Reproduced == 0:
		c.Result, c.Reason = Inconclusive, "the bundle shows no reproduction: there is nothing to confirm"
	case c.Control != nil && c.Control.Reproduced > 0:
		c.Result, c.Reason = Inconclusive, fmt.Sprintf("the control, which must stay healthy, shows it here as well, in %d of %d valid trials", c.Control.Reproduced, c.Control.Valid)
	case c.Seen.Reproduced > 0 && Same(c.Claim, c.Seen) && c.Claim.HasControl && (c.Control == nil || c.Control.Valid == 0):
		c.Result, c.Reason = Inconclusive, "the same failure in "+share+", but no valid trial of the control, which must stay healthy: whether the symptom tells a healthy network here is not known"
	case c.Seen.Reproduced > 0 && Same(c.Claim, c.Seen) && otherClock:
		c.Result, c.Reason = Inconclusive, "the same failure in "+share+", and the claim is of "+clockWord(c.Claim.Clock)+": trials by the claim's clock decide"
	case c.Seen.Reproduced > 0 && Same(c.Claim, c.Seen):
		c.Result, c.Reason = Confirmed, "the same failure in "+share
		if len(matters) > 0 {
			c.Reason += ", although " + strings.Join(matters, ", and ")
		}
	case c.Seen.Reproduced > 0:
		c.Result, c.Reason = Inconclusive, "another failure than the claim's in "+share
	case c.Seen.Valid < c.Planned:
		c.Result, c.Reason = Inconclusive, fmt.Sprintf("not in %d valid trials%s, and %d are needed to contradict", c.Seen.Valid, at, c.Planned)
	case otherClock:
		c.Result, c.Reason = Inconclusive, fmt.Sprintf("not in %d valid trials%s, and the claim is of %s: trials by the claim's clock decide", c.Seen.Valid, at, clockWord(c.Claim.Clock))
	case len(matters) > 0:
		c.Result = Inconclusive
		c.Reason = fmt.Sprintf("not in %d valid trials%s, but %s", c.Seen.Valid, at, strings.Join(matters, ", and "))
	default:
		c.Result = Contradicted
		c.Reason = fmt.Sprintf("not in %d valid trials%s, where a rate of %.2f or more would have shown with 95 %%", c.Seen.Valid, at, c.Claim.Interval[0])
	}
}

// sound says whether the numbers can be those of any trials.
func (c *Confirmation) sound() error {
	sides := []Shown{c.Claim, c.Seen}
	if c.Control != nil {
		sides = append(sides, *c.Control)
	}
	for _, s := range sides {
		switch {
		case s.Reproduced < 0 || s.Reproduced > s.Valid:
			return fmt.Errorf("%d of %d trials cannot be", s.Reproduced, s.Valid)
		case s.Interval[0] < 0 || s.Interval[1] > 1 || s.Interval[0] > s.Interval[1]:
			return fmt.Errorf("%v is no interval of a rate", s.Interval)
		case s.Reproduced > 0 && len(s.Signatures) == 0:
			return fmt.Errorf("%d trials failed, and in no way", s.Reproduced)
		}
	}
	return nil
}

// Marshal gives the bytes of confirmation.json, which a signature covers.
func (c Confirmation) Marshal() ([]byte, error) {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode confirmation: %w", err)
	}
	return append(data, '\n'), nil
}

// Read reads a confirmation, with its signature where there is one beside it. What was
// decided follows from the rest and is decided again: a confirmation that says otherwise is
// refused.
func Read(path string) (c Confirmation, data, signature []byte, err error) {
	if data, err = plain.Read(path, plain.Text); err != nil {
		return c, nil, nil, fmt.Errorf("read confirmation: %w", err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, data, nil, fmt.Errorf("read confirmation %s: %w", path, err)
	}
	if c.Reprise != Format {
		return c, data, nil, fmt.Errorf("%s is no confirmation of version %s", path, Format)
	}
	if err := c.sound(); err != nil {
		return c, data, nil, fmt.Errorf("%s: %w", path, err)
	}
	again := c
	again.Planned = Needed(c.Claim)
	again.Decide()
	if again.Planned != c.Planned || again.Result != c.Result || again.Reason != c.Reason {
		return c, data, nil, fmt.Errorf("%s says %s (%s), and its numbers say %s (%s)", path, c.Result, c.Reason, again.Result, again.Reason)
	}
	signature, err = plain.Read(filepath.Join(filepath.Dir(path), filepath.Base(path)+".sig"), plain.Text)
	if os.IsNotExist(err) {
		return c, data, nil, nil
	}
	return c, data, signature, err
}
