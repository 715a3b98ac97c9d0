package html

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/reports"
)

// Lines of logs are drawn in the lane of their node, bad signs apart; what has no time, or lies outside the
// trial, is not.
func TestLogged(t *testing.T) {
	note := func(at int, node string, kind result.LogNoteKind, text string) result.LogNote {
		return result.LogNote{At: time.Duration(at) * time.Second, Timed: true, Node: node, Kind: kind, LogPlace: result.LogPlace{File: "logs/" + node + "/d.log", Line: at, Text: text}}
	}
	untimed := note(3, "r1", result.LogChange, "when")
	untimed.Timed = false
	d := &reports.Detail{End: 10 * time.Second, Notes: result.LogNotes{Notes: []result.LogNote{
		note(1, "r1", result.LogChange, "up <b>"), note(2, "r2", result.LogTrouble, "odd"), note(4, "r1", result.LogSign, "loop"), note(5, "r1", result.LogTrouble, "late"),
		untimed, note(11, "r1", result.LogChange, "after the end"), note(-1, "r1", result.LogChange, "before"),
	}}}
	type drawn struct {
		Lane, Class, Label string
		Ticks              []string
	}
	var got []drawn
	for _, m := range (plot{end: d.End}).logged(d) {
		one := drawn{m.lane, m.class, m.label, nil}
		for _, k := range m.ticks {
			one.Ticks = append(one.Ticks, k.title)
		}
		got = append(got, one)
	}
	want := []drawn{
		{"r1", "m-log", "2 log lines", []string{"1.000 s logs/r1/d.log:1 up <b>", "5.000 s logs/r1/d.log:5 late"}},
		{"r2", "m-log", "1 log line", []string{"2.000 s logs/r2/d.log:2 odd"}},
		{"r1", "m-logbad", "1 bad sign", []string{"4.000 s logs/r1/d.log:4 loop"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
