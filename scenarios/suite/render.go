package suite

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"strings"
	"text/template"
	"text/template/parse"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/topologies/version"
)

// lacksError says that a subject does not offer what a cell is about.
type lacksError struct{ why string }

func (e *lacksError) Error() string { return e.why }

// rendering executes templates with the values of one role.
type rendering struct {
	data  map[string]any
	notes *[]string // what is said beside a pass; nil takes none
	steps *int      // of all templates of the suite
}

// maxRendered bounds what one template makes, in bytes.
const maxRendered = 1 << 20

// text executes one template.
func (r *rendering) text(text string) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	t, err := template.New("").Option("missingkey=error").Funcs(r.funcs()).Parse(text)
	if err != nil {
		return "", fmt.Errorf("the template %s: %w", quoted(text), err)
	}
	if err := counted(t, r.steps); err != nil {
		return "", fmt.Errorf("the template %s: %w", quoted(text), err)
	}
	out := &limited{most: maxRendered}
	if err := t.Execute(out, r.data); err != nil {
		if lacks := (*lacksError)(nil); errors.As(err, &lacks) {
			return "", lacks
		}
		return "", fmt.Errorf("the template %s: %w", quoted(text), err)
	}
	return out.String(), nil
}

// maxQuoted bounds what is told of a template, in bytes.
const maxQuoted = 120

// quoted is a template in an error, by which it is found in the suite: its first line of those with an action.
func quoted(text string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, "{{") {
			text = strings.TrimSpace(line)
			break
		}
	}
	if len(text) > maxQuoted {
		text = strings.ToValidUTF8(text[:maxQuoted], "") + "…"
	}
	return fmt.Sprintf("%q", text)
}

// Bounds of how often templates are called and their loops go round: of one, and of all that the cells of a
// suite take. What takes longer than that was not meant.
const (
	maxSteps    = 100_000
	maxAllSteps = 10_000_000
)

// counted has a template count its steps: at the begin of every body that may run more than once.
func counted(t *template.Template, all *int) error {
	steps := 0
	step := func() (string, error) {
		if steps++; steps > maxSteps {
			return "", fmt.Errorf("it goes round more than %d times", maxSteps)
		}
		if *all++; *all > maxAllSteps {
			return "", fmt.Errorf("the templates of the suite go round more than %d times", maxAllSteps)
		}
		return "", nil
	}
	one, err := template.New("").Funcs(template.FuncMap{"step": step}).Parse("{{step}}")
	if err != nil {
		return err
	}
	t.Funcs(template.FuncMap{"step": step})
	for _, each := range t.Templates() {
		if each.Tree != nil && each.Root != nil {
			count(each.Root, one.Root.Nodes[0])
		}
	}
	return nil
}

// count puts a node at the begin of a body, and of those of the loops in it.
func count(body *parse.ListNode, step parse.Node) {
	var within func(list *parse.ListNode)
	within = func(list *parse.ListNode) {
		if list == nil {
			return
		}
		for _, n := range list.Nodes {
			switch n := n.(type) {
			case *parse.RangeNode:
				within(n.List)
				within(n.ElseList)
				n.List.Nodes = append([]parse.Node{step.Copy()}, n.List.Nodes...)
			case *parse.IfNode:
				within(n.List)
				within(n.ElseList)
			case *parse.WithNode:
				within(n.List)
				within(n.ElseList)
			}
		}
	}
	within(body)
	body.Nodes = append([]parse.Node{step.Copy()}, body.Nodes...)
}

// limited takes so much and no more.
type limited struct {
	bytes.Buffer
	most int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > l.most {
		return 0, fmt.Errorf("it makes more than %d bytes", l.most)
	}
	return l.Buffer.Write(p)
}

