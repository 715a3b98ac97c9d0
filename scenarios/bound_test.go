package scenarios_test

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/scenarios"
)

// TestExpressionsAreBounded: by the rules of older records too, no expression takes more than its bounds of bytes and time,
// however it tries; and what people write stays far below them.
func TestExpressionsAreBounded(t *testing.T) {
	text := strings.Repeat("a line of an answer, with words\n", 32<<10) // 1 MiB
	rows := make([]map[string]any, 20_000)
	evals := map[string]func(*scenarios.Predicate, scenarios.View) (any, error){"2": func(p *scenarios.Predicate, v scenarios.View) (any, error) { return p.Eval(v, nil) }}
	if !testing.Short() {
		evals["1"] = func(p *scenarios.Predicate, v scenarios.View) (any, error) { return p.EvalV1(v, nil) }
	}
	for i := range rows {
		rows[i] = map[string]any{"STATE": "Full", "N": i}
	}
	doubling := func(first, step string, n int, last string) string {
		var b strings.Builder
		fmt.Fprintf(&b, "let v0 = %s; ", first)
		for i := range n {
			fmt.Fprintf(&b, "let v%d = %s; ", i+1, strings.ReplaceAll(step, "V", fmt.Sprintf("v%d", i)))
		}
		return b.String() + strings.ReplaceAll(last, "V", fmt.Sprintf("v%d", n))
	}
	absurd := map[string]string{
		"doubled texts":             doubling("text", "V + V", 40, `V contains "x"`),
		"doubled within a list":     `len(map(1..100000, text + text)) > 0`,
		"repeat":                    `len(repeat(text, 1000000)) > 0`,
		"repeat of repeat":          doubling(`"ab"`, "repeat(V, 1000)", 9, "len(V) > 0"),
		"replace of nothing":        `len(replace(text, "", text)) > 0`,
		"replace of replace":        doubling("text", `replace(V, "a", "aaaaaaaaaa")`, 9, "len(V) > 0"),
		"join":                      `len(join(map(1..100000, "x"), text)) > 0`,
		"lists of lists":            doubling("[text]", "[V, V]", 40, "len(toJSON(V)) > 0"),
		"maps of maps":              doubling("{a: text}", "{a: V, b: V}", 40, "len(string(V)) > 0"),
		"lists compared":            doubling("[1]", "[V, V]", 40, "V == V"),
		"lists flattened":           doubling("[1]", "[V, V]", 40, "len(flatten(V)) > 0"),
		"lists concatenated":        doubling("map(1..1000, text)", "concat(V, V)", 30, "len(V) > 0"),
		"rows within rows":          `all(rows, all(rows, all(rows, .N >= 0)))`,
		"a pattern out of a text":   `none(1..900000, text matches ("(a|b|c|d)*" + "xyz"))`,
		"a large pattern":           `text matches "` + strings.Repeat("w{900}", 30) + `"`,
		"searches without end":      `none(1..900000, text contains "nowhere")`,
		"matches without end":       `none(1..900000, text matches "(a|b|c|d)*xyz")`,
		"upper without end":         `all(1..900000, len(upper(text)) > 0)`,
		"split without end":         `all(1..900000, len(split(text, "")) > 0)`,
		"reduce":                    `len(reduce(1..900000, #acc + text, "")) > 0`,
		"sorted rows in rows":       `len(filter(rows, len(sortBy(rows, .N)) > 0)) > 0`,
		"a budget of its own":       `__budget != nil and len(repeat(text, 1000000)) > 0`,
		"texts of a group":          `len(string(groupBy(1..100000, text + string(#)))) > 0`,
		"json of json":              doubling("text", "toJSON([V, V])", 30, "len(V) > 0"),
		"a base64 of a base64":      doubling("text", "toBase64(V)", 60, "len(V) > 0"),
		"trimmed for ever":          `all(1..900000, len(trim(text + "x")) > 0)`,
		"compared by order":         `all(1..900000, text < text + "x")`,
		"the place of what is last": `none(1..900000, indexOf(text, "nowhere") > 0)`,
	}
	for i, name := range slices.Sorted(maps.Keys(absurd)) {
		if testing.Short() && i%4 != 0 {
			continue
		}
		source := absurd[name]
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := cpuTime(t)
			p, err := scenarios.CompilePredicate(source, true)
			if err != nil { // refused, at once
				t.Log(err)
				return
			}
			for rules, eval := range evals {
				if v, err := eval(p, scenarios.View{Text: text, Rows: rows}); err == nil {
					t.Errorf("by rules %s it has the value %v", rules, v)
				}
			}
			took := cpuTime(t) - start
			runtime.ReadMemStats(&after)
			if took > 3*time.Minute { // of the processor, and under the race detector: without bounds it is hours
				t.Errorf("it took %s", took)
			}
			if made := (after.TotalAlloc - before.TotalAlloc) >> 20; made > 1024 {
				t.Errorf("it made %d MiB", made)
			}
		})
	}
	for source, want := range map[string]bool{
		`text contains "answer" and not (text contains "nowhere")`:                                                 true,
		`all(rows, .STATE == "Full" and .N >= 0)`:                                                                  true,
		`len(split(text, "\n")) > 1000 and text matches "with words"`:                                              true,
		`len(filter(rows, .N > 10)) + 11 == len(rows)`:                                                             true,
		`let a = "x" + "y"; a + a == "xyxy" and 1 + 2 == 3 and 1 + 0.5 > 1.2`:                                      true,
		`join(["a", "b"], "-") == "a-b" and join(["a", "b"]) == "ab"`:                                              true,
		`replace("aab", "a", "c") == "ccb" and replace("aab", "a", "c", 1) == "cab" and repeat("ab", 2) == "abab"`: true,
	} {
		p, err := scenarios.CompilePredicate(source, true)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := p.EvalV1(scenarios.View{Text: text, Rows: rows}, nil); err != nil || v != want {
			t.Errorf("%s: %v, %v", source, v, err)
		}
	}
	if _, err := scenarios.CompilePredicate(`text + 1 == "x"`, true); err == nil {
		t.Error("a text and a number are added")
	}
}

// cpuTime is what this process has used of the processors: other than the clock, it does not
// run while somebody else does.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
