package scenarios

import (
	"math"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// numbers are what a quantity of an expression can be.
type numbers struct {
	min, max float64
	only     []float64 // none other, where it is not empty
	whole    bool
}

func (n numbers) has(v float64) bool {
	return v >= n.min && v <= n.max && (!n.whole || v == math.Trunc(v)) && (len(n.only) == 0 || slices.Contains(n.only, v))
}

// quantities are the numbers that a condition's probe can give.
func quantities(c Condition) func(string) (numbers, bool) {
	sight := c.Probe().Sight()
	return func(name string) (numbers, bool) {
		switch {
		case name == "count" && sight.Most > 0:
			return numbers{0, float64(sight.Most), nil, true}, true
		case name == "count" || strings.HasPrefix(name, "len(") || strings.HasPrefix(name, "count("):
			return numbers{0, math.Inf(1), nil, true}, true
		case name == "exit" && sight.Channel != "":
			n := numbers{0, 255, nil, true}
			if !c.Exit.Any() {
				for _, e := range c.Exit {
					n.only = append(n.only, float64(e))
				}
			}
			return n, true
		case sight.Flow && (name == "loss"):
			return numbers{0, 1, nil, false}, true
		case sight.Flow && slices.Contains([]string{"sent", "received", "lost", "duplicated", "reordered"}, name):
			return numbers{0, math.Inf(1), nil, true}, true
		case sight.Flow && (name == "gap" || strings.HasPrefix(name, "latency.")):
			return numbers{0, math.Inf(1), nil, false}, true
		case sight.Fields != nil && slices.Contains([]string{"json.gap", "json.silence", "json.rate", "json.bytes"}, name), strings.HasPrefix(name, "abs("):
			return numbers{0, math.Inf(1), nil, false}, true
		case name == "took":
			return numbers{0, math.Inf(1), nil, false}, true
		default: // any, and of one thing only one
			return numbers{math.Inf(-1), math.Inf(1), nil, false}, true
		}
	}
}

// impossible gives the expression where it can never be true, by what the
// numbers in it can be and by what it says of one thing twice; empty where that cannot be
// told by its form.
func (p *Predicate) impossible(of func(name string) (numbers, bool)) string {
	i := impossibility{of}
	if i.never(p.node, false) {
		return p.source
	}
	return ""
}

// certain reports whether the expression is true whatever the network does, as far as that can be told by its form.
func (p *Predicate) certain(of func(name string) (numbers, bool)) bool {
	return impossibility{of}.never(p.node, true)
}

type impossibility struct {
	of func(name string) (numbers, bool)
}

// never reports whether a node, or its opposite, is never true.
func (i impossibility) never(n ast.Node, not bool) bool {
	if inner, ok := negated(n); ok {
		return i.never(inner, !not)
	}
	if v, known := fixed(n); known {
		return v == not
	}
	if b, ok := n.(*ast.BinaryNode); ok && either(b.Operator, not) {
		return i.never(b.Left, not) && i.never(b.Right, not)
	}
	return i.contradicts(parts(n, not))
}

// fixed gives the value of what is the same of every answer: a thing beside itself, and what every text has.
func fixed(n ast.Node) (value, known bool) {
	if b, ok := n.(*ast.BoolNode); ok {
		return b.Value, true
	}
	b, ok := n.(*ast.BinaryNode)
	if !ok {
		return false, false
	}
	right, isText := b.Right.(*ast.StringNode)
	if list, ok := b.Right.(*ast.ArrayNode); ok && b.Operator == "in" && len(list.Nodes) == 0 {
		return false, true
	}
	if isText && never(b.Left, b.Operator, right.Value) {
		return b.Operator == "!=", true
	}
	switch b.Operator {
	case "==", "<=", ">=":
		return true, b.Left.String() == b.Right.String()
	case "!=", "<", ">":
		return false, b.Left.String() == b.Right.String()
	case "contains", "startsWith", "endsWith":
		return true, isText && right.Value == ""
	case "matches":
		return true, isText && matchesAll(right.Value)
	default:
		return false, false
	}
}

// never reports whether what a builtin makes of a text has what it is compared with in none: capital letters behind lower,
// blanks at the ends behind trim.
func never(n ast.Node, operator, with string) bool {
	call, ok := n.(*ast.BuiltinNode)
	if operator == "matches" {
		return matchesNone(with, false)
	}
	if !ok || len(call.Arguments) != 1 || !slices.Contains([]string{"==", "!=", "contains", "startsWith", "endsWith"}, operator) {
		return false
	}
	switch call.Name {
	case "lower":
		return with != strings.ToLower(with)
	case "upper":
		return with != strings.ToUpper(with)
	case "trim":
		left, right := with != strings.TrimLeft(with, " \t\r\n"), with != strings.TrimRight(with, " \t\r\n")
		return left && operator != "contains" && operator != "endsWith" || right && operator != "contains" && operator != "startsWith"
	default:
		return false
	}
}

// matchesNone reports whether a regular expression finds something in no text, as far as its form shows it: what it needs
// stands before the begin or behind the end. In a line, which has no line end within, that is so of every line of it.
func matchesNone(pattern string, line bool) bool {
	re, err := syntax.Parse(pattern, syntax.Perl)
	return err == nil && none(re.Simplify(), line)
}

func none(re *syntax.Regexp, line bool) bool {
	begins := func(re *syntax.Regexp) bool {
		return re.Op == syntax.OpBeginText || line && re.Op == syntax.OpBeginLine
	}
	ends := func(re *syntax.Regexp) bool { return re.Op == syntax.OpEndText || line && re.Op == syntax.OpEndLine }
	sub := func(re *syntax.Regexp) bool { return none(re, line) }
	switch re.Op {
	case syntax.OpNoMatch:
		return true
	case syntax.OpLiteral:
		return line && slices.Contains(re.Rune, '\n')
	case syntax.OpCharClass:
		return line && len(re.Rune) == 2 && re.Rune[0] == '\n' && re.Rune[1] == '\n'
	case syntax.OpCapture, syntax.OpPlus:
		return sub(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min > 0 && sub(re.Sub[0])
	case syntax.OpAlternate:
		return !slices.ContainsFunc(re.Sub, func(s *syntax.Regexp) bool { return !sub(s) })
	case syntax.OpConcat:
		before, ended := false, false
		for _, s := range re.Sub {
			if sub(s) || begins(s) && before || ended && needsLetters(s) {
				return true
			}
			before, ended = before || needsLetters(s), ended || ends(s)
		}
		return false
	default:
		return false
	}
}

// needsLetters reports whether a regular expression matches nothing without a letter.
func needsLetters(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpBeginText, syntax.OpEndText, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return false
	case syntax.OpCapture, syntax.OpPlus:
		return needsLetters(re.Sub[0])
	case syntax.OpConcat:
		return slices.ContainsFunc(re.Sub, needsLetters)
	case syntax.OpAlternate:
		return !slices.ContainsFunc(re.Sub, func(s *syntax.Regexp) bool { return !needsLetters(s) })
	case syntax.OpRepeat:
		return re.Min > 0 && needsLetters(re.Sub[0])
	default:
		return !isEmpty(re)
	}
}

// matchesAll reports whether a regular expression finds something in every text, as far as its form shows it.
func matchesAll(pattern string) bool {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return false
	}
	re = re.Simplify()
	if re.Op == syntax.OpConcat && len(re.Sub) > 0 { // one end of the text is always there, and both are with what is between
		switch first, last := re.Sub[0], re.Sub[len(re.Sub)-1]; {
		case first.Op == syntax.OpBeginText || first.Op == syntax.OpBeginLine:
			re.Sub = re.Sub[1:]
		case last.Op == syntax.OpEndText || last.Op == syntax.OpEndLine:
			re.Sub = re.Sub[:len(re.Sub)-1]
		}
	}
	return isEmpty(re)
}

