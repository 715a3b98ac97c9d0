package scenarios

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm/runtime"
)

// unknown is the value of an expression, or of a part of one, that has none. Every operator
// and function gives unknown for it, but for those that need not know: "false and unknown" is
// false, "true or unknown" is true (Kleene's strong logic), and has asks whether a value is
// absent. "??" stands for null, which is a value, and not for what is absent: a default that is
// written down for convenience would decide.
type unknown struct {
	absent bool     // the place was seen, and nothing is there
	node   ast.Node // the part that is unknown
	why    string
}

// String says what is unknown, for people.
func (u *unknown) String() string {
	where := bounded(u.node.String(), 200)
	switch {
	case !u.absent:
		return where + ": " + u.why
	case u.why != "":
		return "absent: " + where + " (" + u.why + ")"
	default:
		return "absent: " + where
	}
}

func bounded(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// Bounds of one evaluation. A step is a part of the expression that is evaluated, an element
// that is visited, or 16 bytes that are searched.
const (
	maxSteps = 4_000_000
	maxBytes = 64 << 20 // of what is made on the way
)

// errCostly is what an evaluation ends with that goes beyond its bounds.
var errCostly = fmt.Errorf("the expression needs more than %d steps or makes more than %d MiB", maxSteps, maxBytes>>20)

// Eval decides over what a probe saw. before is nil when it is not known. An error means that
// the expression has no value here, and says what is absent or does not fit: the condition
// is then unknown. The same expression and views always give the same, at a bounded cost.
func (p *Predicate) Eval(now View, before *View) (any, error) {
	if p.unsupported != "" {
		return nil, fmt.Errorf("not supported in an expression: %s", p.unsupported)
	}
	e := &evaluator{p: p, now: observation{View: now}, before: observation{View: View{Unknown: ErrNoBefore.Error()}}}
	if before != nil {
		e.before.View = *before
	}
	v := e.value(p.node)
	switch u, isUnknown := v.(*unknown); {
	case e.spent:
		return nil, errCostly
	case isUnknown:
		return nil, errors.New(u.String())
	case e.tainted && e.within(v) != nil:
		return nil, errors.New(e.within(v).String())
	case e.noNumber(p.node, v) != nil:
		return nil, errors.New(e.noNumber(p.node, v).String())
	}
	if _, isBool := v.(bool); p.boolean && !isBool {
		return nil, fmt.Errorf("the expression gave %s, and neither true nor false", describe(v))
	}
	return v, nil
}

// evaluator is one evaluation.
type evaluator struct {
	p       *Predicate
	now     observation
	before  observation
	vars    []variable
	scopes  []scope
	steps   int
	bytes   int
	spent   bool // a bound was exceeded: nothing counts any more
	tainted bool // some list or map holds an unknown
}

type variable struct {
	name  string
	value any
}

// scope is the element that a predicate looks at.
type scope struct {
	item  any
	index int
	acc   any
}

// observation is a View with its JSON, read when it is asked for.
type observation struct {
	View
	read bool
	json any
	err  error
}

func (o *observation) parsed(e *evaluator) (any, error) {
	if o.read {
		return o.json, o.err
	}
	o.read = true
	if o.Loose {
		o.err = parseJSON(o.Text, &o.json)
	} else {
		o.json, o.err = e.exactJSON(o.Text)
	}
	return o.json, o.err
}

// isBefore is the value of the word before.
type isBefore struct{}

// charge counts steps, and reports whether there are any left.
func (e *evaluator) charge(n int) bool {
	if n < 0 || n > maxSteps || e.steps > maxSteps-n {
		e.spent = true
	}
	if !e.spent {
		e.steps += n
	}
	return !e.spent
}

// grow counts bytes that are about to be made.
func (e *evaluator) grow(n int) bool {
	if n < 0 || n > maxBytes || e.bytes > maxBytes-n {
		e.spent = true
	}
	if !e.spent {
		e.bytes += n
	}
	return !e.spent
}

// scan counts bytes that are about to be searched.
func (e *evaluator) scan(n int) bool { return e.charge(n/16 + 1) }

func no(n ast.Node, format string, args ...any) *unknown {
	return &unknown{node: n, why: fmt.Sprintf(format, args...)}
}

func (e *evaluator) value(n ast.Node) any {
	if !e.charge(1) {
		return no(n, "%v", errCostly)
	}
	switch n := n.(type) {
	case *ast.NilNode:
		return nil
	case *ast.BoolNode:
		return n.Value
	case *ast.IntegerNode:
		return n.Value
	case *ast.FloatNode:
		return n.Value
	case *ast.StringNode:
		return n.Value
	case *ast.BytesNode:
		return n.Value
	case *ast.ConstantNode:
		return n.Value
	case *ast.IdentifierNode:
		return e.name(n)
	case *ast.UnaryNode:
		return e.unary(n)
	case *ast.BinaryNode:
		return e.binary(n)
	case *ast.ChainNode:
		return e.value(n.Node)
	case *ast.MemberNode:
		return e.member(n, e.value(n.Node), n.Property)
	case *ast.SliceNode:
		return e.slice(n)
	case *ast.CallNode:
		return e.has(n)
	case *ast.BuiltinNode:
		return e.builtin(n)
	case *ast.PredicateNode:
		return e.value(n.Node)
	case *ast.PointerNode:
		return e.pointer(n)
	case *ast.ConditionalNode:
		return e.conditional(n)
	case *ast.VariableDeclaratorNode:
		v := e.value(n.Value)
		e.vars = append(e.vars, variable{n.Name, v})
		out := e.value(n.Expr)
		e.vars = e.vars[:len(e.vars)-1]
		return out
	case *ast.SequenceNode:
		var v any
		for _, inner := range n.Nodes {
			v = e.value(inner)
		}
		return v
	case *ast.ArrayNode:
		return e.list(n)
	case *ast.MapNode:
		return e.object(n)
	default:
		return no(n, "not supported in an expression")
	}
}

func (e *evaluator) name(n *ast.IdentifierNode) any {
	for _, v := range slices.Backward(e.vars) {
		if v.name == n.Value {
			return v.value
		}
	}
	switch n.Value {
	case "before":
		return isBefore{}
	case "ports":
		return e.now.Ports
	default:
		return e.word(n, &e.now, n.Value)
	}
}

// word gives what an observation saw, by the word for it.
func (e *evaluator) word(n ast.Node, o *observation, word string) any {
	if o.Unknown != "" {
		return no(n, "%s", o.Unknown)
	}
	if o.Partial != "" && (word == "text" || word == "json" || word == "count") {
		return no(n, "%s", o.Partial)
	}
	switch word {
	case "text":
		return o.Text
	case "json":
		v, err := o.parsed(e)
		if err != nil {
			return no(n, "%v", err)
		}
		return v
	case "rows":
		if o.Rows == nil {
			return &unknown{absent: true, node: n, why: cmp.Or(o.NoRows, "the template recognised no line")}
		}
		return o.Rows
	case "exit":
		return o.Exit
	case "count":
		return o.Count
	case "took":
		if o.AtLeast {
			return no(n, "it took %g at least, and nobody knows how much more", o.Took)
		}
		return o.Took
	default:
		if w, ok := o.Words[word]; ok {
			return w.in(n)
		}
		return no(n, "no such word; %s", words)
	}
}

func (e *evaluator) pointer(n *ast.PointerNode) any {
	if len(e.scopes) == 0 {
		return no(n, "it stands outside a predicate")
	}
	s := e.scopes[len(e.scopes)-1]
	switch n.Name {
	case "":
		return s.item
	case "index":
		return s.index
	case "acc":
		return s.acc
	default:
		return no(n, "no such name")
	}
}

func (e *evaluator) conditional(n *ast.ConditionalNode) any {
	switch c := e.value(n.Cond).(type) {
	case bool:
		if c {
			return e.value(n.Exp1)
		}
		return e.value(n.Exp2)
	case *unknown:
		return c
	default:
		return no(n.Cond, "it is %s, and neither true nor false", describe(c))
	}
}

func (e *evaluator) unary(n *ast.UnaryNode) any {
	v := e.value(n.Node)
	if u, ok := v.(*unknown); ok {
		return u
	}
	switch n.Operator {
	case "not", "!":
		if b, ok := v.(bool); ok {
			return !b
		}
		return no(n.Node, "it is %s, and neither true nor false", describe(v))
	case "-", "+":
		if kindOf(v) != aNumber {
			return no(n.Node, "it is %s, and no number", describe(v))
		}
		if n.Operator == "+" {
			return v
		}
		return e.try(n, func() any { return runtime.Negate(v) })
	default:
		return no(n, "the operator is not supported")
	}
}

// try carries out what may panic, as expr's own operators do on what they do not take.
func (e *evaluator) try(n ast.Node, f func() any) (out any) {
	defer func() {
		if r := recover(); r != nil {
			out = no(n, "%v", r)
		}
	}()
	return f()
}

func (e *evaluator) binary(n *ast.BinaryNode) any {
	switch n.Operator {
	case "and", "&&":
		return e.logic(n, false)
	case "or", "||":
		return e.logic(n, true)
	case "??":
		if left := e.value(n.Left); left != nil {
			return left
		}
		return e.value(n.Right)
	}
	if v, ok := e.between(n); ok {
		return v
	}
	left, right := e.value(n.Left), e.value(n.Right)
	if u, ok := left.(*unknown); ok {
		return u
	}
	if u, ok := right.(*unknown); ok {
		return u
	}
	switch n.Operator {
	case "==":
		return e.equal(n, left, right)
	case "!=":
		return not(e.equal(n, left, right))
	case "<", ">", "<=", ">=":
		return e.order(n, left, right)
	case "in":
		return e.in(n, left, right)
	case "contains", "startsWith", "endsWith", "matches":
		return e.text(n, left, right)
	case "..":
		return e.span(n, left, right)
	default:
		return e.arithmetic(n, left, right)
	}
}

// logic is "and" and "or". One operand that decides is enough: false for and, true for or.
func (e *evaluator) logic(n *ast.BinaryNode, decides bool) any {
	var open any = !decides
	for _, operand := range []ast.Node{n.Left, n.Right} {
		v := e.value(operand)
		switch b := v.(type) {
		case bool:
			if b == decides {
				return decides
			}
			continue
		case *unknown:
		default:
			v = no(operand, "it is %s, and neither true nor false", describe(v))
		}
		if _, already := open.(*unknown); !already {
			open = v
		}
	}
	return open
}

func not(v any) any {
	if b, ok := v.(bool); ok {
		return !b
	}
	return v
}

// kind is what a value is, for people and for what may be compared.
type kind string

const (
	aNull   kind = "null"
	aBool   kind = "true or false"
	aNumber kind = "a number"
	aText   kind = "a text"
	aList   kind = "a list"
	aMap    kind = "an object"
	aTime   kind = "a time"
	aSpan   kind = "a time span"
	other   kind = "something else"
)

func kindOf(v any) kind {
	switch v.(type) {
	case nil:
		return aNull
	case bool:
		return aBool
	case string:
		return aText
	case int, float64, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32:
		return aNumber
	case time.Time:
		return aTime
	case time.Duration:
		return aSpan
	}
	if _, ok := elements(v); ok {
		return aList
	}
	if _, ok := fields(v); ok {
		return aMap
	}
	return other
}

// describe says what a value is, and what it holds where that is short.
func describe(v any) string {
	switch k := kindOf(v); k {
	case aText:
		return fmt.Sprintf("the text %q", bounded(v.(string), 40))
	case aNumber:
		return fmt.Sprintf("the number %v", v)
	case aBool:
		return fmt.Sprint(v)
	default:
		return string(k)
	}
}

// equal compares two values: unknown where they are of different kinds, for a number is
// neither equal nor unequal to a text. null is a value that differs from every other.
func (e *evaluator) equal(n ast.Node, a, b any) any {
	if !e.charge(1) {
		return no(n, "%v", errCostly)
	}
	if u, ok := a.(*unknown); ok {
		return u
	}
	if u, ok := b.(*unknown); ok {
		return u
	}
	ka, kb := kindOf(a), kindOf(b)
	if ka == aNull || kb == aNull {
		return ka == kb
	}
	if u := e.noNumber(n, a, b); u != nil {
		return u
	}
	if ka != kb {
		return no(n, "%s is compared with %s", describe(a), describe(b))
	}
	switch ka {
	case aText:
		return e.scan(min(len(a.(string)), len(b.(string)))) && a == b
	case aList:
		x, _ := elements(a)
		y, _ := elements(b)
		if x.len != y.len {
			return false
		}
		return e.every(x.len, func(i int) any { return e.equal(n, x.at(i), y.at(i)) })
	case aMap:
		return e.equalMaps(n, a, b)
	default:
		return e.try(n, func() any { return runtime.Equal(a, b) })
	}
}

func (e *evaluator) equalMaps(n ast.Node, a, b any) any {
	x, _ := fields(a)
	y, _ := fields(b)
	if x.len != y.len {
		return false
	}
	var open any = true
	for _, key := range x.sorted() {
		v, _ := x.get(key)
		w, ok := y.get(key)
		if !ok {
			return false
		}
		switch r := e.equal(n, v, w).(type) {
		case *unknown:
			open = r
		case bool:
			if !r {
				return false
			}
		}
	}
	return open
}

// every is the conjunction of n values.
func (e *evaluator) every(n int, at func(int) any) any {
	var open any = true
	for i := range n {
		switch v := at(i).(type) {
		case *unknown:
			if open == true {
				open = v
			}
		case bool:
			if !v {
				return false
			}
		}
	}
	return open
}

func (e *evaluator) order(n *ast.BinaryNode, a, b any) any {
	ka, kb := kindOf(a), kindOf(b)
	if ka != kb || ka != aNumber && ka != aText && ka != aTime && ka != aSpan {
		return no(n, "%s is compared with %s", describe(a), describe(b))
	}
	if u := e.noNumber(n, a, b); u != nil {
		return u
	}
	return e.try(n, func() any {
		switch n.Operator {
		case "<":
			return runtime.Less(a, b)
		case ">":
			return runtime.More(a, b)
		case "<=":
			return runtime.LessOrEqual(a, b)
		default:
			return runtime.MoreOrEqual(a, b)
		}
	})
}

func (e *evaluator) in(n *ast.BinaryNode, needle, hay any) any {
	if list, ok := elements(hay); ok {
		return not(e.every(list.len, func(i int) any { return not(e.equal(n, needle, list.at(i))) }))
	}
	if m, ok := fields(hay); ok {
		key, isText := needle.(string)
		if !isText {
			return no(n.Left, "it is %s, and no key of an object", describe(needle))
		}
		v, there := m.get(key)
		if u, ok := v.(*unknown); ok && there {
			return u
		}
		return there
	}
	return no(n.Right, "it is %s, and neither a list nor an object", describe(hay))
}

func (e *evaluator) text(n *ast.BinaryNode, a, b any) any {
	s, ok := a.(string)
	if !ok {
		return no(n.Left, "it is %s, and no text", describe(a))
	}
	part, ok := b.(string)
	if !ok {
		return no(n.Right, "it is %s, and no text", describe(b))
	}
	if !e.scan(len(s)) {
		return no(n, "%v", errCostly)
	}
	switch n.Operator {
	case "contains":
		return strings.Contains(s, part)
	case "startsWith":
		return strings.HasPrefix(s, part)
	case "endsWith":
		return strings.HasSuffix(s, part)
	}
	p, known := e.p.patterns[n]
	if !known {
		var err error
		if !e.charge(len(part)) {
			return no(n, "%v", errCostly)
		}
		if p, err = compilePattern(part); err != nil {
			return no(n.Right, "%v", err)
		}
	}
	if !e.charge(len(s) / 16 * p.cost) {
		return no(n, "%v", errCostly)
	}
	return p.re.MatchString(s)
}

func (e *evaluator) span(n *ast.BinaryNode, a, b any) any {
	if kindOf(a) != aNumber || kindOf(b) != aNumber {
		return no(n, "a range from %s to %s", describe(a), describe(b))
	}
	return e.try(n, func() any {
		from, to := runtime.ToInt(a), runtime.ToInt(b)
		if to < from {
			return []int{}
		}
		if more := to - from; more < 0 || more >= maxBytes/8 || !e.grow((more+1)*8) || !e.charge(more+1) { // less than zero: it wrapped around
			e.spent = true
			return no(n, "%v", errCostly)
		}
		return runtime.MakeRange(from, to)
	})
}

func (e *evaluator) arithmetic(n *ast.BinaryNode, a, b any) any {
	ka, kb := kindOf(a), kindOf(b)
	times := ka == aTime || ka == aSpan || kb == aTime || kb == aSpan
	switch {
	case n.Operator == "+" && ka == aText && kb == aText:
		if !e.grow(len(a.(string)) + len(b.(string))) {
			return no(n, "%v", errCostly)
		}
		return a.(string) + b.(string)
	case (ka != aNumber || kb != aNumber) && !times:
		return no(n, "%s %s %s", describe(a), n.Operator, describe(b))
	}
	return e.try(n, func() any {
		if v, over := overflown(n.Operator, a, b); over {
			return v
		}
		switch n.Operator {
		case "+":
			return runtime.Add(a, b)
		case "-":
			return runtime.Subtract(a, b)
		case "*":
			return runtime.Multiply(a, b)
		case "/":
			if kb == aNumber && runtime.ToFloat64(b) == 0 {
				return no(n, "a division by zero")
			}
			return runtime.Divide(a, b)
		case "%":
			return runtime.Modulo(a, b)
		case "^", "**":
			v := runtime.Exponent(a, b)
			if math.IsNaN(v) {
				return no(n, "it has no value")
			}
			return v
		default:
			return no(n, "the operator is not supported")
		}
	})
}

// member gives a field or an element. What is not there is absent; what cannot be there,
// because the value is no object or list, is unknown for that reason.
func (e *evaluator) member(n ast.Node, base any, property ast.Node) any {
	if u, ok := base.(*unknown); ok {
		return u
	}
	key := e.value(property)
	if u, ok := key.(*unknown); ok {
		return u
	}
	if _, ok := base.(isBefore); ok {
		word, isText := key.(string)
		if !isText {
			return no(n, "before has words, and no elements")
		}
		return e.word(n, &e.before, word)
	}
	if base == nil {
		return &unknown{absent: true, node: n, why: "it would be in null"}
	}
	if m, ok := fields(base); ok {
		name, isText := key.(string)
		if !isText {
			return no(n, "the key of an object is a text, and not %s", describe(key))
		}
		if v, there := m.get(name); there {
			return v
		}
		return &unknown{absent: true, node: n}
	}
	if list, ok := elements(base); ok {
		return e.element(n, list, key)
	}
	if s, ok := base.(string); ok && kindOf(key) == aNumber {
		return e.try(n, func() any {
			i := runtime.ToInt(key)
			if i < -len(s) || i >= len(s) {
				return &unknown{absent: true, node: n, why: fmt.Sprintf("the text has %d bytes", len(s))}
			}
			return runtime.Fetch(s, i)
		})
	}
	return no(n, "%s has no %s", describe(base), member(key))
}

// member says what is looked for in a value, by its key.
func member(key any) string {
	switch k := kindOf(key); k {
	case aText:
		return fmt.Sprintf("field %q", bounded(key.(string), 40))
	case aNumber:
		return fmt.Sprintf("element %v", key)
	default:
		return "part that " + describe(key) + " would name"
	}
}

func (e *evaluator) element(n ast.Node, list sequence, key any) any {
	if kindOf(key) != aNumber {
		return no(n, "a list has no %s, it has elements", member(key))
	}
	i := runtime.ToInt(key)
	if i < 0 {
		i += list.len
	}
	if i < 0 || i >= list.len {
		return &unknown{absent: true, node: n, why: fmt.Sprintf("the list has %d elements", list.len)}
	}
	return list.at(i)
}

func (e *evaluator) slice(n *ast.SliceNode) any {
	v := e.value(n.Node)
	if u, ok := v.(*unknown); ok {
		return u
	}
	if k := kindOf(v); k != aList && k != aText {
		return no(n, "it is cut out of %s", describe(v))
	}
	var from, to any = 0, math.MaxInt
	for _, bound := range []struct {
		node ast.Node
		into *any
	}{{n.From, &from}, {n.To, &to}} {
		if bound.node == nil {
			continue
		}
		*bound.into = e.value(bound.node)
		if u, ok := (*bound.into).(*unknown); ok {
			return u
		}
	}
	return e.try(n, func() any { return runtime.Slice(v, from, to) })
}

// has reports whether something is there. It is how absence is asked for.
func (e *evaluator) has(n *ast.CallNode) any {
	v := e.value(n.Arguments[0])
	u, ok := v.(*unknown)
	switch {
	case !ok:
		return true
	case u.absent:
		return false
	default:
		return u
	}
}

func (e *evaluator) list(n *ast.ArrayNode) any {
	if !e.grow(len(n.Nodes) * 16) {
		return no(n, "%v", errCostly)
	}
	out := make([]any, len(n.Nodes))
	for i, inner := range n.Nodes {
		out[i] = e.kept(e.value(inner))
	}
	return out
}

func (e *evaluator) object(n *ast.MapNode) any {
	if !e.grow(len(n.Pairs) * 48) {
		return no(n, "%v", errCostly)
	}
	out := make(map[string]any, len(n.Pairs))
	for _, p := range n.Pairs {
		pair, ok := p.(*ast.PairNode)
		if !ok {
			return no(p, "not supported in an expression")
		}
		switch key := e.value(pair.Key).(type) {
		case string:
			out[key] = e.kept(e.value(pair.Value))
		case *unknown:
			return key
		default:
			return no(pair.Key, "the key of an object is a text, and not %s", describe(key))
		}
	}
	return out
}

// kept notes that a value that may be unknown goes into a list or an object.
func (e *evaluator) kept(v any) any {
	switch v.(type) {
	case *unknown:
		e.tainted = true
	case isBefore:
		e.tainted = true
		return &unknown{node: e.p.node, why: "before is no value by itself; it has " + strings.TrimPrefix(words, "the words are ")}
	}
	return v
}

// within finds the first unknown in a value.
func (e *evaluator) within(v any) *unknown {
	if u, ok := v.(*unknown); ok {
		return u
	}
	if !e.charge(1) {
		return no(e.p.node, "%v", errCostly)
	}
	if list, ok := elements(v); ok {
		for i := range list.len {
			if u := e.within(list.at(i)); u != nil {
				return u
			}
		}
	}
	if m, ok := fields(v); ok {
		for _, key := range m.sorted() {
			inner, _ := m.get(key)
			if u := e.within(inner); u != nil {
				return u
			}
		}
	}
	return nil
}
