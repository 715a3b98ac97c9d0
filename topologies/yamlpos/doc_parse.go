package yamlpos

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"

	"go.yaml.in/yaml/v4"
)

// Bounds of a file. They are far above what people write and far below what harms.
const (
	MaxBytes = 512 << 10
	MaxNodes = 100_000 // once aliases and merges are written out
	maxDepth = 100

	maxProblems = 500
	maxMessage  = 4 << 10  // bytes of one problem's message, and of its hint
	maxPaths    = 16 << 20 // bytes of the paths of all values
)

// Doc is one parsed file: its nodes, where each value stood, and the problems found so far.
type Doc struct {
	File     string
	Root     *yaml.Node // the document's top node; nil when it could not be parsed
	Problems Problems
	// Ignored are the keys that were written, are known, and have no effect.
	Ignored []string

	marks   map[string]mark
	strange map[string]bool // values with a key that is not known
	misread map[mark]bool   // values that Decode found faults with
	visited int
	paths   int // bytes of what was kept in marks
	bounded bool
}

type mark struct{ line, col int }

// Parse reads one YAML document. A file that cannot be parsed has a nil Root and
// says why in Problems.
func Parse(file string, data []byte) *Doc {
	d := &Doc{File: file, marks: map[string]mark{}, strange: map[string]bool{}}
	if len(data) > MaxBytes {
		d.add(1, 1, fmt.Sprintf("the file has %d bytes, at most %d are read", len(data), MaxBytes), "move long configurations into files of their own")
		return d
	}
	data = inUTF8(data)
	var top yaml.Node
	err := yaml.Unmarshal(data, &top)
	hidden := false
	if err != nil && bytes.Contains(data, []byte("${")) {
		var again yaml.Node
		if yaml.Unmarshal(mask(data), &again) == nil {
			top, err, hidden = again, nil, true
		}
	}
	if err != nil {
		line, col := 1, 1
		message := strings.TrimPrefix(err.Error(), "yaml: ")
		var load *yaml.LoadError
		var loads *yaml.LoadErrors
		switch {
		case errors.As(err, &loads) && len(loads.Errors) > 0:
			load = loads.Errors[0]
		default:
			_ = errors.As(err, &load)
		}
		if load != nil {
			line, col, message = max(load.Mark.Line, 1), max(load.Mark.Column, 1), load.Message
		}
		if at := bytes.Index(data, []byte("{{")); at >= 0 {
			line = 1 + bytes.Count(data[:at], []byte("\n"))
			col, message = at-bytes.LastIndexByte(data[:at], '\n'), isTemplate
		}
		if tab := tabbed(data, line); tab > 0 && message != isTemplate {
			d.add(line, tab, "a tab stands among the blanks that the line is indented with", "YAML indents with blanks only")
			return d
		}
		d.add(line, col, message, templateHint(message))
		return d
	}
	if len(top.Content) == 0 || len(bytes.TrimSpace(data)) == 0 {
		d.add(1, 1, "the file is empty", "")
		return d
	}
	if line, col, why := measure(top.Content[0]); why != "" {
		d.add(line, col, why, "")
		return d
	}
	if n := templated(top.Content[0]); n != nil {
		d.add(n.Line, n.Column, isTemplate, templateHint(isTemplate))
		return d
	}
	d.Root = top.Content[0]
	if hidden {
		unmask(d.Root)
	}
	if line := secondDocument(data); line > 0 {
		d.add(line, 1, "the file has more than one document, and what stands from here on is not read", "write each in a file of its own")
		d.Problems[len(d.Problems)-1].Warning = true
	}
	return d
}

