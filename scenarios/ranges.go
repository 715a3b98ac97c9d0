package scenarios

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
)

// span is what a part of an expression can be, by what is in it.
func (i impossibility) span(n ast.Node) numbers {
	if v, ok := numberOf(n); ok {
		return numbers{v, v, nil, v == math.Trunc(v)}
	}
	switch n := n.(type) {
	case *ast.IdentifierNode:
		if meant, ok := i.vars[n.Value]; ok {
			return i.span(meant)
		}
	case *ast.UnaryNode:
		if n.Operator == "-" {
			s := i.span(n.Node)
			return numbers{-s.max, -s.min, nil, s.whole}
		}
	case *ast.BinaryNode:
		l, r := i.span(n.Left), i.span(n.Right)
		switch n.Operator {
		case "+":
			return around([]float64{l.min + r.min, l.max + r.max}, l.whole && r.whole)
		case "-":
			return around([]float64{l.min - r.max, l.max - r.min}, l.whole && r.whole)
		case "*":
			return around([]float64{l.min * r.min, l.min * r.max, l.max * r.min, l.max * r.max}, l.whole && r.whole)
		case "/":
			if r.min == r.max && r.min != 0 {
				return around([]float64{l.min / r.min, l.max / r.min}, false)
			}
		}
		return anyNumber()
	case *ast.BuiltinNode:
		if n.Name == "len" && len(n.Arguments) == 1 && splits(n.Arguments[0]) {
			return numbers{1, math.Inf(1), nil, true}
		}
	}
	can, _ := i.of(n.String())
	return can
}

// splits reports whether a node takes a text apart at another, of which there is one part at least.
func splits(n ast.Node) bool {
	call, ok := n.(*ast.BuiltinNode)
	if !ok || call.Name != "split" || len(call.Arguments) != 2 {
		return false
	}
	at, ok := call.Arguments[1].(*ast.StringNode)
	return ok && at.Value != ""
}

func anyNumber() numbers { return numbers{math.Inf(-1), math.Inf(1), nil, false} }

// around is from the least to the most of some; what they do not tell has no bound.
func around(ends []float64, whole bool) numbers {
	if slices.ContainsFunc(ends, math.IsNaN) {
		return numbers{math.Inf(-1), math.Inf(1), nil, whole}
	}
	return numbers{slices.Min(ends), slices.Max(ends), nil, whole}
}

// sum is a sum of quantities, each as often as it says, and a number.
type sum struct {
	of   map[string]float64
	plus float64
}

// add adds a part of an expression to it, so often. What is no sum is a quantity of its own.
func (i impossibility) add(s *sum, n ast.Node, times float64, spans map[string]numbers) {
	if v, ok := numberOf(n); ok {
		s.plus += times * v
		return
	}
	switch n := n.(type) {
	case *ast.IdentifierNode:
		if meant, ok := i.vars[n.Value]; ok {
			i.add(s, meant, times, spans)
			return
		}
	case *ast.UnaryNode:
		if n.Operator == "-" {
			i.add(s, n.Node, -times, spans)
			return
		}
	case *ast.BinaryNode:
		left, isLeft := numberOf(n.Left)
		right, isRight := numberOf(n.Right)
		switch {
		case n.Operator == "+" || n.Operator == "-":
			i.add(s, n.Left, times, spans)
			if n.Operator == "-" {
				times = -times
			}
			i.add(s, n.Right, times, spans)
			return
		case n.Operator == "*" && isLeft:
			i.add(s, n.Right, times*left, spans)
			return
		case n.Operator == "*" && isRight:
			i.add(s, n.Left, times*right, spans)
			return
		case n.Operator == "/" && isRight && right != 0:
			i.add(s, n.Left, times/right, spans)
			return
		}
	}
	name := n.String()
	spans[name] = i.span(n)
	if s.of[name] += times; s.of[name] == 0 {
		delete(s.of, name)
	}
}

// relation is that a sum is beside 0 as its operator says.
type relation struct {
	sum
	op string
}

// relationOf reads a comparison of two numbers of which neither is written, or of sums of such.
func (i impossibility) relationOf(b *ast.BinaryNode, not bool, spans map[string]numbers) (relation, bool) {
	opposite := map[string]string{"<": ">=", ">": "<=", "<=": ">", ">=": "<", "==": "!=", "!=": "=="}
	other, compares := opposite[b.Operator]
	if !compares {
		return relation{}, false
	}
	r := relation{sum{map[string]float64{}, 0}, b.Operator}
	if not {
		r.op = other
	}
	i.add(&r.sum, b.Left, 1, spans)
	i.add(&r.sum, b.Right, -1, spans)
	return r, len(r.of) > 0
}