// isEmpty reports whether a regular expression matches no characters, anywhere.
func isEmpty(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpStar, syntax.OpQuest:
		return true
	case syntax.OpCapture, syntax.OpPlus:
		return isEmpty(re.Sub[0])
	case syntax.OpConcat:
		return !slices.ContainsFunc(re.Sub, func(s *syntax.Regexp) bool { return !isEmpty(s) })
	case syntax.OpAlternate:
		return slices.ContainsFunc(re.Sub, isEmpty)
	default:
		return re.Op == syntax.OpRepeat && re.Min == 0
	}
}

// part is one of several that must all be true.
type part struct {
	node ast.Node
	not  bool
}

func negated(n ast.Node) (ast.Node, bool) {
	u, ok := n.(*ast.UnaryNode)
	if !ok || u.Operator != "not" && u.Operator != "!" {
		return nil, false
	}
	return u.Node, true
}

// either reports whether one side is enough: of an "or", or of an "and" that is negated.
func either(operator string, not bool) bool {
	or, and := operator == "or" || operator == "||", operator == "and" || operator == "&&"
	return or && !not || and && not
}

// parts takes apart what must be true together.
func parts(n ast.Node, not bool) []part {
	if inner, ok := negated(n); ok {
		return parts(inner, !not)
	}
	if b, ok := n.(*ast.BinaryNode); ok && either(b.Operator, !not) {
		return append(parts(b.Left, not), parts(b.Right, not)...)
	}
	return []part{{n, not}}
}

