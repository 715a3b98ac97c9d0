package scenarios

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// View is what a probe saw, as an expression sees it.
type View struct {
	Text  string           // the output
	Rows  []map[string]any // the output through the condition's TextFSM template
	Exit  int              // exit status of the command; -1 where the platform has none
	Count int              // number of rows, matching lines, answers or deaths
	// Ports are the node's ports by the interface of the topology, where the lab chose them.
	Ports map[string]string
}

// env is the environment of an expression; its field names are the language's words.
type env struct {
	Text   string           `expr:"text"`
	JSON   any              `expr:"json"`
	Rows   []map[string]any `expr:"rows"`
	Exit   int              `expr:"exit"`
	Count  int              `expr:"count"`
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
}

// Predicate is a compiled expression (github.com/expr-lang/expr). It is safe for
// concurrent use.
type Predicate struct {
	program    *vm.Program
	usesJSON   bool
	beforeJSON bool
	usesRows   bool
	UsesBefore bool // the expression looks at the value before the stimulus
}

// Errors of an evaluation that the expression itself is not to blame for.
var (
	ErrNotJSON  = errors.New("the output is not JSON")
	ErrNoBefore = errors.New("the value before the stimulus is not known")
)

// CompilePredicate compiles an expression. boolean says that it must give true or
// false; the window "changes" takes any value.
func CompilePredicate(source string, boolean bool) (*Predicate, error) {
	opts := []expr.Option{expr.Env(env{})}
	if boolean {
		opts = append(opts, expr.AsBool())
	}
	program, err := expr.Compile(source, opts...) // as it is written: for its faults, and what it looks at
	var bounded *vm.Program
	if err == nil {
		bounded, err = compileBounded(source, opts...)
	}
	if err != nil {
		if fe, ok := errors.AsType[*file.Error](err); ok {
			return nil, fmt.Errorf("%s, at column %d of the expression", fe.Message, fe.Column+1)
		}
		return nil, err
	}
	p := &Predicate{program: bounded}
	node := program.Node()
	ast.Walk(&node, p)
	return p, nil
}

// Visit notes which names the expression uses.
func (p *Predicate) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		switch n.Value {
		case "json":
			p.usesJSON = true
		case "rows":
			p.usesRows = true
		case "before":
			p.UsesBefore = true
		}
	case *ast.MemberNode:
		base, isName := n.Node.(*ast.IdentifierNode)
		property, isText := n.Property.(*ast.StringNode)
		if isName && isText && base.Value == "before" && property.Value == "json" {
			p.beforeJSON = true
		}
	}
}

// Eval decides over what a probe saw. before is nil when it is not known. An error
// means that the expression has no value here: the condition is then unknown.
func (p *Predicate) Eval(now View, before *View) (any, error) {
	e := env{Text: now.Text, Rows: now.Rows, Exit: now.Exit, Count: now.Count, Ports: now.Ports, Budget: newBudget()}
	if p.usesJSON {
		if err := parseJSON(now.Text, &e.JSON); err != nil {
			return nil, err
		}
	}
	if p.UsesBefore {
		if before == nil {
			return nil, ErrNoBefore
		}
		e.Before = beforeEnv{Text: before.Text, Rows: before.Rows, Exit: before.Exit, Count: before.Count}
		if p.beforeJSON {
			if err := parseJSON(before.Text, &e.Before.JSON); err != nil {
				return nil, fmt.Errorf("before the stimulus: %w", err)
			}
		}
	}
	v, err := expr.Run(p.program, e)
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
