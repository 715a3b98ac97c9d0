package scenarios

import (
	"fmt"
	"maps"
	"reflect"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/vm/runtime"
)

// sequence is a list of any type.
type sequence struct {
	len int
	at  func(int) any
}

func elements(v any) (sequence, bool) {
	switch x := v.(type) {
	case []any:
		return sequence{len(x), func(i int) any { return x[i] }}, true
	case []map[string]any:
		return sequence{len(x), func(i int) any { return x[i] }}, true
	case []string:
		return sequence{len(x), func(i int) any { return x[i] }}, true
	case []int:
		return sequence{len(x), func(i int) any { return x[i] }}, true
	case nil, string, bool, int, float64, map[string]any, map[string]string, *unknown:
		return sequence{}, false
	}
	r := reflect.ValueOf(v)
	if k := r.Kind(); k != reflect.Slice && k != reflect.Array {
		return sequence{}, false
	}
	return sequence{r.Len(), func(i int) any { return r.Index(i).Interface() }}, true
}

// mapping is an object of any type with texts for keys.
type mapping struct {
	len  int
	get  func(string) (any, bool)
	keys func() []string // in any order
}

func fields(v any) (mapping, bool) {
	switch x := v.(type) {
	case map[string]any:
		return mappingOf(x), true
	case map[string]string:
		return mappingOf(x), true
	case map[any][]any: // what groupBy gives
		named := make(map[string][]any, len(x))
		for k, w := range x {
			named[fmt.Sprint(k)] = w
		}
		return mappingOf(named), true
	default:
		return mapping{}, false
	}
}

func mappingOf[V any](x map[string]V) mapping {
	return mapping{
		len:  len(x),
		get:  func(k string) (any, bool) { v, ok := x[k]; return v, ok },
		keys: func() []string { return slices.Collect(maps.Keys(x)) },
	}
}

func (m mapping) sorted() []string {
	keys := m.keys()
	slices.Sort(keys)
	return keys
}

// compilePattern compiles a regular expression. What it costs to search with it grows with
// its program.
func compilePattern(s string) (pattern, error) {
	re, err := boundedRegexp(s)
	if err != nil {
		return pattern{}, err
	}
	tree, err := syntax.Parse(s, syntax.Perl)
	if err != nil {
		return pattern{}, err
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return pattern{}, err
	}
	return pattern{re, 1 + len(prog.Inst)/64}, nil
}

// builtin calls one of the language's functions.
func (e *evaluator) builtin(n *ast.BuiltinNode) any {
	switch n.Name {
	case "all", "none", "any", "one", "filter", "map", "find", "findIndex", "findLast", "findLastIndex",
		"count", "sum", "groupBy", "sortBy", "reduce":
		return e.over(n)
	}
	args := make([]any, len(n.Arguments))
	for i, a := range n.Arguments {
		args[i] = e.value(a)
		if u, ok := args[i].(*unknown); ok {
			return u
		}
		if _, ok := args[i].(isBefore); ok {
			return no(a, "before is no value by itself: take one of its words, as before.text")
		}
		if e.tainted && n.Name != "get" {
			if u := e.within(args[i]); u != nil {
				return u
			}
		}
	}
	if u := e.noNumber(n, args...); u != nil {
		return u
	}
	switch n.Name {
	case "get":
		return e.member(n, args[0], &ast.ConstantNode{Value: args[1]})
	case "first", "last":
		return e.end(n, args)
	case "min", "max", "mean", "median":
		if list, ok := elements(args[0]); ok && len(args) == 1 && list.len == 0 {
			return &unknown{absent: true, node: n, why: "the list is empty"}
		}
	}
	if !e.afford(n.Name, args) {
		return no(n, "%v", errCostly)
	}
	if m, ok := mapOf(args); ok {
		switch n.Name {
		case "keys", "values", "toPairs":
			return pairs(n.Name, m)
		}
	}
	if s, isText := args[0].(string); isText && (n.Name == "int" || n.Name == "float") && strings.TrimSpace(s) != s {
		return no(n, "%q has white space at an end, and is no number: write %s(trim(…))", bounded(s, 40), n.Name)
	}
	return e.call(n, args)
}

