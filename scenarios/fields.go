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
	// Forms tell of a word whether a key of a row may have it, beside those of Values, and what may be meant instead.
	Forms map[string]func(word string) (hint string, is bool)
}

// ask is a key that an expression looks at, and the words that it is held against; none where it is not compared with any.
type ask struct {
	key   string
	whole bool // of json
	words []string
	by    string // how: == where it is empty
}

// may reports whether what a key has can be so beside one of the words that it is held against.
func (f *Fields) may(a ask) bool {
	known, form := f.Values[a.key], f.Forms[a.key]
	if a.whole || len(a.words) == 0 || known == nil && form == nil {
		return true
	}
	return slices.ContainsFunc(a.words, func(word string) bool {
		switch a.by {
		case "contains", "startsWith", "endsWith":
			return form != nil || slices.ContainsFunc(known, func(is string) bool {
				return a.by == "contains" && strings.Contains(is, word) || a.by == "startsWith" && strings.HasPrefix(is, word) || a.by == "endsWith" && strings.HasSuffix(is, word)
			})
		}
		if slices.Contains(known, word) || form == nil {
			return slices.Contains(known, word)
		}
		_, is := form(word)
		return is
	})
}

// meant is what may be meant by a word that a key never has.
func (f *Fields) meant(a ask) string {
	if form := f.Forms[a.key]; form != nil {
		if hint, _ := form(a.words[0]); hint != "" {
			return hint
		}
	}
	if small := strings.ToLower(a.words[0]); slices.Contains(f.Values[a.key], small) {
		return small
	}
	return hintOf(a.words[0], f.Values[a.key])
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
	left, against := n.Left, n.Right
	if _, isText := left.(*ast.StringNode); isText && (n.Operator == "==" || n.Operator == "!=") {
		left, against = against, left
	}
	m, ok := left.(*ast.MemberNode)
	if !ok {
		return
	}
	key, ok := v.key(m, row)
	if !ok {
		return
	}
	switch right := against.(type) {
	case *ast.StringNode:
		switch n.Operator {
		case "==", "!=":
			key.words = []string{right.Value}
		case "contains", "startsWith", "endsWith":
			key.words, key.by = []string{right.Value}, n.Operator
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
		if !has.may(a) {
			c.refuse(at, has.meant(a), "%s is never %q", a.key, a.words[0])
			return
		}
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
