package scenarios

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// View is what a probe saw, as an expression sees it.
type View struct {
	Text string // the output
	// Rows are the output through the condition's TextFSM template. nil means that there is no
	// table: the template recognised nothing. A table without rows is empty and not nil.
	Rows  []map[string]any
	Exit  int     // exit status of the command; -1 where the platform has none
	Count int     // number of rows, matching lines, answers or deaths
	Took  float64 // seconds until the answer was complete
	// AtLeast says that Took is only known to be at least so long.
	AtLeast bool
	// Partial says why a part of what was seen is missing; empty where nothing is. Count is then only known to be
	// at least so much, and of Text nothing is known.
	Partial string
	// Ports are the node's ports by the interface of the topology, where the lab chose them.
	Ports map[string]string
	// Words are those of the probe's own kind, by name.
	Words map[string]Word
	// Unknown says why nothing is known of what the probe saw; empty where something is.
	Unknown string
	// NoRows says why there is no table; empty where the template recognised nothing.
	NoRows string
	// Loose reads numbers as programs did before they were exact: of a key that an object has twice
	// the last counts, whole numbers are rounded to 53 bits, and NaN compares.
	Loose bool
}

// env is the environment of an expression; its field names are the language's words.
type env struct {
	Text   string           `expr:"text"`
	JSON   any              `expr:"json"`
	Rows   []map[string]any `expr:"rows"`
	Exit   int              `expr:"exit"`
	Count  int              `expr:"count"`
	Took   float64          `expr:"took"`
	Before beforeEnv        `expr:"before"`
	// Ports is the name of an interface where the lab chose no port: ports.p1 is then p1.
	Ports map[string]string `expr:"ports"`
	// Budget bounds the evaluation; see compileBounded.
	Budget *budget `expr:"__budget"`
}

type beforeEnv struct {
	Text  string           `expr:"text"`
	JSON  any              `expr:"json"`
	Rows  []map[string]any `expr:"rows"`
	Exit  int              `expr:"exit"`
	Count int              `expr:"count"`
	Took  float64          `expr:"took"`
}

// words are the names of the environment, for hints.
const words = "the words are text json rows exit count took before ports"

// Predicate is a compiled expression in the language of github.com/expr-lang/expr, with
// has(PATH) beside its functions. It is safe for concurrent use.
type Predicate struct {
	program func() (*vm.Program, error) // for EvalV1, which few records need
	node    ast.Node                    // checked, not optimised: for Eval
	source  string
	boolean bool

	uses           map[string]bool // words of the environment
	beforeUses     map[string]bool // words of what was before
	constant       bool            // it looks at nothing
	decided        string          // a constant that decides a part of it; empty where there is none
	wholes         []string        // texts, and patterns, that are held against all of an answer; see wholeText
	beforeJSON     bool            // before.json, as EvalV1 finds it
	UsesBefore     bool            // the expression looks at the value before the stimulus
	UsesExit       bool            // it looks at the exit status
	UsesBeforeExit bool            // and at that before the stimulus

	texts    []string             // constant
	numbers  map[int]bool         // constant, and whole
	patterns map[ast.Node]pattern // constant right sides of "matches"
	// unsupported names what the expression has and Eval does not take; empty where it takes all.
	unsupported string
}

// pattern is a compiled regular expression with what it costs to search a byte.
type pattern struct {
	re   *regexp.Regexp
	cost int
}

// Errors of an evaluation that the expression itself is not to blame for.
var (
	ErrNotJSON  = errors.New("the output is not JSON")
	ErrNoBefore = errors.New("the value before the stimulus is not known")
)

// CompilePredicate compiles an expression. boolean says that it must give true or
// false; the window "changes" takes any value. A number with a unit of time, as 50ms, is seconds.
func CompilePredicate(source string, boolean bool) (*Predicate, error) {
	return compilePredicate(source, env{}, boolean)
}