// inUTF8 gives a text of UTF-16, as editors of Windows save one, in UTF-8. Without a mark it is known by the zero beside its
// first letter (YAML 1.2.2, 5.2).
func inUTF8(data []byte) []byte {
	if len(data) < 2 {
		return data
	}
	var order binary.ByteOrder
	switch first := [2]byte(data); {
	case first == [2]byte{0xff, 0xfe}, first[0] != 0 && first[1] == 0:
		order = binary.LittleEndian
	case first == [2]byte{0xfe, 0xff}, first[0] == 0 && first[1] != 0:
		order = binary.BigEndian
	default:
		return data
	}
	units := make([]uint16, 0, len(data)/2)
	for ; len(data) >= 2; data = data[2:] {
		units = append(units, order.Uint16(data))
	}
	return []byte(strings.TrimPrefix(string(utf16.Decode(units)), "\ufeff"))
}

// masked and unmasked write the signs of a variable, ${NAME:=default}, that YAML takes for its own
// between { and }, as what means nothing to it, and back: containerlab puts the values in before
// it reads the file.
//
//nolint:gochecknoglobals // tables that are only read
var (
	masked   = strings.NewReplacer("{", "\ue000", "}", "\ue001", ",", "\ue002", "[", "\ue003", "]", "\ue004")
	unmasked = strings.NewReplacer("\ue000", "{", "\ue001", "}", "\ue002", ",", "\ue003", "[", "\ue004", "]")
)

var variable = regexp.MustCompile(`\$\{(?:[^{}\n]|\$\{[^{}\n]*\})*\}`)

// mask writes the variables of a text without the signs.
func mask(data []byte) []byte {
	return variable.ReplaceAllFunc(data, func(m []byte) []byte { return []byte(masked.Replace(string(m))) })
}

// unmask puts the signs back. The document was measured before.
func unmask(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		n.Value = unmasked.Replace(n.Value)
	}
	for _, c := range n.Content {
		unmask(c)
	}
}

// tabbed is the column of a tab in what a line, or the one before it, is indented with.
func tabbed(data []byte, line int) int {
	n := 0
	for text := range bytes.Lines(data) {
		if n++; n != line {
			continue
		}
		indent := text[:len(text)-len(bytes.TrimLeft(text, " \t"))]
		return bytes.IndexByte(indent, '\t') + 1
	}
	return 0
}

// secondDocument is the line on which another document begins; 0 where none does.
func secondDocument(data []byte) int {
	n, begun := 0, false
	for line := range bytes.Lines(data) {
		n++
		text := bytes.TrimRight(line, " \t\r\n")
		switch {
		case begun && (string(text) == "---" || bytes.HasPrefix(text, []byte("--- "))):
			return n
		case len(text) > 0 && text[0] != '#' && text[0] != '%' && string(text) != "---":
			begun = true
		}
	}
	return 0
}

// isTemplate is said of a file that is text for a template engine, as containerlab's *.gotmpl.
const isTemplate = "this is a template ({{ … }}), and no YAML yet"

func templateHint(message string) string {
	if message != isTemplate {
		return ""
	}
	return "render it first (containerlab writes the result into the lab's folder), and give the result; a {{ that is meant stands in quotes"
}

// templated finds {{ … }} without quotes, which YAML reads as a mapping for a key. The
// document was measured before.
func templated(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Kind == yaml.MappingNode {
				return n
			}
		}
	}
	for _, c := range n.Content {
		if found := templated(c); found != nil {
			return found
		}
	}
	return nil
}

// measure tells what is wrong with the size of a document, aliases and merges written out,
// before anybody follows one: every part of it is counted, also one that has no effect.
func measure(root *yaml.Node) (line, col int, why string) {
	sizes := map[*yaml.Node]int{}
	const open = -1
	var sizeOf func(n *yaml.Node) int
	sizeOf = func(n *yaml.Node) int {
		if n.Kind == yaml.AliasNode {
			if sizes[n.Alias] == open && why == "" {
				line, col, why = n.Line, n.Column, "an anchor holds itself"
			}
			if size, done := sizes[n.Alias]; done {
				return max(size, 0)
			}
			return sizeOf(n.Alias)
		}
		if size, done := sizes[n]; done {
			return max(size, 0)
		}
		sizes[n] = open
		size := 1
		for _, inner := range n.Content {
			if size += sizeOf(inner); size > MaxNodes {
				if why == "" {
					line, col, why = inner.Line, inner.Column, fmt.Sprintf("the document has more than %d values once aliases are followed", MaxNodes)
				}
				break
			}
		}
		sizes[n] = size
		return size
	}
	sizeOf(root)
	return line, col, why
}

