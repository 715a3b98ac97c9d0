package scenarios_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// Numbers of an answer are exact or unknown, what it says twice and differently is unknown in its place, and what is no
// number compares with nothing. By the rules of before (Loose) they were what encoding/json makes of them.
func TestExactAnswers(t *testing.T) {
	const many = `{"id": 1, "n": [{"st": "Full", "st": "Init"}, {"st": "Full"}], "n2": 3, "n2": 3}`
	for _, tt := range []struct {
		text, source string
		want         any // a text is a part of why it is unknown
		loose        any
	}{
		{`{"a": 1, "a": 2}`, `json.a == 2`, `"a" twice`, true},
		{`{"a": 1, "a": 2, "a": 2}`, `json.a == 2`, `"a" twice`, true},
		{`{"a": {"b": 1}, "a": {"b": 1}}`, `json.a.b == 1`, true, true},
		{`{"a": {"b": 1}, "a": {}}`, `has(json.a.b)`, `"a" twice`, false},
		{many, `json.id == 1`, true, true},
		{many, `json.n2 == 3`, true, true},
		{many, `any(json.n, .st == "Init")`, `"st" twice`, true},
		{many, `any(json.n, .st == "Full")`, true, true},
		{many, `none(json.n, .st == "Init")`, `"st" twice`, false},
		{many, `len(json.n) == 2`, `"st" twice`, true},
		{many, `json.n[1].st == "Full"`, true, true},
		{`{"rx": 9007199254740993}`, `json.rx == 9007199254740992`, false, true},
		{`{"rx": 9007199254740993}`, `json.rx == 9007199254740993`, true, true},
		{`{"rx": 9007199254740993}`, `json.rx - 9007199254740992 == 1`, true, false},
		{`{"a": 9223372036854775807}`, `json.a + 1 > 0`, true, true},
		{`{"a": 9223372036854775807}`, `json.a * 2 > 0`, true, true},
		{`[9223372036854775807, 1]`, `sum(json) > 0`, true, true},
		{`{"a": 18446744073709551615}`, `json.a == 18446744073709551614.0`, "too large to be known exactly", true},
		{`{"a": 1e400}`, `json.a > 5`, "too large to be known exactly", "not JSON"},
		{`{"a": 1e400, "b": 2}`, `json.b == 2`, true, "not JSON"},
		{`{"a": 3.0, "b": 3, "c": 0.5}`, `json.a == json.b and json.c * 2 == 1 and json.b / 2 == 1.5`, true, true},
		{`{"a": 4200000000}`, `string(json.a) == "4200000000"`, true, false},
		{`[0, 1, 2]`, `json[json[1]] == 1 and 2 in json and json[-1] in 1..3`, true, true},
		{"NaN", `float(text) != 0`, "NaN is no number", true},
		{"NaN", `not (float(text) < 5)`, "NaN is no number", true},
		{"NaN", `int(float(text)) < 5`, "NaN is no number", true},
		{"inf", `float(text) - float(text) == 0`, "NaN is no number", false},
		{"inf", `float(text) > 1000`, true, true},
		{`{"a": 1}{"a": 2}`, `json.a == 1`, "more follows", "not JSON"},
		{`{"a": [1, 2`, `len(json.a) == 2`, "unexpected end", "unexpected end"},
		{`{"a": 1`, `json.a == 1`, "unexpected end", "unexpected end"},
		{``, `json == nil`, "unexpected end", "unexpected end"},
		{`{"a": 1,}`, `json.a == 1`, "not JSON", "not JSON"},
		{`[1 2]`, `len(json) == 2`, "not JSON", "not JSON"},
		{`{"a" 1}`, `has(json.a)`, "not JSON", "not JSON"},
		{`{1: 2}`, `len(json) == 1`, "not JSON", "not JSON"},
		{strings.Repeat("[", 10_010) + strings.Repeat("]", 10_010), `len(json) == 1`, "max depth", "max depth"},
	} {
		for loose, want := range map[bool]any{false: tt.want, true: tt.loose} {
			got := eval(t, tt.source, scenarios.View{Text: tt.text, Loose: loose}, nil)
			words, isWords := want.(string)
			said, isUnknown := got.(string)
			as := got == want
			if isWords {
				as = isUnknown && strings.HasPrefix(said, unknown) && strings.Contains(said, words)
			}
			if !as {
				t.Errorf("%.60s: %s, loose %v: %v, want %v", tt.text, tt.source, loose, got, want)
			}
		}
	}
}

// What holds a text against all of an answer, and means a line of it, is warned of.
func TestWholeAnswers(t *testing.T) {
	for expect, want := range map[string]string{
		`text == "Down"`:                    "an answer ends with a new line",
		`before.text != "Down" or exit > 0`: "an answer ends with a new line",
		`text matches "Down$"`:              "write (?m)",
		`not (text matches "^Full")`:        "write (?m)",
		`text matches "(x|^Full)"`:          "write (?m)",
		`text == ""`:                        "",
		`text == "Down\n"`:                  "",
		`trim(text) == "Down"`:              "",
		`trim(text) matches "^Down$"`:       "",
		`text matches "(?m)^Full"`:          "",
		`text matches "^\\s*Full\\s*$"`:     "",
		`text matches "Full"`:               "",
	} {
		text := "reprise: v1\nid: x\ntitle: x\ntopology: {nodes: {r1: {image: i}}}\nbaseline: [{name: b, node: r1, exec: b, expect: exit == 0, eventually: 5s}]\n" +
			"stimulus: [{node: r1, exec: s}]\ncontrol: {without: [stimulus.0]}\nsymptom: [{name: s, node: r1, exec: c, expect: '" + expect + "', eventually: 5s}]\n"
		if got := warnings(t, text); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: warned %q, want %q", expect, got, want)
		}
	}
	for command, want := range map[string]bool{
		"ps ax | grep bgpd": true, "ps -ef | grep -c bgpd": true, "ps aux|grep 'bgpd' | wc -l": true,
		"ps ax | grep '[b]gpd'": false, "ps ax | grep bgpd | grep -v grep": false, "pgrep bgpd": false, "cat /tmp/ps | grep x": false,
	} {
		text := "reprise: v1\nid: x\ntitle: x\ntopology: {nodes: {r1: {image: i}}}\nbaseline: [{name: b, node: r1, exec: b, expect: exit == 0, eventually: 5s}]\n" +
			"stimulus: [{node: r1, exec: s}]\ncontrol: {without: [stimulus.0]}\nsymptom: [{name: s, node: r1, exec: \"" + command + "\", expect: exit == 0, eventually: 5s}]\n"
		if got := warnings(t, text); (got != "") != want {
			t.Errorf("%s: warned %q", command, got)
		}
	}
}

// warnings are what a scenario that can be loaded is warned of.
func warnings(t *testing.T, text string) string {
	t.Helper()
	l, err := scenarios.Load(write(t, text), scenarios.Options{})
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if l.Warnings == nil {
		return ""
	}
	return l.Warnings.Error()
}