func mapOf(args []any) (mapping, bool) {
	if len(args) != 1 {
		return mapping{}, false
	}
	return fields(args[0])
}

// pairs is keys, values and toPairs, in the order of the keys: an expression gives the same
// each time.
func pairs(name string, m mapping) []any {
	out := make([]any, 0, m.len)
	for _, k := range m.sorted() {
		v, _ := m.get(k)
		switch name {
		case "keys":
			out = append(out, k)
		case "values":
			out = append(out, v)
		default:
			out = append(out, []any{k, v})
		}
	}
	return out
}

func (e *evaluator) end(n *ast.BuiltinNode, args []any) any {
	list, ok := elements(args[0])
	switch {
	case !ok:
		return no(n, "it is asked of %s, and of no list", describe(args[0]))
	case list.len == 0:
		return &unknown{absent: true, node: n, why: "the list is empty"}
	case n.Name == "first":
		return list.at(0)
	default:
		return list.at(list.len - 1)
	}
}

// call calls expr's own function on known values.
func (e *evaluator) call(n *ast.BuiltinNode, args []any) any {
	id, ok := builtin.Index[n.Name]
	if !ok {
		return no(n, "no such function")
	}
	return e.try(n, func() any {
		f := builtin.Builtins[id]
		var v any
		var err error
		switch {
		case f.Fast != nil && len(args) == 1:
			v = f.Fast(args[0])
		case f.Safe != nil:
			v, _, err = f.Safe(args...)
		case f.Func != nil:
			v, err = f.Func(args...)
		default:
			err = fmt.Errorf("it does not take %d values", len(args))
		}
		if err != nil {
			return no(n, "%v", err)
		}
		return v
	})
}

// afford counts what a function is about to do and to make, before it does.
func (e *evaluator) afford(name string, args []any) bool {
	text := func(i int) string {
		if i < len(args) {
			if s, ok := args[i].(string); ok {
				return s
			}
		}
		return ""
	}
	total, items := 0, 0
	for _, a := range args {
		if s, ok := a.(string); ok {
			total += len(s)
		} else if list, ok := elements(a); ok {
			items += list.len
		} else if m, ok := fields(a); ok {
			items += m.len
		}
	}
	switch name {
	case "type", "abs", "ceil", "floor", "round", "int", "float", "len", "take", "get",
		"bitand", "bitor", "bitxor", "bitnand", "bitshl", "bitshr", "bitushr", "bitnot":
		return true
	case "repeat":
		n := 0
		if len(args) == 2 && kindOf(args[1]) == aNumber {
			n = runtime.ToInt(args[1])
		}
		return n <= 0 || len(text(0)) <= maxBytes/n && e.grow(len(text(0))*n) || e.costly()
	case "replace":
		count := strings.Count(text(0), text(1))
		return len(text(2)) <= maxBytes/(count+1) && e.scan(total) && e.grow(len(text(0))+count*len(text(2))) || e.costly()
	case "split", "splitAfter":
		return e.scan(total) && e.grow(16*(strings.Count(text(0), text(1))+1))
	case "join":
		return len(text(1)) <= maxBytes/(items+1) && e.grow(e.size(args[0])+items*len(text(1))) || e.costly()
	case "uniq": // every element is compared with every other
		return items < 1<<15 && e.charge(items*items/4+1) && e.grow(16*items) || e.costly()
	case "keys", "values", "toPairs", "fromPairs", "reverse", "concat", "sort":
		return e.charge(items*8) && e.grow(48*items)
	case "fromJSON":
		return e.scan(total) && e.grow(8*total)
	case "toJSON":
		return e.grow(e.indented(args[0], 0))
	default:
		for _, a := range args {
			total += e.size(a)
		}
		return e.scan(total) && e.grow(2*total)
	}
}