func (r *rendering) funcs() template.FuncMap {
	return template.FuncMap{
		"lacks": func(why string) (string, error) { return "", &lacksError{why} },
		"note": func(why string) string {
			if r.notes != nil {
				*r.notes = append(*r.notes, why)
			}
			return ""
		},
		"print":    func(args ...any) (string, error) { return short(fmt.Sprint(args...)) },
		"println":  func(args ...any) (string, error) { return short(fmt.Sprintln(args...)) },
		"printf":   printf,
		"html":     func(args ...any) (string, error) { return short(template.HTMLEscaper(args...)) },
		"js":       func(args ...any) (string, error) { return short(template.JSEscaper(args...)) },
		"urlquery": func(args ...any) (string, error) { return short(template.URLQueryEscaper(args...)) },
		"since":    func(v string) (bool, error) { before, err := r.before(v); return !before, err },
		"before":   r.before,
		"ip": func(prefix string) string {
			address, _, _ := strings.Cut(prefix, "/")
			return address
		},
		"port": func(name string) string { return "{{" + name + "}}" },
		"length": func(prefix string) (int, error) {
			p, err := netip.ParsePrefix(prefix)
			return p.Bits(), err
		},
		"network": func(prefix string) (string, error) {
			p, err := netip.ParsePrefix(prefix)
			return p.Masked().String(), err
		},
	}
}

// maxValue bounds what a function of a template gives, in bytes.
const maxValue = 256 << 10

// short refuses a text that is too long for a value: in variables it would grow without bound.
func short(s string) (string, error) {
	if len(s) > maxValue {
		return "", fmt.Errorf("a value of more than %d bytes", maxValue)
	}
	return s, nil
}

// wide are what makes printf write much out of little: a width of many digits, or one that is given beside.
var wide = regexp.MustCompile(`%[^a-zA-Z%]*?(?:\*|[1-9][0-9]{5})`)

// maxVerbs bounds the verbs of one printf.
const maxVerbs = 20

func printf(format string, args ...any) (string, error) {
	if wide.MatchString(format) || strings.Count(format, "%") > maxVerbs {
		return "", fmt.Errorf("printf takes widths below 100000, and %d verbs", maxVerbs)
	}
	return short(fmt.Sprintf(format, args...))
}

// before reports whether the version of the role's subject is before another.
func (r *rendering) before(v string) (bool, error) {
	text, _ := r.data["version"].(string)
	platform, _ := r.data["platform"].(string)
	have, err := version.ParseOf(platform, text)
	if err != nil {
		return false, err
	}
	bound, err := version.Parse(v)
	if err != nil {
		return false, err
	}
	c, known := have.Against(bound)
	if !known {
		return false, fmt.Errorf("whether %s is before %s cannot be known", text, v)
	}
	return c < 0, nil
}

// node renders every text of a part; what is no text stays as it is.
func (r *rendering) node(n *yaml.Node) (*yaml.Node, error) {
	if n.Kind == yaml.AliasNode {
		return r.node(n.Alias)
	}
	out := &yaml.Node{Kind: n.Kind, Tag: n.Tag, Value: n.Value, Style: n.Style}
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "{{") {
		text, err := r.text(n.Value)
		if err != nil {
			return nil, err
		}
		out.Value = text
	}
	for _, c := range n.Content {
		inner, err := r.node(c)
		if err != nil {
			return nil, err
		}
		out.Content = append(out.Content, inner)
	}
	return out, nil
}

// with gives a rendering that has more values.
func (r *rendering) with(more values) *rendering {
	if len(more) == 0 {
		return r
	}
	data := maps.Clone(r.data)
	for k, v := range more {
		data[inTemplates(k)] = v
	}
	return &rendering{data, r.notes, r.steps}
}

// inTemplates is a value's name in templates: mtu-ignore is mtuIgnore.
func inTemplates(name string) string {
	words := strings.Split(name, "-")
	for i, w := range words[1:] {
		first, size := utf8.DecodeRuneInString(w)
		words[i+1] = string(unicode.ToUpper(first)) + w[size:]
	}
	return strings.Join(words, "")
}
