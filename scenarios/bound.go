package scenarios

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
	"github.com/expr-lang/expr/vm/runtime"
)

// The virtual machine of expr-lang counts the elements that an expression makes, and neither
// the bytes of its texts nor its time: "let b = text + text; let c = b + b; …" takes memory
// without end, and a list that is walked within a walk over it takes time without end. An
// expression that runs on the machine is rewritten so that it asks a budget for both.

// Bounds of one evaluation on the machine. A step is an element that is visited, a part that
// is made, or 16 bytes that are searched.
const (
	budgetSteps = 4_000_000
	budgetBytes = 64 << 20
)

// errBudget is what an evaluation ends with that goes beyond its bounds.
var errBudget = fmt.Errorf("the expression needs more than %d steps or makes more than %d MiB", budgetSteps, budgetBytes>>20)

// budget is what is left of one evaluation's bounds.
type budget struct{ steps, bytes int }

func newBudget() *budget { return &budget{budgetSteps, budgetBytes} }

func (b *budget) step(n int) error {
	if n < 0 || n > b.steps {
		b.steps = 0
		return errBudget
	}
	b.steps -= n
	return nil
}

// grow counts bytes that are about to be made, or have been made out of bounded parts.
func (b *budget) grow(n int) error {
	if n < 0 || n > b.bytes {
		b.bytes = 0
		return errBudget
	}
	b.bytes -= n
	return b.step(n/16 + 1)
}

// made counts what a part of the expression made, as large as it is when it is written out:
// two lists of the same list twice, and so on, are as large as that.
func (b *budget) made(v any) error {
	n := 0
	if !sizeUpTo(reflect.ValueOf(v), &n, b.bytes, 0) {
		n = -1
	}
	return b.grow(n)
}

// searched counts what is about to be looked through, at a cost of so many times its size.
func (b *budget) searched(v any, times int) error {
	n := 0
	if !sizeUpTo(reflect.ValueOf(v), &n, budgetBytes, 0) {
		n = -1
	}
	return b.step(product(n/16+1, times))
}

