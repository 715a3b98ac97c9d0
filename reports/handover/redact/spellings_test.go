package redact_test

import (
	"slices"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// A customer is hidden whole, word by word, in capitals, and as those write it who have no
// umlauts; words that name nobody are not.
func TestSpellings(t *testing.T) {
	got := redact.Spellings("Müller & Söhne GmbH", "", "J. Doe", "doe@mueller.example", "Building B")
	for _, want := range []string{"Müller & Söhne GmbH", "MÜLLER & SÖHNE GMBH", "Müller", "MÜLLER", "Mueller", "Söhne", "Soehne", "Doe", "doe@mueller.example", "mueller", "Building B"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is missing from %q", want, got)
		}
	}
	for _, not := range []string{"GmbH", "gmbh", "Building", "example", "J", "B"} {
		if slices.Contains(got, not) {
			t.Errorf("%q would be hidden everywhere", not)
		}
	}
}
