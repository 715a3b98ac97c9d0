package scenarios

import (
	"maps"
	"math"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"time"

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

// mostRows bounds the frames that are told one by one, as in harness/evidence.
const mostRows = 100

// quantities are the numbers that a condition's probe can give. since is how long what is counted from the begin of the stimulus
// can be; 0 where nobody knows.
func quantities(c Condition, since time.Duration) func(string) (numbers, bool) {
	sight := c.Probe().Sight()
	long := math.Inf(1)
	if since > 0 {
		long = since.Seconds()
	}
	return func(name string) (numbers, bool) {
		was := strings.HasPrefix(name, "before.")
		switch name = strings.TrimPrefix(name, "before."); {
		case name == "len(rows)" && sight.Fields != nil && c.Frame != nil:
			return numbers{0, mostRows, nil, true}, true
		case name == "count" && sight.Most > 0:
			return numbers{0, float64(sight.Most), nil, true}, true
		case name == "count" || strings.HasPrefix(name, "len(") || strings.HasPrefix(name, "count("):
			return numbers{0, math.Inf(1), nil, true}, true
		case name == "exit" && sight.Channel != "":
			n := numbers{0, 255, nil, true}
			for e := 0; e <= 255 && len(c.Exit) > 0; e++ {
				if c.Exit.Allows(e) {
					n.only = append(n.only, float64(e))
				}
			}
			return n, true
		case sight.Flow && (name == "loss"):
			return numbers{0, 1, nil, false}, true
		case sight.Flow && slices.Contains([]string{"sent", "received", "lost", "duplicated", "reordered"}, name):
			return numbers{0, math.Inf(1), nil, true}, true
		case (sight.Flow && name == "gap" || sight.Fields != nil && c.Frame != nil && slices.Contains([]string{"json.gap", "json.silence", "json.first", "json.last"}, name)) && !was:
			return numbers{0, long, nil, false}, true
		case sight.Flow && (name == "gap" || strings.HasPrefix(name, "latency.")):
			return numbers{0, math.Inf(1), nil, false}, true
		case sight.Fields != nil && slices.Contains([]string{"json.gap", "json.silence", "json.rate", "json.bytes"}, name), strings.HasPrefix(name, "abs("):
			return numbers{0, math.Inf(1), nil, false}, true
		case name == "took" && !was && c.Probe().Kind() != ProbeStep && c.Length() > 0: // a longer look ends outside the window
			return numbers{0, c.Length().Seconds(), nil, false}, true
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
	if p.possibly(of).never(p.node, false) {
		return p.source
	}
	return ""
}

// certain reports whether the expression is true whatever the network does, as far as that can be told by its form.
func (p *Predicate) certain(of func(name string) (numbers, bool)) bool {
	return p.possibly(of).never(p.node, true)
}

// possibly is what the numbers in the expression can be.
func (p *Predicate) possibly(of func(name string) (numbers, bool)) impossibility {
	return impossibility{of: of, p: p, flow: p.uses["sent"] || p.uses["received"] || p.uses["lost"] || p.uses["reordered"] || p.uses["latency"], tries: new(int)}
}

type impossibility struct {
	of    func(name string) (numbers, bool)
	p     *Predicate
	flow  bool                // it looks at the words of a flow
	vars  map[string]ast.Node // what let gives names to
	tries *int                // evaluations so far
}

// never reports whether a node, or its opposite, is never true.
func (i impossibility) never(n ast.Node, not bool) bool {
	if inner, ok := negated(n); ok {
		return i.never(inner, !not)
	}
	if v, known := fixed(n); known {
		return v == not
	}
	if i.tried(n, not) {
		return true
	}
	if let, ok := n.(*ast.VariableDeclaratorNode); ok {
		vars := maps.Clone(i.vars)
		if vars == nil {
			vars = map[string]ast.Node{}
		}
		vars[let.Name], i.vars = let.Value, vars
		return i.never(let.Expr, not)
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
	if slices.Contains([]syntax.Op{syntax.OpBeginText, syntax.OpEndText, syntax.OpBeginLine, syntax.OpEndLine}, re.Op) {
		return true
	}
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

// noLetters reports whether a regular expression has both ends of a text, and nothing between.
func noLetters(pattern string) bool {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil || re.Op != syntax.OpConcat {
		return false
	}
	begins, ends := false, false
	for _, s := range re.Sub {
		switch s.Op {
		case syntax.OpBeginText, syntax.OpBeginLine:
			begins = true
		case syntax.OpEndText, syntax.OpEndLine:
			ends = true
		default:
			return false
		}
	}
	return begins && ends
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
	spans := map[string]numbers{}
	var relations []relation
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
		if len(list) > 1 && i.tried(b, p.not) {
			return true
		}
		if between, ok := i.between(b); ok && !p.not {
			relations = append(relations, between(spans)...)
			continue
		}
		if c, ok := comparisonOf(b, p.not); ok && c.op == "in" {
			asked[c.of], spans[c.of] = append(asked[c.of], c), i.span(b.Left)
		} else if r, ok := i.relationOf(b, p.not, spans); ok {
			relations = append(relations, r)
		}
	}
	for _, r := range relations {
		if c, ok := r.single(); ok {
			asked[c.of] = append(asked[c.of], c)
		} else if r.never(spans) {
			return true
		}
	}
	for name, all := range asked {
		if !satisfiable(spans[name], all) {
			return true
		}
	}
	return i.excluded(relations, spans)
}

// comparison is one of a quantity with numbers.
type comparison struct {
	of, op string
	with   []float64
	not    bool
}

// comparisonOf reads exit in [1, 2].
func comparisonOf(b *ast.BinaryNode, not bool) (comparison, bool) {
	list, ok := b.Right.(*ast.ArrayNode)
	if !ok || b.Operator != "in" {
		return comparison{}, false
	}
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

// between reads exit in 1..3.
func (i impossibility) between(b *ast.BinaryNode) (func(spans map[string]numbers) []relation, bool) {
	ends, ok := b.Right.(*ast.BinaryNode)
	if !ok || b.Operator != "in" || ends.Operator != ".." {
		return nil, false
	}
	return func(spans map[string]numbers) []relation {
		from, _ := i.relationOf(&ast.BinaryNode{Operator: ">=", Left: b.Left, Right: ends.Left}, false, spans)
		to, _ := i.relationOf(&ast.BinaryNode{Operator: "<=", Left: b.Left, Right: ends.Right}, false, spans)
		return []relation{from, to}
	}, true
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
		if c.Exit.Any() {
			words = append(words, "with any no status is an answer that says that the shell could not run the command (126, 127)")
		} else if len(c.Exit) > 0 {
			words = append(words, "the statuses that exit names are the answers")
		} else {
			words = append(words, "exit is 0 to 255")
		}
	}
	if p.uses["took"] && c.Length() > 0 && c.Probe().Kind() != ProbeStep {
		words = append(words, "what takes longer than the window of "+c.Length().String()+" is not seen within it")
	}
	if p.uses["gap"] || c.Frame != nil && p.uses["json"] {
		words = append(words, "what is counted since the stimulus is no longer than that and the window together")
	}
	if p.uses["received"] || p.uses["lost"] {
		words = append(words, "no more is received, or lost, than was sent")
	}
	if len(words) > 0 || p.uses["count"] || p.uses["exit"] || p.uses["took"] || strings.Contains(p.source, "len(") {
		return strings.Join(append(words, "no number of things and no time is below 0"), "; ")
	}
	return "its parts exclude each other"
}
