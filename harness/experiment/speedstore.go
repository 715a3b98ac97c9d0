package experiment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
)

// SpeedStore is a folder of measurements of speeds: a file for each, named after the scenario and
// the digest of what it is of.
type SpeedStore struct{ dir string }

// OpenSpeedStore opens the store in a folder, which need not exist; empty means reprise/speeds in
// the user's cache.
func OpenSpeedStore(dir string) (SpeedStore, error) {
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return SpeedStore{}, fmt.Errorf("find a place for measured speeds: %w", err)
		}
		dir = filepath.Join(cache, "reprise", "speeds")
	}
	return SpeedStore{dir: dir}, nil
}

func (s SpeedStore) file(scenario string, b result.SpeedBasis) string {
	return filepath.Join(s.dir, scenario+"-"+b.Digest()[:16]+".json")
}

// Keep stores a measurement that chose a speed, in place of an earlier one of the same. One whose
// control fires at speed 1 takes that place too: no speed holds after it.
func (s SpeedStore) Keep(m result.Speeds) error {
	if m.Chosen == 0 && !firesInRealTime(m) {
		return nil
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return fmt.Errorf("keep the measured speed: %w", err)
	}
	return evidence.WriteJSON(s.file(m.Scenario, m.Basis), m)
}

// firesInRealTime reports whether the control of a measurement shows the symptom at speed 1.
func firesInRealTime(m result.Speeds) bool {
	return m.Real.Control != nil && m.Real.Control.Share.Reproduced > 0
}

// ErrNotMeasured says that no speed was measured of a scenario.
var ErrNotMeasured = errors.New("no speed was measured")

// StaleError says that a speed was measured of a scenario, and of something else than it is now.
type StaleError struct {
	Was     result.Speeds
	Changed []string
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("what was measured on %s is of something else: changed since: %s", e.Was.Measured.Format("2006-01-02"), strings.Join(e.Changed, ", "))
}

// Find gives what was measured of a scenario. It is [ErrNotMeasured] where nothing was, and a
// [*StaleError] where what there is, the latest of it, is of other files, images or providers.
func (s SpeedStore) Find(scenario string, b result.SpeedBasis) (result.Speeds, error) {
	var m result.Speeds
	err := evidence.ReadJSON(s.file(scenario, b), &m)
	if err == nil && m.Chosen > 0 && !firesInRealTime(m) && len(b.Changed(m.Basis)) == 0 {
		return m, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return m, fmt.Errorf("read the measured speed: %w", err)
	}
	return result.Speeds{}, s.stale(scenario, b)
}

// stale is why nothing fits: what was measured last of the scenario.
func (s SpeedStore) stale(scenario string, b result.SpeedBasis) error {
	files, err := filepath.Glob(filepath.Join(s.dir, scenario+"-*.json")) // an id holds nothing that Glob reads
	if err != nil {
		return err
	}
	var last result.Speeds
	for _, file := range files {
		var m result.Speeds
		if err := evidence.ReadJSON(file, &m); err != nil || m.Scenario != scenario || m.Chosen == 0 || firesInRealTime(m) { // of one whose id is longer
			continue
		}
		if m.Measured.After(last.Measured) {
			last = m
		}
	}
	if last.Measured.IsZero() {
		return ErrNotMeasured
	}
	return &StaleError{last, b.Changed(last.Basis)}
}
