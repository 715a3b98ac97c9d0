package scenarios

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Fields are the keys of what a probe of this program's own gives, by the word of the expression that has them.
type Fields struct {
	Rows []string // of a row
	JSON []string // of the whole; nil: it is the list of rows
	// Values are the words that a key of a row may have, of keys that have no others.
	Values map[string][]string
}

// ask is a key that an expression looks at, and the words that it must be one of; none where it is not compared with any.
type ask struct {
	key   string
	whole bool // of json
	words []string
}

// asked are the keys of rows and of json that an expression looks at, as far as its form shows them.
func (p *Predicate) asked(listed bool) []ask {
	v := &asks{listed: listed}
	node := p.node
	ast.Walk(&node, v)
	return v.list
}

type asks struct {
	listed bool // json is the list of rows
	list   []ask
}

// Visit implements ast.Visitor.
func (v *asks) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.MemberNode:
		if key, ok := v.key(n, nil); ok {
			v.list = append(v.list, key)
		}
	case *ast.BinaryNode:
		v.compared(n, nil)
	case *ast.BuiltinNode:
		if len(n.Arguments) == 2 && v.rows(n.Arguments[0]) {
			v.within(n.Arguments[1])
		}
	}
}

// within looks into what is asked of each row; not where it asks for what a row has in turn.
func (v *asks) within(body ast.Node) {
	inner := &inRow{of: v}
	ast.Walk(&body, inner)
	if !inner.nested {
		v.list = append(v.list, inner.list...)
	}
}

type inRow struct {
	of     *asks
	nested bool
	list   []ask
}

// Visit implements ast.Visitor.
func (r *inRow) Visit(node *ast.Node) {
	row := func(n ast.Node) bool { p, ok := n.(*ast.PointerNode); return ok && p.Name == "" }
	inner := &asks{listed: r.of.listed}
	switch n := (*node).(type) {
	case *ast.BuiltinNode:
		r.nested = true
	case *ast.MemberNode:
		if key, ok := inner.key(n, row); ok && row(n.Node) {
			r.list = append(r.list, key)
		}
	case *ast.BinaryNode:
		inner.compared(n, row)
		r.list = append(r.list, inner.list...)
	}
}

// rows reports whether a node is the list of rows.
func (v *asks) rows(n ast.Node) bool {
	id, ok := n.(*ast.IdentifierNode)
	return ok && (id.Value == "rows" || v.listed && id.Value == "json")
}

// key is the one that a node looks at: of one row, as row tells it too, or of json.
func (v *asks) key(n *ast.MemberNode, row func(ast.Node) bool) (ask, bool) {
	property, ok := n.Property.(*ast.StringNode)
	if !ok {
		return ask{}, false
	}
	if row != nil && row(n.Node) {
		return ask{key: property.Value}, true
	}
	switch base := n.Node.(type) {
	case *ast.IdentifierNode:
		return ask{key: property.Value, whole: true}, base.Value == "json" && !v.listed
	case *ast.MemberNode:
		_, numbered := base.Property.(*ast.IntegerNode)
		return ask{key: property.Value}, numbered && v.rows(base.Node)
	default:
		return ask{}, false
	}
}

// compared notes a key that must be a word, or one of several.
func (v *asks) compared(n *ast.BinaryNode, row func(ast.Node) bool) {
	m, ok := n.Left.(*ast.MemberNode)
	if !ok {
		return
	}
	key, ok := v.key(m, row)
	if !ok {
		return
	}
	switch right := n.Right.(type) {
	case *ast.StringNode:
		if n.Operator == "==" {
			key.words = []string{right.Value}
		}
	case *ast.IntegerNode:
		if n.Operator == "==" {
			key.words = []string{right.String()}
		}
	case *ast.ArrayNode:
		for _, e := range right.Nodes {
			if s, isText := e.(*ast.StringNode); isText && n.Operator == "in" {
				key.words = append(key.words, s.Value)
			}
		}
	}
	if len(key.words) > 0 {
		v.list = append(v.list, key)
	}
}

// fields refuses a key that nothing has, and a word that is never there.
func (c *checker) fields(at string, p *Predicate, has *Fields) {
	if has == nil {
		return
	}
	for _, a := range p.asked(has.JSON == nil) {
		known, of := has.Rows, "a row"
		if a.whole {
			known, of = has.JSON, "json"
		}
		if !slices.Contains(known, a.key) {
			c.refuse(at, hintOf(a.key, known), "%s has no %q here: it is always absent", of, a.key)
			return
		}
		words, closed := has.Values[a.key]
		if !closed || a.whole || len(a.words) == 0 || slices.ContainsFunc(a.words, func(w string) bool { return slices.Contains(words, w) }) {
			continue
		}
		c.refuse(at, hintOf(a.words[0], words), "%s is never %q", a.key, a.words[0])
		return
	}
}

// hintOf suggests one of the words that there are, or names them where they are few.
func hintOf(word string, of []string) string {
	if hint := yamlpos.Suggest(word, of); hint != "" {
		return hint
	}
	if i := slices.IndexFunc(of, func(s string) bool { return word != "" && strings.HasSuffix(s, word) }); i >= 0 {
		return of[i]
	}
	const few = 24
	if len(of) > few {
		return "as " + of[0]
	}
	return "it has " + strings.Join(of, ", ")
}
