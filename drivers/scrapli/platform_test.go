package scrapli_test

import (
	"testing"

	"github.com/reprise-lab/reprise/drivers/scrapli"
)

// Every platform that scrapligo brings becomes a dialect; what cannot is found here and not
// at a customer's.
func TestDialects(t *testing.T) {
	names := scrapli.Names()
	if len(names) < 12 {
		t.Fatalf("only %v", names)
	}
	for _, n := range names {
		if err := scrapli.CheckDialect(n); err != nil {
			t.Errorf("%s: %v", n, err)
		}
	}
}
