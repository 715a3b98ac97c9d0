package experiment

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/isolate"
)

// fixedSince shows a problem on the versions before one, always.
type fixedSince struct{ fixed int }

func (fixedSince) Vet(context.Context, isolate.Candidate) error { return nil }

func (f fixedSince) Try(_ context.Context, c isolate.Candidate, n int) (out []isolate.Result, err error) {
	for range n {
		o := isolate.Hit
		if slices.Index(c.Kept, true) >= f.fixed {
			o = isolate.Miss
		}
		out = append(out, isolate.Result{Outcome: o, Took: time.Second})
	}
	return out, nil
}

// TestBisectionCountsTheEnds: the runs of both ends beforehand are in the table, whichever
// way the versions are looked through.
func TestBisectionCountsTheEnds(t *testing.T) {
	for _, fixed := range []bool{true, false} {
		b := newBisection(nil, BisectOptions{Versions: []Version{{Image: "a:1"}, {Image: "a:2"}, {Image: "a:3"}}, Confidence: 0.9, MaxTrials: 50, Measure: 3, Fixed: fixed})
		var o isolate.Oracle = fixedSince{2}
		if !fixed {
			o = flipped{o}
		}
		rec, err := isolate.NewRecorder(filepath.Join(t.TempDir(), "ledger"), "", b.cutter.units, o)
		if err != nil {
			t.Fatal(err)
		}
		out, err := b.run(t.Context(), rec)
		if err := errors.Join(err, rec.Close()); err != nil {
			t.Fatal(err)
		}
		sum, first, last := 0, out.Versions[0].Runs, out.Versions[2].Runs
		for _, v := range out.Versions {
			sum += v.Runs.Runs()
		}
		if first.Runs() < 3 || last.Runs() < 3 || (first.Hits > 0) != fixed || (last.Hits > 0) == fixed || sum != out.Runs || out.First != "a:3" {
			t.Errorf("fixed %v: %+v; %d runs", fixed, out.Versions, out.Runs)
		}
	}
}

func TestMerged(t *testing.T) {
	holds := map[string]string{"a": "1", "b": "1", "c": "2", "d": "3", "e": "2"}
	identity := func(image string) (string, error) { return holds[image], nil }
	names := func(list []Version) string {
		var out []string
		for _, v := range list {
			out = append(out, strings.Join(append([]string{v.Image}, v.After...), "<"))
		}
		return strings.Join(out, " ")
	}
	for _, tt := range []struct {
		list      []Version
		want, err string
	}{
		{[]Version{{Image: "a"}, {Image: "c"}}, "a c", ""},
		{[]Version{{Image: "a"}, {Image: "b"}, {Image: "c"}, {Image: "d", After: []string{"b"}}}, "a c d<a", ""},
		{[]Version{{Image: "a"}, {Image: "b"}}, "a", ""},
		{[]Version{{Image: "a"}, {Image: "c"}, {Image: "b"}}, "", "b holds the same as a, and c is between them"},
		{[]Version{{Image: "a"}, {Image: "c"}, {Image: "d"}, {Image: "e", After: []string{"a"}}}, "a c d", ""},
	} {
		got, err := MergeVersions(tt.list, identity)
		if diff := cmp.Diff(tt.want, names(got)); diff != "" || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s, %v, want %q", names(got), err, tt.err)
		}
	}
}
