package scenarios_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// A condition is true, false or unknown: what is neither true nor false decides nothing, in
// whatever part of it, and a list that holds something unknown is not known.
func TestNeitherTrueNorFalse(t *testing.T) {
	now := scenarios.View{Text: `{"s": "x", "n": 1, "null": null, "list": [1, 2]}`}
	for _, tt := range []struct {
		source string
		truth  bool // whether it must be true or false
		want   string
	}{
		{"json.s", true, `the expression gave the text "x", and neither true nor false`},
		{"json.null", true, "the expression gave null"},
		{"json.list", true, "neither true nor false"},
		{"not json.s", false, "neither true nor false"},
		{"json.s and true", false, "neither true nor false"},
		{"json.n or false", false, "neither true nor false"},
		{"-json.s", false, "no number"},
		{"[json.n, json.gone]", false, "absent: json.gone"},
		{`{"a": [json.gone]}`, false, "absent: json.gone"},
		{"map(json.list, json.gone)", false, "absent: json.gone"},
		{`float(json.s + "1\n")`, false, `"x1\n" has white space at an end, and is no number: write float(trim(…))`},
		{`int(" 1")`, false, "write int(trim(…))"},
	} {
		p, err := scenarios.CompilePredicate(tt.source, tt.truth)
		if err != nil {
			t.Errorf("%s: %v", tt.source, err)
			continue
		}
		if v, err := p.Eval(now, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, %v, want …%s…", tt.source, v, err, tt.want)
		}
	}
}
