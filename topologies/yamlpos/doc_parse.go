package yamlpos

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Bounds of a file. They are far above what people write and far below what harms.
const (
	MaxBytes = 1 << 20
	MaxNodes = 100_000
	maxDepth = 100
)

// Doc is one parsed file: its nodes, where each value stood, and the problems found so far.
type Doc struct {
	File     string
	Root     *yaml.Node // the document's top node; nil when it could not be parsed
	Problems Problems
	// Ignored are the keys that were written, are known, and have no effect.
	Ignored []string

	marks   map[string]mark
	visited int
	bounded bool
}

type mark struct{ line, col int }

// Parse reads one YAML document. A file that cannot be parsed has a nil Root and
// says why in Problems.
func Parse(file string, data []byte) *Doc {
	d := &Doc{File: file, marks: map[string]mark{}}
	if len(data) > MaxBytes {
		d.add(1, 1, fmt.Sprintf("the file has %d bytes, at most %d are read", len(data), MaxBytes), "move long configurations into files of their own")
		return d
	}
	var top yaml.Node
	if err := yaml.Unmarshal(data, &top); err != nil {
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
		d.add(line, col, message, "")
		return d
	}
	if len(top.Content) == 0 || len(bytes.TrimSpace(data)) == 0 {
		d.add(1, 1, "the file is empty", "")
		return d
	}
	d.Root = top.Content[0]
	return d
}

// Sub starts a document for a part of d that another decoder reads, such as a
// topology written inside a scenario. Its problems must be added back by the caller.
func (d *Doc) Sub(n *yaml.Node) *Doc {
	return &Doc{File: d.File, Root: n, marks: map[string]mark{}}
}

// Decode walks the whole document into v, a pointer.
func (d *Doc) Decode(v any) {
	if d.Root != nil {
		d.value(d.Root, v, "")
	}
}

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
	d.Problems = append(d.Problems, Problem{File: d.File, Line: line, Col: col, Message: message, Hint: hint})
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
