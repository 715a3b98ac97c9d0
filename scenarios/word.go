package scenarios

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
)

// Word is what a word of a probe's own kind stands for.
type Word struct {
	// Value is a bool, an int, a float64, or a map[string]any or a list of these.
	Value any
	// Least and Most bound a number that is known no better; both 0 where it is known.
	Least, Most float64
	// Because says why it is known no better; empty where that needs no word.
	Because string
	// Why says why it is unknown; empty where it is not.
	Why string
}

// in gives the value of a word at a place of an expression. A number of which bounds are known has
// none: it can only be compared, see between.
func (w Word) in(n ast.Node) any {
	switch {
	case w.Why != "":
		return no(n, "%s", w.Why)
	case w.Least != w.Most && w.Because != "":
		return no(n, "it is known only to be %s: %s", span{w.Least, w.Most}, w.Because)
	case w.Least != w.Most:
		return no(n, "it is known only to be %s", span{w.Least, w.Most})
	default:
		return w.Value
	}
}

// span is a number of which bounds are known.
type span struct{ least, most float64 }

// String gives it for people.
func (s span) String() string {
	number := func(f float64) string { return strconv.FormatFloat(f, 'g', 6, 64) }
	return "between " + number(s.least) + " and " + number(s.most)
}

// word is what is known of a word beyond its value.
func (v View) word(name string) Word {
	switch {
	case name == "took" && v.AtLeast:
		return Word{Least: v.Took, Most: math.Inf(1)}
	case name == "count" && v.Partial != "":
		return Word{Least: float64(v.Count), Most: math.Inf(1)}
	default:
		return v.Words[name]
	}
}

// between compares a word of which bounds are known with a number: that is decided where it is the same
// for all that the word may be. ok is false where there is no such word, or nothing is decided.
func (e *evaluator) between(n *ast.BinaryNode) (v, ok bool) {
	name := wordNamed(n.Left)
	other, operator := n.Right, n.Operator
	if name == "" {
		name = wordNamed(n.Right)
		other, operator = n.Left, map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}[operator]
	}
	if name == "" {
		return false, false
	}
	w := e.now.word(name)
	if w.Why != "" || w.Least == w.Most {
		return false, false
	}
	x, number := toFloat(e.value(other))
	if !number {
		return false, false
	}
	if operator == "==" || operator == "!=" {
		return operator == "!=", w.Because != "" && (x < w.Least || x > w.Most)
	}
	compare := map[string]func(f float64) bool{
		"<": func(f float64) bool { return f < x }, "<=": func(f float64) bool { return f <= x },
		">": func(f float64) bool { return f > x }, ">=": func(f float64) bool { return f >= x },
	}[operator]
	if compare == nil || compare(w.Least) != compare(w.Most) {
		return false, false
	}
	return compare(w.Least), true
}

// wordNamed is the word that a node is, with the part of it that is meant: gap, latency.max; empty where it is none.
func wordNamed(n ast.Node) string {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value
	case *ast.MemberNode:
		base, isWord := n.Node.(*ast.IdentifierNode)
		part, isText := n.Property.(*ast.StringNode)
		if isWord && isText && base.Value != "before" {
			return base.Value + "." + part.Value
		}
	}
	return ""
}

func toFloat(v any) (float64, bool) {
	switch x := v.(type) {
	case int:
		return float64(x), true
	case float64:
		return x, true
	default:
		return 0, false
	}
}

// inSeconds writes the times of an expression, as 50ms or 1m30s, in seconds. moved gives a column of
// what it returns as it was written.
func inSeconds(written string) (source string, moved func(column int) int) {
	type shift struct{ from, by int } // in letters
	var shifts []shift
	var out strings.Builder
	column, made := 0, 0
	rest := written
	put := func(n int, as string) {
		column, made = column+len([]rune(rest[:n])), made+len([]rune(as))
		out.WriteString(as)
		rest = rest[n:]
	}
	for rest != "" {
		switch c := rest[0]; {
		case c == '"' || c == '\'' || c == '`':
			n := quoted(rest)
			put(n, rest[:n])
		case c >= '0' && c <= '9':
			n := word(rest)
			as := rest[:n]
			if d, err := time.ParseDuration(as); err == nil && as[n-1] > '9' {
				as = strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
			}
			put(n, as)
			shifts = append(shifts, shift{made, column - made})
		case letter(c):
			n := word(rest)
			put(n, rest[:n])
		default:
			put(1, rest[:1])
		}
	}
	return out.String(), func(at int) int {
		by := 0
		for _, s := range shifts {
			if at >= s.from {
				by = s.by
			}
		}
		return at + by
	}
}

func letter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// word is how long the number or name is that a text begins with.
func word(s string) int {
	n := 0
	for n < len(s) && (letter(s[n]) || s[n] >= '0' && s[n] <= '9' || s[n] == '.' && n+1 < len(s) && s[n+1] >= '0' && s[n+1] <= '9') {
		n++
	}
	return n
}

// quoted is how long the quoted text is that a text begins with.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && s[0] != '`':
			i++
		case s[i] == s[0]:
			return i + 1
		}
	}
	return len(s)
}
