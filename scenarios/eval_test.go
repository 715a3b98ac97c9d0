package scenarios_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/reprise-lab/reprise/scenarios"
)

// unknown in a table stands for an expression that has no value.
const unknown = "unknown: "

func eval(t interface{ Fatal(args ...any) }, source string, now scenarios.View, before *scenarios.View) any {
	p, err := scenarios.CompilePredicate(source, false)
	if err != nil {
		t.Fatal(source, err)
	}
	v, err := p.Eval(now, before)
	if err != nil {
		return unknown + err.Error()
	}
	return v
}

// What is not there decides nothing, and the reason says what it was. Absence is asked for.
func TestAbsentDecidesNothing(t *testing.T) {
	rows := []map[string]any{{"PORT": "1", "STATE": "up"}, {"PORT": "2"}}
	for _, tt := range []struct {
		json, source string
		want         any // a text is a part of why it is unknown
	}{
		{`{}`, `json.state != "Full"`, "absent: json.state"},
		{`{}`, `json.state == "Full"`, "absent: json.state"},
		{`{}`, `not (json.state == "Full")`, "absent: json.state"},
		{`{}`, `json.a?.b?.c != 1`, "absent: json.a"},
		{`{}`, `json.a?.b == nil`, "absent: json.a"},
		{`{}`, `json.state == nil`, "absent: json.state"},
		{`{}`, `json["state"] in ["Down", "Init"]`, `absent: json.state`},
		{`{}`, `json.state not in ["Down"]`, "absent: json.state"},
		{`{}`, `"x" in json.routes`, "absent: json.routes"},
		{`{}`, `not ("x" in json.routes)`, "absent: json.routes"},
		{`{}`, `len(json.routes) == 0`, "absent: json.routes"},
		{`{}`, `json.n + 1 > 0`, "absent: json.n"},
		{`{}`, `json.n < 3`, "absent: json.n"},
		{`{}`, `-json.n < 3`, "absent: json.n"},
		{`{}`, `not (json.s contains "Full")`, "absent: json.s"},
		{`{}`, `not (json.s matches "Full")`, "absent: json.s"},
		{`{}`, `not (json.s startsWith "Full")`, "absent: json.s"},
		{`{}`, `json.up ? false : true`, "absent: json.up"},
		{`{}`, `not json.up`, "absent: json.up"},
		{`{}`, `let s = json.state; s != "Full"`, "absent: json.state"},
		{`{}`, `[json.state] != ["Full"]`, "absent: json.state"},
		{`{}`, `{"s": json.state} != {"s": "Full"}`, "absent: json.state"},
		{`{}`, `string(json.state) != "Full"`, "absent: json.state"},
		{`{}`, `type(json.state) == "nil"`, "absent: json.state"},
		{`{}`, `get(json, "state") != "Full"`, "absent: get(json"},
		{`{}`, `all(json.peers, .up)`, "absent: json.peers"},
		{`{}`, `none(json.peers, .up)`, "absent: json.peers"},
		{`{}`, `not any(json.peers, .up)`, "absent: json.peers"},
		{`{}`, `filter(json.peers, .up) == []`, "absent: json.peers"},
		{`[{}]`, `all(json, .state != "Full")`, "absent: .state"},
		{`[{}]`, `none(json, .state == "Full")`, "absent: .state"},
		{`[{}]`, `len(filter(json, .state == "Full")) == 0`, "absent: .state"},
		{`[{}, {"state": "Full"}]`, `find(json, .state == "Full").state == "Full"`, "absent: .state"},
		{`[{}, {"state": "Full"}]`, `any(json, .state == "Full")`, true},
		{`[{}, {"state": "Full"}]`, `all(json, .state != "Full")`, false},
		{`[]`, `json[0].state != "Full"`, "absent: json[0]"},
		{`[]`, `first(json).state != "Full"`, "absent: first(json)"},
		{`[]`, `max(json) != 3`, "absent: max(json)"},
		{`[{"a": 1}]`, `find(json, .a == 2)?.b != 3`, "absent: find("},
		{`null`, `json.state != "Full"`, "absent: json.state"},
		{`{"a": null}`, `json.a.b != 1`, "absent: json.a.b"},

		// Nothing at all: only what is asked of the list itself has an answer.
		{`[]`, `all(json, .state == "Down")`, "json is empty"},
		{`[]`, `not all(json, .state == "Down")`, "json is empty"},
		{`[{"s": 1}]`, `all(filter(json, .s == 2), .s == 3)`, "is empty"},
		{`[]`, `any(json, .state == "Down")`, false},
		{`[]`, `none(json, .state == "Down")`, true},
		{`[]`, `not any(json, .state == "Down")`, true},
		{`[]`, `one(json, .state == "Down")`, false},
		{`[]`, `len(filter(json, .state == "Down")) == 0`, true},
		{`[]`, `len(json) == 0`, true},

		// One operand that decides is enough.
		{`{}`, `json.state != "Full" or true`, true},
		{`{}`, `true or json.state != "Full"`, true},
		{`{}`, `json.state != "Full" and false`, false},
		{`{}`, `json.state != "Full" and true`, "absent: json.state"},
		{`{}`, `json.state != "Full" or false`, "absent: json.state"},

		// Absence is asked for.
		{`{}`, `has(json.state)`, false},
		{`{}`, `has(json.a.b.c)`, false},
		{`{}`, `not has(json.a?.b)`, true},
		{`{"state": null}`, `has(json.state)`, true},
		{`[]`, `has(json[0])`, false},
		{`[{"a": 1}]`, `has(find(json, .a == 2))`, false},
		{`[{}, {"s": 1}]`, `one(json, has(.s))`, true},
		{`{}`, `has(json.state) ? json.state != "Full" : true`, true},

		// null is a value, and "??" stands for it.
		{`{}`, `(json.state ?? "none") == "none"`, "absent: json.state"},
		{`{}`, `not any(json?.peers ?? [], .up)`, "absent: json?.peers"},
		{`{"state": null}`, `(json.state ?? "none") == "none"`, true},
		{`{"state": "x"}`, `(json.state ?? "none") == "none"`, false},
		{`{"a": null}`, `json.a == nil`, true},
		{`{"a": null}`, `json.a != "Full"`, true},
		{`{"a": null}`, `not (json.a contains "Full")`, "it is null"},

		// Kinds that do not fit decide nothing either.
		{`{"n": 3}`, `json.n != "3"`, `the number 3 is compared with the text "3"`},
		{`{"n": "3"}`, `json.n < 4`, `the text "3" is compared with the number 4`},
		{`{"n": true}`, `json.n != "yes"`, "true is compared with"},
		{`{"n": 3}`, `json.n.state != 1`, `the number 3 has no field "state"`},
		{`[1]`, `json.state != 1`, `a list has no field "state", it has elements`},
		{`{"a": {"b": 1}}`, `none(json.a, # == 2)`, "values(…)"},
		{`{"n": 3}`, `json.n ? true : false`, "neither true nor false"},
		{`{"n": 0}`, `1 / json.n > 5`, "division by zero"},
		{`{"n": "x"}`, `int(json.n) != 3`, "invalid"},
		{`nonsense`, `json.state != "Full"`, "not JSON"},
		{`nonsense`, `has(json.state)`, "not JSON"},
	} {
		got := eval(t, tt.source, scenarios.View{Text: tt.json, Rows: rows}, nil)
		if want, isText := tt.want.(string); isText {
			if s, ok := got.(string); !ok || !strings.HasPrefix(s, unknown) || !strings.Contains(s, want) {
				t.Errorf("%s over %s: got %v, want it unknown: %s", tt.source, tt.json, got, want)
			}
		} else if got != tt.want {
			t.Errorf("%s over %s: got %v, want %v", tt.source, tt.json, got, tt.want)
		}
	}
}