// Compile compiles what decides the condition, with the words of its probe.
func (c Condition) Compile() (*Predicate, error) {
	if c.Probe().Sight().Flow {
		return compilePredicate(c.Predicate(), flowEnv{}, c.Boolean())
	}
	return CompilePredicate(c.Predicate(), c.Boolean())
}

// words are those that an expression of the condition may have, for hints.
func (c Condition) words() string {
	if c.Probe().Sight().Flow {
		return words + "; " + flowWords
	}
	return words
}

func compilePredicate(written string, environment any, boolean bool) (*Predicate, error) {
	source, moved := inSeconds(written)
	opts := []expr.Option{expr.Env(environment), expr.Function("has", hasV1, new(func(any) bool))}
	if boolean {
		opts = append(opts, expr.AsBool())
	}
	plain, err := expr.Compile(source, append(opts, expr.Optimize(false))...) // as it is written
	if err != nil {
		return nil, compileError(err, moved)
	}
	p := &Predicate{
		program: sync.OnceValues(func() (*vm.Program, error) { return compileBounded(source, opts...) }), node: plain.Node(), source: written, boolean: boolean,
		uses: map[string]bool{}, beforeUses: map[string]bool{}, patterns: map[ast.Node]pattern{}, numbers: map[int]bool{},
	}
	node := p.node
	ast.Walk(&node, p)
	p.constant = len(p.uses) == 0
	return p, nil
}

// noNumber reports whether the expression is known to give no number, whatever is seen.
func (p *Predicate) noNumber() bool {
	t := p.node.Type()
	return t != nil && (t.Kind() == reflect.Bool || t.Kind() == reflect.String)
}

// hasV1 is has under rules that know no absent value.
func hasV1(params ...any) (any, error) { return params[0] != nil, nil }

// compileError says where an expression is wrong. moved gives the column as it was written.
func compileError(err error, moved func(column int) int) error {
	if fe, ok := errors.AsType[*file.Error](err); ok {
		return fmt.Errorf("%s, at column %d of the expression", fe.Message, moved(fe.Column)+1)
	}
	return err
}

// Visit notes which names the expression uses, and what of it cannot be evaluated.
func (p *Predicate) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.StringNode:
		p.texts = append(p.texts, n.Value)
	case *ast.IntegerNode:
		p.numbers[n.Value] = true
	case *ast.IdentifierNode:
		p.uses[n.Value] = true
		switch n.Value {
		case "before":
			p.UsesBefore = true
		case "exit":
			p.UsesExit = true
		case "$env":
			p.refuse("$env")
		}
	case *ast.MemberNode:
		p.member(n)
	case *ast.BinaryNode:
		for _, side := range []ast.Node{n.Left, n.Right} {
			if b, ok := side.(*ast.BoolNode); ok && slices.Contains([]string{"and", "&&", "or", "||"}, n.Operator) {
				p.decided = fmt.Sprintf("%s %v", n.Operator, b.Value)
			}
		}
		if whole := wholeText(n); whole != "" {
			p.wholes = append(p.wholes, whole)
		}
		if s, ok := n.Right.(*ast.StringNode); ok && n.Operator == "matches" {
			if c, err := compilePattern(s.Value); err == nil {
				p.patterns[n] = c
			}
		}
	case *ast.CallNode:
		if f, ok := n.Callee.(*ast.IdentifierNode); !ok || f.Value != "has" {
			p.refuse("the call of " + n.Callee.String())
		} else if len(n.Arguments) == 1 && !isPath(n.Arguments[0]) {
			p.refuse("has(" + n.Arguments[0].String() + "): has asks for a place, as has(json.state) or has(rows)")
		}
	case *ast.BuiltinNode:
		if whole := wholeNumber(n); whole != "" {
			p.wholes = append(p.wholes, whole)
		}
		if n.Name == "now" {
			p.refuse("now(): a record is judged again later, and must give the same")
		}
	}
}