// mark remembers where the value with a path stood, as long as there is room for it.
func (d *Doc) mark(path string, n *yaml.Node) {
	if d.paths += len(path); d.paths > maxPaths {
		d.bound(n)
		return
	}
	d.marks[path] = mark{n.Line, n.Column}
}

// bound ends the walk.
func (d *Doc) bound(n *yaml.Node) {
	if !d.bounded {
		d.bounded = true
		d.NodeFaultf(n, "", "the document has more than %d values, more than %d levels, or keys that are too long", MaxNodes, maxDepth)
	}
}

// Full says that so many faults were found that more would help nobody: what looks for them
// may end.
func (d *Doc) Full() bool { return len(d.Problems) >= maxProblems }

// Sub starts a document for a part of d that another decoder reads, such as a
// topology written inside a scenario. Its problems must be added back by the caller.
func (d *Doc) Sub(n *yaml.Node) *Doc {
	return &Doc{File: d.File, Root: n, marks: map[string]mark{}, strange: map[string]bool{}}
}

// Decode walks the whole document into v, a pointer.
func (d *Doc) Decode(v any) {
	if d.Root != nil {
		d.value(d.Root, v, "")
	}
	d.misread = map[mark]bool{}
	for _, p := range d.Problems.Faults() {
		d.misread[mark{p.Line, p.Col}] = true
	}
}

// Misread says whether the value with this path was written, and Decode found a fault with it: what it
// holds since was not meant.
func (d *Doc) Misread(path string) bool {
	m, ok := d.marks[path]
	return ok && d.misread[m]
}

// Strange says whether a key of the value with this path is not known.
func (d *Doc) Strange(path string) bool { return d.strange[path] }

// Faultf reports a fault at the value with this path (a.b[2].c), or at the nearest
// value above it that was written.
func (d *Doc) Faultf(path, hint, format string, args ...any) {
	line, col := d.At(path)
	d.add(line, col, fmt.Sprintf(format, args...), hint)
}

// Warnf is Faultf for what is only worth saying.
func (d *Doc) Warnf(path, hint, format string, args ...any) {
	d.Faultf(path, hint, format, args...)
	d.Problems[len(d.Problems)-1].Warning = true
}

// NodeFaultf reports a fault at a node.
func (d *Doc) NodeFaultf(n *yaml.Node, hint, format string, args ...any) {
	d.add(n.Line, n.Column, fmt.Sprintf(format, args...), hint)
}

// At tells where the value with this path stood.
func (d *Doc) At(path string) (line, col int) {
	for {
		if m, ok := d.marks[path]; ok {
			return m.line, m.col
		}
		if path == "" {
			return 1, 1
		}
		if cut := strings.LastIndexAny(path, ".["); cut >= 0 {
			path = path[:cut]
		} else {
			path = ""
		}
	}
}

// Has says whether a value with this path was written.
func (d *Doc) Has(path string) bool {
	_, ok := d.marks[path]
	return ok
}

func (d *Doc) add(line, col int, message, hint string) {
	if len(d.Problems) > maxProblems {
		d.Problems = d.Problems[:maxProblems] // the last one gives way: Warnf marks it
	}
	d.Problems = append(d.Problems, Problem{File: d.File, Line: line, Col: col, Message: cut(message), Hint: cut(hint)})
}

// Join appends a key to a path. Keys that hold a dot or bracket are quoted.
func Join(path, key string) string {
	if strings.ContainsAny(key, ".[]") {
		return path + "[" + strconv.Quote(key) + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// Index appends a list index to a path.
func Index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// cut bounds a text of a problem.
func cut(s string) string {
	if len(s) <= maxMessage {
		return s
	}
	return strings.ToValidUTF8(s[:maxMessage], "") + " …"
}