// A table that the template did not recognise is absent; one without rows is empty.
func TestAbsentTable(t *testing.T) {
	none, empty := scenarios.View{}, scenarios.View{Rows: []map[string]any{}}
	for _, tt := range []struct {
		source      string
		none, empty any
	}{
		{`not any(rows, .STATE == "up")`, "absent: rows", true},
		{`all(rows, .STATE == "up")`, "absent: rows", `all(rows, .STATE == "up"): rows is empty`},
		{`len(rows) == 0`, "absent: rows", true},
		{`rows[0].STATE != "up"`, "absent: rows", "absent: rows[0]"},
		{`has(rows)`, false, true},
		{`count == 0`, true, true},
	} {
		for _, side := range []struct {
			view scenarios.View
			want any
		}{{none, tt.none}, {empty, tt.empty}} {
			got := eval(t, tt.source, side.view, nil)
			if want, isText := side.want.(string); isText && strings.Contains(fmt.Sprint(got), unknown+want) {
				continue
			}
			if got != side.want {
				t.Errorf("%s over rows %v: got %v, want %v", tt.source, side.view.Rows, got, side.want)
			}
		}
	}
}

// The same holds for what was there before, under whichever name it is looked at.
func TestAbsentBefore(t *testing.T) {
	now := scenarios.View{Text: `{"y": 1}`, Exit: 0}
	for _, tt := range []struct {
		source string
		before *scenarios.View
		want   any
	}{
		{`let b = before; b.json?.x != json.y`, &scenarios.View{Text: `{}`}, "absent: b.json"},
		{`let b = before; b.json.x != json.y`, &scenarios.View{Text: `{"x": 2}`}, true},
		{`before.json.x != json.y`, nil, "not known"},
		{`has(before.json.x)`, nil, "not known"},
		{`before.text == text`, &scenarios.View{Unknown: "it ended with status 1"}, "status 1"},
		{`before.json.x != json.y`, &scenarios.View{Text: `oops`}, "not JSON"},
	} {
		got := eval(t, tt.source, now, tt.before)
		if want, isText := tt.want.(string); isText && strings.HasPrefix(fmt.Sprint(got), unknown) && strings.Contains(fmt.Sprint(got), want) {
			continue
		}
		if got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.source, got, tt.want)
		}
	}
}