func (p *Predicate) member(n *ast.MemberNode) {
	if n.Method {
		p.refuse("the method " + n.Property.String())
	}
	property, ok := n.Property.(*ast.StringNode)
	if !ok {
		return
	}
	if base, isName := n.Node.(*ast.IdentifierNode); isName && base.Value == "before" && property.Value == "json" {
		p.beforeJSON = true
	}
	if n.Node.Type() == reflect.TypeFor[beforeEnv]() {
		p.beforeUses[property.Value] = true
		p.UsesBeforeExit = p.UsesBeforeExit || property.Value == "exit"
	}
}

func (p *Predicate) refuse(what string) {
	if p.unsupported == "" {
		p.unsupported = what
	}
}

// Mentions reports whether a text of the expression is part of words, or a pattern of it finds
// something there: the expression then looks at them. One that looks at no words at all does
// not care either.
func (p *Predicate) Mentions(words string) bool {
	if !p.uses["text"] && !p.uses["json"] && !p.uses["rows"] && !p.uses["count"] {
		return true
	}
	return slices.ContainsFunc(p.texts, func(s string) bool { return s != "" && strings.Contains(words, s) }) ||
		slices.ContainsFunc(slices.Collect(maps.Values(p.patterns)), func(c pattern) bool {
			return !c.re.MatchString("") && c.re.MatchString(words)
		})
}

// matches are the regular expressions that stand in the expression.
func (p *Predicate) matches() (patterns []string) {
	for _, c := range p.patterns {
		patterns = append(patterns, c.re.String())
	}
	slices.Sort(patterns)
	return slices.Compact(patterns)
}

// Names reports whether a whole number stands in the expression, as a status that it asks for.
func (p *Predicate) Names(number int) bool { return p.numbers[number] }

// Reads reports whether the expression looks at what was printed, and not at how much of it alone.
func (p *Predicate) Reads() bool { return p.uses["text"] || p.uses["json"] || p.uses["rows"] }

// isPath reports whether a node is a place that something can be absent from.
func isPath(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IdentifierNode, *ast.MemberNode, *ast.PointerNode:
		return true
	case *ast.ChainNode:
		return isPath(n.Node)
	case *ast.BuiltinNode:
		switch n.Name {
		case "get", "first", "last", "find", "findLast", "findIndex", "findLastIndex", "min", "max", "mean", "median":
			return true
		}
	}
	return false
}

// EvalV1 decides as programs did before absent values decided nothing: what is not there is
// nil. It exists to judge records again that were made under those rules.
func (p *Predicate) EvalV1(now View, before *View) (any, error) {
	e := env{Text: now.Text, Rows: now.Rows, Exit: now.Exit, Count: now.Count, Took: now.Took, Ports: now.Ports, Budget: newBudget()}
	if p.uses["json"] {
		if err := parseJSON(now.Text, &e.JSON); err != nil {
			return nil, err
		}
	}
	if p.UsesBefore {
		if before == nil {
			return nil, ErrNoBefore
		}
		e.Before = beforeEnv{Text: before.Text, Rows: before.Rows, Exit: before.Exit, Count: before.Count, Took: before.Took}
		if p.beforeJSON {
			if err := parseJSON(before.Text, &e.Before.JSON); err != nil {
				return nil, fmt.Errorf("before the stimulus: %w", err)
			}
		}
	}
	program, err := p.program()
	if err != nil {
		return nil, compileError(err, func(column int) int { return column })
	}
	v, err := expr.Run(program, e)
	if err != nil {
		if fe, ok := errors.AsType[*file.Error](err); ok {
			return nil, errors.New(fe.Message)
		}
		return nil, err
	}
	return v, nil
}

func parseJSON(text string, into *any) error {
	if err := json.Unmarshal([]byte(strings.TrimSpace(text)), into); err != nil {
		return fmt.Errorf("%w: %w", ErrNotJSON, err)
	}
	return nil
}