// single gives it as a comparison of one quantity with a number.
func (r relation) single() (comparison, bool) {
	if len(r.of) != 1 {
		return comparison{}, false
	}
	mirror := map[string]string{"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
	for name, times := range r.of {
		op := r.op
		if times < 0 {
			op = mirror[op]
		}
		return comparison{of: name, op: op, with: []float64{-r.plus / times}}, true
	}
	return comparison{}, false
}

// never reports whether it cannot be, by what each of its quantities can be.
func (r relation) never(spans map[string]numbers) bool {
	low, high := r.plus, r.plus
	for name, times := range r.of {
		s := spans[name]
		low, high = low+min(times*s.min, times*s.max), high+max(times*s.min, times*s.max)
	}
	switch r.op {
	case "<":
		return low >= 0
	case "<=":
		return low > 0
	case ">":
		return high <= 0
	case ">=":
		return high < 0
	case "==":
		return low > 0 || high < 0
	default:
		return false
	}
}

// ordered are words of a flow of which the first is never above the second.
func ordered() [][2]string {
	return [][2]string{
		{"received", "sent"},
		{"lost", "sent"},
		{"reordered", "received"},
		{"latency.p50", "latency.p95"},
		{"latency.p95", "latency.p99"},
		{"latency.p99", "latency.max"},
	}
}

// Bounds of what is held against each other: so many quantities, and numbers that are this exact.
const (
	mostRelated = 40
	leastApart  = 1e-9
	mostExact   = 1e9
)

// excluded reports whether relations exclude each other, and what is so of the quantities by themselves: a chain of them
// leads from one to itself and says that it is below itself.
func (i impossibility) excluded(relations []relation, spans map[string]numbers) bool {
	at := map[string]int{"": 0} // which stands for 0
	for name := range spans {
		at[name] = len(at)
	}
	if i.flow {
		for _, pair := range ordered() {
			for _, name := range pair {
				if _, known := at[name]; !known {
					at[name], spans[name] = len(at), anyNumber()
				}
			}
		}
	}
	if len(at) > mostRelated {
		return false
	}
	apart := make([][]float64, len(at)) // how far the one is above the other at most
	for k := range apart {
		apart[k] = slices.Repeat([]float64{math.Inf(1)}, len(at))
	}
	bound := func(x, y string, most float64) {
		if math.Abs(most) <= mostExact {
			apart[at[x]][at[y]] = min(apart[at[x]][at[y]], most)
		}
	}
	for name, s := range spans {
		bound(name, "", s.max)
		bound("", name, -s.min)
	}
	if i.flow {
		for _, pair := range ordered() {
			bound(pair[0], pair[1], 0)
		}
	}
	for _, r := range relations {
		r.bound(spans, bound)
	}
	for k := range apart {
		for x := range apart {
			for y := range apart {
				apart[x][y] = min(apart[x][y], apart[x][k]+apart[k][y])
			}
		}
	}
	for k := range apart {
		if apart[k][k] < -leastApart/2 {
			return true
		}
	}
	return false
}

// bound tells how far one quantity can be above another, or above 0, where it is about two or one.
func (r relation) bound(spans map[string]numbers, bound func(x, y string, most float64)) {
	names := slices.Collect(maps.Keys(r.of))
	x, y, times := "", "", 0.0
	switch {
	case len(names) == 1:
		x, times = names[0], r.of[names[0]]
	case len(names) == 2 && r.of[names[0]] == -r.of[names[1]]:
		x, y, times = names[0], names[1], r.of[names[0]]
	default:
		return
	}
	if times < 0 {
		x, y, times = y, x, -times
	}
	whole := func(name string) bool { return name == "" || spans[name].whole }
	below := func(most float64) float64 { // less than that
		if whole(x) && whole(y) {
			return math.Ceil(most) - 1
		}
		return most - leastApart
	}
	switch v := -r.plus / times; r.op {
	case "<":
		bound(x, y, below(v))
	case "<=":
		bound(x, y, v)
	case ">":
		bound(y, x, below(-v))
	case ">=":
		bound(y, x, -v)
	case "==":
		bound(x, y, v)
		bound(y, x, -v)
	}
}

// Bounds of what is tried out, in evaluations: of one part, and of all.
const (
	mostTried    = 20_000
	mostTriedAll = 200_000
)

// tried reports whether a node is the opposite of what is asked for, or unknown, for all that it can look at, where that is
// few numbers: a count that has a bound, a status, and those of before.
func (i impossibility) tried(n ast.Node, not bool) bool {
	own := declared{}
	ast.Walk(&n, own)
	look := &looksAt{i: i, own: own, names: map[string]bool{}}
	ast.Walk(&n, look)
	if look.other || look.was != 0 || len(look.names) == 0 {
		return false
	}
	domain := map[string][]float64{"count": {0}, "exit": {0}, "before.count": {0}, "before.exit": {0}}
	all := 1
	for name := range look.names {
		can, _ := i.of(name)
		if all *= can.size(); all > mostTried {
			return false
		}
		domain[name] = can.list()
	}
	if *i.tries += all; *i.tries > mostTriedAll {
		return false
	}
	for _, count := range domain["count"] {
		for _, exit := range domain["exit"] {
			for _, countWas := range domain["before.count"] {
				for _, exitWas := range domain["before.exit"] {
					e := &evaluator{p: i.p, now: observation{View: View{Count: int(count), Exit: int(exit)}}, before: observation{View: View{Count: int(countWas), Exit: int(exitWas)}}}
					if v, is := e.value(n).(bool); is && v != not {
						return false
					}
				}
			}
		}
	}
	return true
}

// size is how many numbers there are; beyond all that is tried where they have no end.
func (n numbers) size() int {
	if len(n.only) == 0 && (!n.whole || n.max-n.min >= mostTried) {
		return mostTried + 1
	}
	return len(n.list())
}

func (n numbers) list() []float64 {
	if len(n.only) > 0 {
		return n.only
	}
	var list []float64
	for v := n.min; v <= n.max; v++ {
		list = append(list, v)
	}
	return list
}

// declared are the names that a node gives to parts of its own.
type declared map[string]bool

// Visit implements ast.Visitor.
func (d declared) Visit(node *ast.Node) {
	if n, ok := (*node).(*ast.VariableDeclaratorNode); ok {
		d[n.Name] = true
	}
}

// looksAt notes which of the numbers that can be tried a node looks at, and whether it looks at anything else.
type looksAt struct {
	i     impossibility
	names map[string]bool
	own   declared
	was   int // how often before stands in it by itself
	other bool
}

// Visit implements ast.Visitor. Parts come before what they are part of.
func (l *looksAt) Visit(node *ast.Node) {
	note := func(name string) {
		can, _ := l.i.of(name)
		l.names[name] = true
		l.other = l.other || can.size() > mostTried
	}
	switch n := (*node).(type) {
	case *ast.CallNode:
		l.other = true
	case *ast.IdentifierNode:
		switch {
		case n.Value == "count" || n.Value == "exit":
			note(n.Value)
		case n.Value == "before":
			l.was++
		case !l.own[n.Value]:
			l.other = true
		}
	case *ast.MemberNode:
		base, isName := n.Node.(*ast.IdentifierNode)
		property, isText := n.Property.(*ast.StringNode)
		if !isName || !isText || base.Value != "before" || property.Value != "count" && property.Value != "exit" {
			l.other = true
			return
		}
		l.was--
		note("before." + property.Value)
	}
}

// reaches is how long what is counted from the begin of the stimulus, or of the workaround, can be at the end of a condition's
// window, in the lab's time: at most, and where the steps take no longer than is written in them. ok is false where it is
// counted from elsewhere.
func (c *checker) reaches(where string, cond Condition) (written, most time.Duration, ok bool) {
	steps := c.s.Stimulus
	switch {
	case strings.HasPrefix(where, "workaround.expect") && c.s.Workaround != nil && cond.Traffic != nil:
		steps = c.s.Workaround.Steps
	case !strings.HasPrefix(where, "symptom") && !strings.HasPrefix(where, "expect"):
		return 0, 0, false
	}
	if cond.Traffic != nil && cond.Traffic.Last > 0 || cond.Frame != nil && cond.Frame.Since == SinceBaseline {
		return 0, 0, false
	}
	window := cond.Longest() + cond.Interval()
	written, most = window, window
	for _, s := range steps {
		written += s.takes()
		most += c.atMost(s)
	}
	return written, most, true
}

// Bounds of what a step takes beside what is written in it, of this machine's time: to put a fault in force, and to answer.
const (
	forFault  = 10 * time.Second
	forAnswer = time.Minute
)

// atMost is the longest that a step takes, with all that it holds.
func (c *checker) atMost(s Step) time.Duration {
	times := time.Duration(1)
	one := s.Longest()
	if s.Repeat != nil {
		times = time.Duration(max(s.Repeat.Times, 1))
	}
	beside := func(s Step) time.Duration {
		switch {
		case s.Hold > 0:
			return 0
		case s.Fault != "" && !s.Armed():
			return forFault
		default:
			return forAnswer
		}
	}
	extra := beside(s)
	for _, member := range withGroups(s.Members()) {
		extra += beside(member)
	}
	return one + times*time.Duration(float64(extra)*max(1, float64(c.s.Clock.Speed)))
}