// An expression that grows by doubling, or visits too much, ends.
func TestEvalIsBounded(t *testing.T) {
	doubling := "let a0 = text; "
	for i := range 60 {
		doubling += fmt.Sprintf("let a%d = a%d + a%d; ", i+1, i, i)
	}
	sharing := "let a0 = [text]; "
	for i := range 60 {
		sharing += fmt.Sprintf("let a%d = [a%d, a%d]; ", i+1, i, i)
	}
	for _, source := range []string{
		doubling + "len(a60) > 0",
		strings.ReplaceAll(sharing, "text", `"x"`) + `string(a60) != ""`,
		sharing + `toJSON(a60) != ""`,
		sharing + `a60 == a60`,
		sharing + `len(flatten(a60)) > 0`,
		`len(repeat(repeat(text, 100000), 100000)) > 0`,
		`len(replace(replace(text, "", repeat("x", 10000)), "", repeat("x", 10000))) > 0`,
		`none(1..100000, any(1..100000, # == 0))`,
		`len(1..9999999999) > 0`,
		`len(map(1..3000000, [#, #, #])) > 0`,
		`len(uniq(1..30000)) > 0`,
		`reduce(1..100000, #acc + text, "") != ""`,
		`len(join(map(1..100000, repeat("x", 1000)), "y")) > 0`,
	} {
		begin := cpuTime(t) // a busy machine does no harm
		got := eval(t, source, scenarios.View{Text: "some text that is there"}, nil)
		if s := fmt.Sprint(got); !strings.Contains(s, "needs more than") {
			t.Errorf("%.60s: got %.60s", source, s)
		}
		if took := cpuTime(t) - begin; took > 5*time.Second {
			t.Errorf("%.60s: took %s", source, took)
		}
	}
}

// What cannot be evaluated again from a record, or not at all, is refused where it is written.
func TestEvalRefuses(t *testing.T) {
	for _, source := range []string{`now() != nil`, `$env != nil`, `date("2026-01-01").Unix() > 0`, `has(text == "")`} {
		p, err := scenarios.CompilePredicate(source, true)
		if err != nil {
			continue
		}
		if v, err := p.Eval(scenarios.View{}, nil); err == nil {
			t.Errorf("%s: gave %v", source, v)
		}
	}
}

// An object's keys come in one order: a record judged again gives the same reason.
func TestEvalIsRepeatable(t *testing.T) {
	text := `{"c": 1, "a": 2, "e": "x", "d": 3, "b": null}`
	for _, source := range []string{`keys(json)`, `values(json)`, `toPairs(json)`, `json == {"a": "", "b": "", "c": "", "d": 0, "e": 9}`} {
		first := eval(t, source, scenarios.View{Text: text}, nil)
		for range 20 {
			if again := eval(t, source, scenarios.View{Text: text}, nil); !reflect.DeepEqual(first, again) {
				t.Fatalf("%s: %v, then %v", source, first, again)
			}
		}
	}
}

