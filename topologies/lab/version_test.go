package lab_test

import (
	"testing"

	"github.com/reprise-lab/reprise/topologies/lab"
	"github.com/reprise-lab/reprise/topologies/version"
)

func TestRange(t *testing.T) {
	tests := []struct {
		text, version string
		want          bool
	}{
		{"", "1.0", true},
		{">=32.7 <33", "32.7.1.9", true},
		{">=32.7 <33", "33.1.1.14", false},
		{">=32.7 <33", "32.6.9.9", false},
		{">= 32.7.1.9 < 32.7.1.10", "32.7.1.9", true},
		{"32.7", "32.7.1.9", true},
		{"=32.7.1.9", "32.7.1.9", true},
		{"=32.7.1.9", "32.7.1.9-patch1-1", false},
		{">32.7", "32.7.1.9", false},
		{">32.7", "32.8.1.1", true},
		{"<=32.7", "32.7.1.9", true},
		{"!=32.7", "32.7.1.9", false},
		{"!=32.7", "32.8.1.9", true},
		{">32.7.1.9", "32.7.1.9-patch1-1", true},
		{">=16.2.5-Patch1-5", "16.2.5.4-patch1-31", true},
		{">=16.2.5-Patch1-5", "16.2.5.4-patch1-4", false},
		{">=16.2.5-Patch1-5", "16.2.5.4", false},
		{">=16.2.5-Patch1-5", "16.2.6.1", true},
		{">=15.4.1.3", "v1541b3-patch1-12", true},
		{"=7.0.0.0", "7.0.0.0_B015", true},
		{">=8.1 <9", "VOSS8K.8.1.5.0.GA", true},
		{">=32.7.1.9", "32.7", false}, // the inventory says too little
	}
	for _, tt := range tests {
		r, err := lab.ParseRange(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		v, err := version.Parse(tt.version)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Holds(v); got != tt.want {
			t.Errorf("%s in %q: %v, want %v", tt.version, tt.text, got, tt.want)
		}
	}
	for _, s := range []string{">=", "~1.2", ">=x", "1.2 ||", ">>1"} {
		if _, err := lab.ParseRange(s); err == nil {
			t.Errorf("%q was read", s)
		}
	}
}