func (e *evaluator) costly() bool { e.spent = true; return false }

// size is about how many bytes a value takes, each element visited.
func (e *evaluator) size(v any) int {
	if s, ok := v.(string); ok {
		return len(s)
	}
	if !e.charge(1) {
		return 0
	}
	total := 16
	if list, ok := elements(v); ok {
		for i := range list.len {
			if total += e.size(list.at(i)); e.spent {
				return 0
			}
		}
	} else if m, ok := fields(v); ok {
		for _, k := range m.keys() {
			inner, _ := m.get(k)
			if total += len(k) + e.size(inner); e.spent {
				return 0
			}
		}
	}
	return total
}

// indented is at most how long a value is as indented JSON.
func (e *evaluator) indented(v any, depth int) int {
	if !e.charge(1) {
		return 0
	}
	total := 2*depth + 32
	if s, ok := v.(string); ok {
		return total + 6*len(s)
	}
	if list, ok := elements(v); ok {
		for i := range list.len {
			if total += e.indented(list.at(i), depth+1); e.spent || total > maxBytes {
				return total
			}
		}
	} else if m, ok := fields(v); ok {
		for _, k := range m.keys() {
			inner, _ := m.get(k)
			if total += 6*len(k) + e.indented(inner, depth+1); e.spent || total > maxBytes {
				return total
			}
		}
	}
	return total
}

// over is the functions that look at each element of a list.
func (e *evaluator) over(n *ast.BuiltinNode) any {
	v := e.value(n.Arguments[0])
	if u, ok := v.(*unknown); ok {
		return u
	}
	list, ok := elements(v)
	if !ok {
		hint := ""
		if kindOf(v) == aMap {
			hint = "; values(…) and keys(…) make lists of it"
		}
		return no(n, "it looks at the elements of a list, and %s is %s%s", n.Arguments[0].String(), describe(v), hint)
	}
	switch n.Name {
	case "all":
		return e.all(n, list)
	case "none":
		return not(e.anyOf(n, list))
	case "any":
		return e.anyOf(n, list)
	case "one", "count":
		return e.howMany(n, list)
	case "find", "findIndex":
		return e.find(n, list, false)
	case "findLast", "findLastIndex":
		return e.find(n, list, true)
	case "reduce":
		return e.reduce(n, list)
	case "sum":
		return e.sum(n, list)
	default:
		return e.collect(n, list)
	}
}

// each gives what the predicate says of an element; without a predicate, the element.
func (e *evaluator) each(n *ast.BuiltinNode, list sequence, i int, acc any) any {
	if len(n.Arguments) < 2 {
		return list.at(i)
	}
	e.scopes = append(e.scopes, scope{list.at(i), i, acc})
	v := e.value(n.Arguments[1])
	e.scopes = e.scopes[:len(e.scopes)-1]
	return v
}

// truth is each as true, false or unknown.
func (e *evaluator) truth(n *ast.BuiltinNode, list sequence, i int) any {
	switch v := e.each(n, list, i, nil).(type) {
	case bool, *unknown:
		return v
	default:
		return no(n.Arguments[len(n.Arguments)-1], "it is %s, and neither true nor false", describe(v))
	}
}

// all is unknown of an empty list: that all of nothing is so says nothing.
func (e *evaluator) all(n *ast.BuiltinNode, list sequence) any {
	if list.len == 0 {
		at := n.Arguments[0].String()
		return no(n, "%s is empty, and of nothing everything is true; len(%s) == 0 asks for that", at, at)
	}
	return e.every(list.len, func(i int) any { return e.truth(n, list, i) })
}

func (e *evaluator) anyOf(n *ast.BuiltinNode, list sequence) any {
	return not(e.every(list.len, func(i int) any { return not(e.truth(n, list, i)) }))
}

func (e *evaluator) howMany(n *ast.BuiltinNode, list sequence) any {
	count := 0
	for i := range list.len {
		switch v := e.truth(n, list, i).(type) {
		case *unknown:
			return v
		case bool:
			if v {
				count++
			}
		}
	}
	if n.Name == "one" {
		return count == 1
	}
	return count
}