// contradicts reports whether parts can never be true together.
func (i impossibility) contradicts(list []part) bool {
	said := map[string]bool{}
	equal := map[string]string{}
	asked := map[string][]comparison{}
	for _, p := range list {
		if v, known := fixed(p.node); known && v == p.not {
			return true
		}
		text := p.node.String()
		if was, twice := said[text]; twice && was != p.not {
			return true
		}
		said[text] = p.not
		b, ok := p.node.(*ast.BinaryNode)
		if !ok {
			if len(list) > 1 && i.never(p.node, p.not) {
				return true
			}
			continue
		}
		if either(b.Operator, p.not) && i.never(b, p.not) {
			return true
		}
		if s, ok := b.Right.(*ast.StringNode); ok && b.Operator == "==" && !p.not {
			if other, twice := equal[b.Left.String()]; twice && other != s.Value {
				return true
			}
			equal[b.Left.String()] = s.Value
		}
		if c, ok := comparisonOf(b, p.not); ok {
			asked[c.of] = append(asked[c.of], c)
		}
	}
	for name, all := range asked {
		if can, known := i.of(name); known && !satisfiable(can, all) {
			return true
		}
	}
	return false
}

// comparison is one of a quantity with numbers.
type comparison struct {
	of, op string
	with   []float64
	not    bool
}

// comparisonOf reads exit == 3, 3 < count, exit in [1, 2].
func comparisonOf(b *ast.BinaryNode, not bool) (comparison, bool) {
	mirror := map[string]string{"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
	if list, ok := b.Right.(*ast.ArrayNode); ok && b.Operator == "in" {
		c := comparison{of: b.Left.String(), op: "in", not: not}
		for _, n := range list.Nodes {
			v, ok := numberOf(n)
			if !ok {
				return c, false
			}
			c.with = append(c.with, v)
		}
		return c, true
	}
	if _, known := mirror[b.Operator]; !known {
		return comparison{}, false
	}
	if v, ok := numberOf(b.Right); ok {
		return comparison{b.Left.String(), b.Operator, []float64{v}, not}, true
	}
	if v, ok := numberOf(b.Left); ok {
		return comparison{b.Right.String(), mirror[b.Operator], []float64{v}, not}, true
	}
	return comparison{}, false
}

func numberOf(n ast.Node) (float64, bool) {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return float64(n.Value), true
	case *ast.FloatNode:
		return n.Value, true
	case *ast.UnaryNode:
		v, ok := numberOf(n.Node)
		return -v, ok && n.Operator == "-"
	default:
		return 0, false
	}
}

func (c comparison) holds(v float64) bool {
	is := false
	switch c.op {
	case "in":
		is = slices.Contains(c.with, v)
	case "==":
		is = v == c.with[0]
	case "!=":
		is = v != c.with[0]
	case "<":
		is = v < c.with[0]
	case "<=":
		is = v <= c.with[0]
	case ">":
		is = v > c.with[0]
	case ">=":
		is = v >= c.with[0]
	}
	return is != c.not
}

// satisfiable tries the numbers at, between and beyond those that are compared with: elsewhere
// nothing changes.
func satisfiable(can numbers, all []comparison) bool {
	var at []float64
	tries := append([]float64{can.min, can.max}, can.only...)
	for _, end := range []float64{can.min, can.max} {
		if !math.IsInf(end, 0) {
			at = append(at, end)
		}
	}
	for _, c := range all {
		for _, v := range c.with {
			at = append(at, v)
			for _, d := range []float64{0, 1, -1} {
				tries = append(tries, v+d, math.Ceil(v+d), math.Floor(v+d))
			}
		}
	}
	slices.Sort(at)
	for i := 1; i < len(at); i++ {
		tries = append(tries, at[i-1]+(at[i]-at[i-1])/2)
	}
	return slices.ContainsFunc(tries, func(v float64) bool {
		return can.has(v) && !slices.ContainsFunc(all, func(c comparison) bool { return !c.holds(v) })
	})
}

// limits says, for a hint, what the numbers of an expression can be.
func limits(c Condition, p *Predicate) string {
	var words []string
	if most := c.Probe().Sight().Most; most > 0 && p.uses["count"] {
		words = append(words, "count is 0 to "+strconv.Itoa(most))
	}
	if p.uses["exit"] {
		if len(c.Exit) > 0 && !c.Exit.Any() {
			words = append(words, "the statuses that exit names are the answers")
		} else {
			words = append(words, "exit is 0 to 255")
		}
	}
	if p.uses["count"] || p.uses["exit"] || p.uses["took"] || strings.Contains(p.source, "len(") {
		return strings.Join(append(words, "no number of things and no time is below 0"), "; ")
	}
	return "its parts exclude each other"
}