// expression draws a well-formed expression of a kind over the fields a to e of json.
func expression(t *rapid.T, want string, depth int) string {
	draw := func(options ...string) string { return rapid.SampledFrom(options).Draw(t, "form") }
	sub := func(kind string) string { return expression(t, kind, depth-1) }
	if depth == 0 {
		switch want {
		case "bool":
			return draw("true", "false", "json.b1", "json.b2", "json.o.b")
		case "number":
			return draw("0", "1", "2.5", "json.n1", "json.n2", "json.o.n", "count")
		case "text":
			return draw(`""`, `"a"`, `"ab"`, "json.s1", "json.s2", "json.o.s")
		default:
			return draw("json.l1", "json.l2", "[1, 2]", "json.o.l")
		}
	}
	switch want {
	case "bool":
		switch draw("logic", "not", "compare", "texts", "in", "list", "if", "leaf") {
		case "logic":
			return "(" + sub("bool") + draw(" and ", " or ") + sub("bool") + ")"
		case "not":
			return "not (" + sub("bool") + ")"
		case "compare":
			k := draw("number", "text")
			return "(" + sub(k) + draw(" == ", " != ", " < ", " <= ", " > ", " >= ") + sub(k) + ")"
		case "texts":
			return "(" + sub("text") + draw(" contains ", " startsWith ", " endsWith ") + sub("text") + ")"
		case "in":
			return "(" + sub("number") + " in " + sub("list") + ")"
		case "list":
			return draw("any", "none", "one") + "(" + sub("list") + ", # " + draw("==", "<", "!=") + " " + sub("number") + ")"
		case "if":
			return "(" + sub("bool") + " ? " + sub("bool") + " : " + sub("bool") + ")"
		default:
			return expression(t, want, 0)
		}
	case "number":
		switch draw("sum", "len", "add", "leaf") {
		case "sum":
			return "(" + sub("number") + draw(" + ", " - ", " * ") + sub("number") + ")"
		case "len":
			return "len(" + sub(draw("text", "list")) + ")"
		case "add":
			return "sum(" + sub("list") + ", # * " + sub("number") + ")"
		default:
			return expression(t, want, 0)
		}
	case "text":
		switch draw("plus", "lower", "let", "default", "leaf") {
		case "plus":
			return "(" + sub("text") + " + " + sub("text") + ")"
		case "lower":
			return draw("lower", "upper", "trim") + "(" + sub("text") + ")"
		case "default":
			return "(" + sub("text") + " ?? " + sub("text") + ")"
		case "let":
			return "(let v" + fmt.Sprint(depth) + " = " + sub("text") + "; v" + fmt.Sprint(depth) + " + v" + fmt.Sprint(depth) + ")"
		default:
			return expression(t, want, 0)
		}
	default:
		switch draw("filter", "map", "leaf") {
		case "filter":
			return "filter(" + sub("list") + ", # > " + sub("number") + ")"
		case "map":
			return "map(" + sub("list") + ", # + " + sub("number") + ")"
		default:
			return expression(t, want, 0)
		}
	}
}

// document draws a JSON document in which every field is there, and the same with some taken
// out.
func document(t *rapid.T) (full, holed string) {
	text := rapid.SampledFrom([]string{"", "a", "b", "ab", "Full"})
	number := rapid.IntRange(-3, 3)
	list := rapid.SliceOfN(number, 0, 3)
	inner := map[string]any{"b": rapid.Bool().Draw(t, "b"), "n": number.Draw(t, "n"), "s": text.Draw(t, "s"), "l": list.Draw(t, "l")}
	doc := map[string]any{
		"b1": rapid.Bool().Draw(t, "b1"), "b2": rapid.Bool().Draw(t, "b2"), "n1": number.Draw(t, "n1"), "n2": number.Draw(t, "n2"),
		"s1": text.Draw(t, "s1"), "s2": text.Draw(t, "s2"), "l1": list.Draw(t, "l1"), "l2": list.Draw(t, "l2"), "o": inner,
	}
	a, _ := json.Marshal(doc)
	for _, k := range []string{"b1", "b2", "n1", "n2", "s1", "s2", "l1", "l2", "o"} {
		if rapid.IntRange(0, 2).Draw(t, "hole") == 0 {
			delete(doc, k)
		}
	}
	for _, k := range []string{"b", "n", "s", "l"} {
		if rapid.IntRange(0, 3).Draw(t, "hole") == 0 {
			delete(inner, k)
		}
	}
	b, _ := json.Marshal(doc)
	return string(a), string(b)
}