func (e *evaluator) find(n *ast.BuiltinNode, list sequence, backwards bool) any {
	for k := range list.len {
		i := k
		if backwards {
			i = list.len - 1 - k
		}
		switch v := e.truth(n, list, i).(type) {
		case *unknown:
			return v
		case bool:
			switch {
			case !v:
			case strings.HasSuffix(n.Name, "Index"):
				return i
			default:
				return list.at(i)
			}
		}
	}
	return &unknown{absent: true, node: n, why: "no element is so"}
}

func (e *evaluator) reduce(n *ast.BuiltinNode, list sequence) any {
	from := 0
	var acc any
	switch {
	case len(n.Arguments) == 3:
		acc = e.value(n.Arguments[2])
	case list.len == 0:
		return &unknown{absent: true, node: n, why: "the list is empty"}
	default:
		acc, from = list.at(0), 1
	}
	for i := from; i < list.len; i++ {
		acc = e.each(n, list, i, acc)
	}
	return acc
}

func (e *evaluator) sum(n *ast.BuiltinNode, list sequence) any {
	var total any = 0
	for i := range list.len {
		v := e.each(n, list, i, nil)
		if u, ok := v.(*unknown); ok {
			return u
		}
		if kindOf(v) != aNumber {
			return no(n, "it adds %s", describe(v))
		}
		if more, over := overflown("+", v, total); over {
			total = more
		} else {
			total = runtime.Add(v, total)
		}
	}
	return total
}

// collect is the functions that make a list, or groups, of the elements.
func (e *evaluator) collect(n *ast.BuiltinNode, list sequence) any {
	if !e.grow(list.len * 16) {
		return no(n, "%v", errCostly)
	}
	out := make([]any, 0, list.len)
	keys := make([]any, 0, list.len)
	for i := range list.len {
		if n.Name == "filter" {
			switch v := e.truth(n, list, i).(type) {
			case *unknown:
				return v
			case bool:
				if v {
					out = append(out, list.at(i))
				}
			}
			continue
		}
		v := e.each(n, list, i, nil)
		if n.Name == "map" {
			out = append(out, e.kept(v))
			continue
		}
		if u, ok := v.(*unknown); ok {
			return u
		}
		out, keys = append(out, list.at(i)), append(keys, v)
	}
	switch n.Name {
	case "groupBy":
		return e.group(n, out, keys)
	case "sortBy":
		return e.sort(n, out, keys)
	default:
		return out
	}
}

func (e *evaluator) group(n *ast.BuiltinNode, items, keys []any) any {
	groups := map[any][]any{}
	for i, k := range keys {
		if kind := kindOf(k); kind != aText && kind != aNumber && kind != aBool && kind != aNull {
			return no(n, "it groups by %s", describe(k))
		}
		groups[k] = append(groups[k], items[i])
	}
	return groups
}

func (e *evaluator) sort(n *ast.BuiltinNode, items, keys []any) any {
	order := "asc"
	if len(n.Arguments) == 3 {
		s, ok := e.value(n.Arguments[2]).(string)
		if !ok || s != "asc" && s != "desc" {
			return no(n, "the order is asc or desc")
		}
		order = s
	}
	index := make([]int, len(items))
	for i := range index {
		index[i] = i
		if k := kindOf(keys[i]); k != kindOf(keys[0]) || k != aNumber && k != aText {
			return no(n, "it sorts by %s and %s", describe(keys[0]), describe(keys[i]))
		}
	}
	slices.SortStableFunc(index, func(a, b int) int {
		e.charge(1)
		c := 0
		switch {
		case runtime.Less(keys[a], keys[b]):
			c = -1
		case runtime.Less(keys[b], keys[a]):
			c = 1
		}
		if order == "desc" {
			return -c
		}
		return c
	})
	out := make([]any, len(items))
	for i, from := range index {
		out[i] = items[from]
	}
	return out
}
