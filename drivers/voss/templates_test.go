package voss_test

import (
	"testing"

	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/voss"
)

// The layouts are those that public documents and the vendor's own lab files show, with
// values of ours.
func TestTemplates(t *testing.T) {
	drivertest.Templates(t, voss.Factory{}.Templates(), "testdata/tables")
}

func FuzzTemplates(f *testing.F) {
	drivertest.FuzzTemplates(f, voss.Factory{}.Templates(), "testdata/tables")
}