// Where nothing is absent the expression gives what expr itself gives. Where something is,
// whatever is put in its place does not change what was decided without it.
func TestEvalAgainstExpr(t *testing.T) {
	decided := 0
	rapid.Check(t, func(t *rapid.T) {
		source := expression(t, "bool", rapid.IntRange(0, 4).Draw(t, "depth"))
		full, holed := document(t)
		p, err := scenarios.CompilePredicate(source, true)
		if err != nil {
			t.Fatal(source, err)
		}
		view := scenarios.View{Text: full, Count: 2}
		got, err := p.Eval(view, nil)
		want, errV1 := p.EvalV1(view, nil)
		if err != nil || errV1 != nil || got != want {
			t.Fatalf("%s over %s: got %v, %v; expr gives %v, %v", source, full, got, err, want, errV1)
		}
		less, err := p.Eval(scenarios.View{Text: holed, Count: 2}, nil)
		if err == nil {
			decided++
			if less != got {
				t.Fatalf("%s: over %s it is %v, and over %s %v", source, holed, less, full, got)
			}
		} else if !strings.Contains(err.Error(), "absent: ") {
			t.Fatalf("%s over %s: %v", source, holed, err)
		}
	})
	if decided == 0 {
		t.Error("nothing was ever decided with something absent")
	}
}

func BenchmarkEval(b *testing.B) {
	text := strings.Repeat("Neighbor ID     Pri State           Up Time\n1.1.1.2 1 Full/DR 10.0.0.2 eth1\n", 40)
	routes := map[string]any{}
	for i := range 200 {
		routes[fmt.Sprintf("10.0.%d.0/24", i)] = []any{map[string]any{"valid": true, "nexthops": []any{}}}
	}
	var rows []map[string]any
	for i := range 48 {
		rows = append(rows, map[string]any{"PORT": fmt.Sprint(i), "LINK": "A", "STATE": "E"})
	}
	object, _ := json.Marshal(map[string]any{"routes": routes})
	for _, bb := range []struct {
		name, source string
		view         scenarios.View
	}{
		{"text", `text contains "Full/" and len(split(text, "Full/")) == 41`, scenarios.View{Text: text}},
		{"matches", `text matches "(?m)^1\\.1\\.1\\.2\\s"`, scenarios.View{Text: text}},
		{"rows", `any(rows, .PORT == ports.p2 && .LINK != "A") or all(rows, .STATE == "E")`, scenarios.View{Rows: rows, Ports: map[string]string{"p2": "2"}}},
		{"count", `count > 0 and rows[0].PORT == "0"`, scenarios.View{Rows: rows, Count: 48}},
		{"json of 9 kB", `"10.0.7.0/24" in json.routes and not ("0.0.0.0/1" in json.routes)`, scenarios.View{Text: string(object)}},
	} {
		p, err := scenarios.CompilePredicate(bb.source, true)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				if v, err := p.Eval(bb.view, nil); v != true || err != nil {
					b.Fatal(v, err)
				}
			}
		})
		b.Run(bb.name+" by expr", func(b *testing.B) {
			for b.Loop() {
				if v, err := p.EvalV1(bb.view, nil); v != true || err != nil {
					b.Fatal(v, err)
				}
			}
		})
	}
}

// Whatever the expression and whatever the text, an evaluation ends, gives the same again, and
// gives what expr gives or nothing.
func FuzzEval(f *testing.F) {
	for _, seed := range [][2]string{
		{`json.a?.b[0] == "x" or not all(json.l, .s in ["a"])`, `{"a": {"b": ["x"]}, "l": []}`},
		{`let b = before; (b.json.x ?? 1) + len(filter(1..9, # > json.n)) > 3`, `{"x": null, "n": 4}`},
		{`text matches "(?m)^a+$" ? sum(map(split(text, "\n"), len(#))) == 3 : has(json[-1])`, "aa\na\n"},
		{`sortBy(json, .n, "desc")[0].n == max(map(json, .n)) and groupBy(json, .n)["1"] != []`, `[{"n": 1}, {"n": 2}]`},
		{`reduce(keys(json), #acc + "," + #) startsWith "a" and toJSON(json) != ""`, `{"b": 1, "a": 2}`},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, source, text string) {
		p, err := scenarios.CompilePredicate(source, true)
		if err != nil {
			return
		}
		view := scenarios.View{Text: text, Count: 1, Ports: map[string]string{"eth1": "1"}}
		before := scenarios.View{Text: text}
		got, err := p.Eval(view, &before)
		again, errAgain := p.Eval(view, &before)
		if got != again || fmt.Sprint(err) != fmt.Sprint(errAgain) {
			t.Fatalf("%q: %v, %v, and then %v, %v", source, got, err, again, errAgain)
		}
		if _, isBool := got.(bool); err == nil && !isBool {
			t.Fatalf("%q gave %v", source, got)
		}
	})
}