// sizeUpTo adds the size of a value, written out, to n; false when that is more than limit.
func sizeUpTo(v reflect.Value, n *int, limit, depth int) bool {
	const word, deepest = 16, 1000
	if depth > deepest {
		return false
	}
	*n += word
	if *n > limit {
		return false
	}
	switch v.Kind() {
	case reflect.String:
		*n += v.Len()
		return *n <= limit
	case reflect.Interface, reflect.Pointer:
		return v.IsNil() || sizeUpTo(v.Elem(), n, limit, depth+1)
	case reflect.Slice, reflect.Array:
		if k := v.Type().Elem().Kind(); k >= reflect.Bool && k <= reflect.Complex128 {
			*n += v.Len() * int(v.Type().Elem().Size())
			return *n <= limit
		}
		for i := range v.Len() {
			if !sizeUpTo(v.Index(i), n, limit, depth+1) {
				return false
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if !sizeUpTo(it.Key(), n, limit, depth+1) || !sizeUpTo(it.Value(), n, limit, depth+1) {
				return false
			}
		}
	default:
	}
	return true
}

// Names of the functions that a bounded expression calls. The budget is a word of its
// environment.
const (
	budgetWord   = "__budget"
	callAdd      = "__add"
	callMade     = "__made"
	callSearched = "__searched"
	callStep     = "__step"
	callRepeat   = "__repeat"
	callSwap     = "__replace"
	callJoin     = "__join"
	callMatch    = "__matches"
)

// compileBounded is expr.Compile for an expression that asks the budget in its environment.
func compileBounded(source string, opts ...expr.Option) (*vm.Program, error) {
	v := &bounding{}
	program, err := expr.Compile(source, slices.Concat(opts, []expr.Option{expr.Patch(v)}, budgetFunctions())...)
	if err == nil {
		err = v.err
	}
	return program, err
}

// budgetFunctions are what a bounded expression calls.
func budgetFunctions() []expr.Option {
	counted := func(name string, count func(b *budget, args []any) error, value func(args []any) any) expr.Option {
		return expr.Function(name, func(params ...any) (any, error) {
			b, ok := params[0].(*budget)
			if !ok || b == nil {
				return nil, errors.New("the expression has no budget")
			}
			if err := count(b, params[1:]); err != nil {
				return nil, err
			}
			return value(params[1:]), nil
		})
	}
	same := func(args []any) any { return args[0] }
	return []expr.Option{
		counted(callAdd, func(b *budget, args []any) error {
			x, isText := args[0].(string)
			y, both := args[1].(string)
			if !isText || !both {
				return b.step(1)
			}
			return b.grow(len(x) + len(y))
		}, func(args []any) any { return runtime.Add(args[0], args[1]) }),
		counted(callMade, func(b *budget, args []any) error { return b.made(args[0]) }, same),
		counted(callSearched, func(b *budget, args []any) error {
			times := 1 // the search costs so many times its text
			if len(args) > 1 {
				times = runtime.ToInt(args[1])
			}
			return b.searched(args[0], times)
		}, same),
		counted(callStep, func(b *budget, args []any) error { return b.searched(args[0], 1) }, same),
		counted(callMatch, func(b *budget, args []any) error {
			pattern := runtimeText(args[1])
			if err := checkPattern(pattern); err != nil {
				return err
			}
			return b.step(product(len(runtimeText(args[0]))/16+1, patternSize(pattern)/2+1) + len(pattern))
		}, func(args []any) any {
			re, err := regexp.Compile(runtimeText(args[1]))
			if err != nil {
				panic(err.Error())
			}
			return re.MatchString(runtimeText(args[0]))
		}),
		counted(callRepeat, func(b *budget, args []any) error {
			return b.grow(product(len(runtimeText(args[0])), runtime.ToInt(args[1])))
		}, func(args []any) any { return strings.Repeat(runtimeText(args[0]), runtime.ToInt(args[1])) }),
		counted(callSwap, func(b *budget, args []any) error {
			text, old, with := runtimeText(args[0]), runtimeText(args[1]), runtimeText(args[2])
			if err := b.searched(text, 1); err != nil {
				return err
			}
			if err := b.grow(len(text)); err != nil {
				return err
			}
			return b.grow(product(strings.Count(text, old), len(with)))
		}, func(args []any) any {
			most := -1
			if len(args) > 3 {
				most = runtime.ToInt(args[3])
			}
			return strings.Replace(runtimeText(args[0]), runtimeText(args[1]), runtimeText(args[2]), most)
		}),
		counted(callJoin, func(b *budget, args []any) error {
			if err := b.made(args[0]); err != nil {
				return err
			}
			return b.grow(product(reflect.ValueOf(args[0]).Len(), len(glue(args))))
		}, func(args []any) any { return strings.Join(textsOf(args[0]), glue(args)) }),
	}
}

// product is a × b; -1 where that is negative or more than any budget.
func product(a, b int) int {
	switch {
	case a < 0 || b < 0:
		return -1
	case a == 0 || b == 0:
		return 0
	case a > budgetBytes/b:
		return -1
	default:
		return a * b
	}
}

// runtimeText is a text; anything else is an error of the expression, which the machine
// tells by recovering.
func runtimeText(v any) string {
	s, ok := v.(string)
	if !ok {
		panic(fmt.Sprintf("%T is no text", v))
	}
	return s
}

func glue(args []any) string {
	if len(args) < 2 {
		return ""
	}
	return runtimeText(args[1])
}

func textsOf(v any) []string {
	list := reflect.ValueOf(v)
	if list.Kind() != reflect.Slice && list.Kind() != reflect.Array {
		panic(fmt.Sprintf("%T is no list of texts", v))
	}
	texts := make([]string, list.Len())
	for i := range texts {
		texts[i] = runtimeText(list.Index(i).Interface())
	}
	return texts
}

// bounding rewrites an expression. Its parts are visited before what they are parts of.
type bounding struct{ err error }

// Visit implements ast.Visitor.
func (v *bounding) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		switch n.Operator {
		case "+":
			if !numeric(n.Left) || !numeric(n.Right) {
				patch(node, callAdd, n.Left, n.Right)
			}
		case "contains", "startsWith", "endsWith", "in", "not in", "==", "!=", "<", ">", "<=", ">=":
			if !numeric(n.Left) && !constant(n.Left) {
				wrap(&n.Left, callSearched)
			}
			if !numeric(n.Right) && !constant(n.Right) {
				wrap(&n.Right, callSearched)
			}
		case "matches":
			if pattern, ok := n.Right.(*ast.StringNode); ok { // compiled once
				v.err = errors.Join(v.err, checkPattern(pattern.Value))
				patch(&n.Left, callSearched, n.Left, &ast.IntegerNode{Value: patternSize(pattern.Value)/2 + 1})
				return
			}
			patch(node, callMatch, n.Left, n.Right)
		}
	case *ast.ArrayNode, *ast.MapNode:
		wrap(node, callMade)
	case *ast.PredicateNode:
		wrap(&n.Node, callStep)
	case *ast.BuiltinNode:
		switch n.Name {
		case "repeat":
			patch(node, callRepeat, n.Arguments...)
			return
		case "replace":
			patch(node, callSwap, n.Arguments...)
			return
		case "join":
			patch(node, callJoin, n.Arguments...)
			return
		}
		for i, arg := range n.Arguments {
			if _, isPredicate := arg.(*ast.PredicateNode); !isPredicate && !constant(arg) {
				wrap(&n.Arguments[i], callSearched)
			}
		}
		wrap(node, callMade)
	}
}

func numeric(n ast.Node) bool {
	t := n.Type()
	return t != nil && t.Kind() >= reflect.Int && t.Kind() <= reflect.Float64
}

func constant(n ast.Node) bool {
	switch n.(type) {
	case *ast.NilNode, *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.StringNode, *ast.ConstantNode:
		return true
	default:
		return false
	}
}

func wrap(node *ast.Node, function string) { patch(node, function, *node) }

func patch(node *ast.Node, function string, args ...ast.Node) {
	call := &ast.CallNode{
		Callee:    &ast.IdentifierNode{Value: function},
		Arguments: append([]ast.Node{&ast.IdentifierNode{Value: budgetWord}}, args...),
	}
	ast.Patch(node, call)
}
