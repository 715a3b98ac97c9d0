package cases

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// Create makes a case's folder. One that is there already is an error.
func Create(path string, c Case) (Folder, error) {
	file := filepath.Join(path, FileName)
	if _, err := os.Stat(file); err == nil {
		return Folder{}, fmt.Errorf("%s is there already", file)
	}
	c.Reprise = Version
	if c.State == "" {
		c.State = Opened
	}
	data, err := encode(c)
	if err != nil {
		return Folder{}, err
	}
	if _, err := Parse(file, data); err != nil {
		return Folder{}, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil { // its owner's alone: it names the customer
		return Folder{}, fmt.Errorf("make a folder for the case: %w", err)
	}
	if err := evidence.WriteFile(file, data); err != nil {
		return Folder{}, err
	}
	f := Folder{Path: path, Case: c}
	return f, f.Note(time.Now(), "opened: "+c.Title)
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(v), enc.Close()); err != nil {
		return nil, fmt.Errorf("write case: %w", err)
	}
	return b.Bytes(), nil
}

// Editor changes values of a case.yaml and leaves the rest, comments too, as it is.
type Editor struct {
	root *yaml.Node
}

// Edit changes a case on disk. Nothing is written unless the result is a valid case. Two
// programs that edit it at once do so one after the other.
func (f *Folder) Edit(change func(*Editor) error) (err error) {
	file, err := filepath.EvalSymlinks(filepath.Join(f.Path, FileName)) // a link stays one
	if err != nil {
		return fmt.Errorf("read case: %w", err)
	}
	dir, err := os.Open(f.Path)
	if err != nil {
		return fmt.Errorf("open case: %w", err)
	}
	defer func() { err = errors.Join(err, dir.Close()) }() // and with it the lock
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock case: %w", err)
	}
	data, err := plain.Read(file, plain.Text)
	if err != nil {
		return fmt.Errorf("read case: %w", err)
	}
	var doc yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&doc); err != nil {
		return fmt.Errorf("read case: %w", err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s holds more than one document, and one case is one", file)
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return fmt.Errorf("%s is no mapping", file)
	}
	if err := change(&Editor{doc.Content[0]}); err != nil {
		return err
	}
	out, err := encode(&doc)
	if err != nil {
		return err
	}
	c, err := Parse(file, out)
	if err != nil {
		return err
	}
	if err := evidence.WriteFile(file, out); err != nil {
		return err
	}
	f.Case = c
	return nil
}

// Set puts a value at a path such as scope.what, making what leads there.
func (e *Editor) Set(path string, value any) error {
	node := e.root
	keys := strings.Split(path, ".")
	for _, key := range keys[:len(keys)-1] {
		next := child(node, key)
		if next == nil || next.Kind == yaml.ScalarNode && next.Tag == "!!null" {
			next = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
			put(node, key, next)
		}
		if next.Kind != yaml.MappingNode {
			return fmt.Errorf("%s of %s holds no keys", key, path)
		}
		node = next
	}
	var n yaml.Node
	if err := n.Encode(value); err != nil {
		return fmt.Errorf("set %s: %w", path, err)
	}
	put(node, keys[len(keys)-1], &n)
	return nil
}

// Append adds a value to the list at a key, making the list.
func (e *Editor) Append(key string, value any) error {
	list := child(e.root, key)
	if list == nil || list.Kind != yaml.SequenceNode {
		list = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		put(e.root, key, list)
	}
	var n yaml.Node
	if err := n.Encode(value); err != nil {
		return fmt.Errorf("add to %s: %w", key, err)
	}
	list.Content = append(list.Content, &n)
	list.Style = 0
	return nil
}

// Element gives an editor for the element i of the list at a key.
func (e *Editor) Element(key string, i int) (*Editor, error) {
	list := child(e.root, key)
	if list == nil || list.Kind != yaml.SequenceNode || i < 0 || i >= len(list.Content) || list.Content[i].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s has no entry %d", key, i+1)
	}
	return &Editor{list.Content[i]}, nil
}

func child(m *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

// put replaces a value and keeps the comments at it, or adds the key at the end.
func put(m *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			was := m.Content[i+1]
			value.LineComment, value.HeadComment, value.FootComment = was.LineComment, was.HeadComment, was.FootComment
			m.Content[i+1] = value
			return
		}
	}
	m.Content = append(m.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, value)
	m.Style = 0
}

// Fields lists the paths that hold one value each, as "case set" takes them.
func Fields() []string {
	var list []string
	for _, party := range []string{"customer", "partner"} {
		for _, key := range []string{"name", "contact", "email", "phone", "site"} {
			list = append(list, party+"."+key)
		}
	}
	for _, key := range []string{"vendor", "platform", "version", "model", "part", "serial", "contract", "licence"} {
		list = append(list, "product."+key)
	}
	for _, key := range []string{"what", "when", "how", "impact", "severity", "expected", "failed"} {
		list = append(list, "scope."+key)
	}
	list = append(list, "title", "state", "scenario", "known.file", "known.checked", "known.decision", "known.reason",
		"judgement.is", "judgement.reference", "judgement.reason", "service-request.number",
		"fix.kind", "fix.version", "fix.received", "fix.verified", "fix.note")
	slices.Sort(list)
	return list
}

// Moment is one line of a case's timeline.
type Moment struct {
	At   time.Time `json:"at"`
	Says string    `json:"says"`
}

// Note adds to the timeline.
func (f Folder) Note(at time.Time, says string) (err error) {
	lines, err := evidence.CreateLines(filepath.Join(f.Path, "timeline.ndjson"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lines.Close()) }()
	return lines.Append(Moment{At: at.UTC().Truncate(time.Second), Says: says})
}

// Timeline reads how the case moved: what was noted here, and what is said of the Service
// Request, in the order of time.
func (f Folder) Timeline() ([]Moment, error) {
	var list []Moment
	for m, err := range evidence.ReadLines[Moment](filepath.Join(f.Path, "timeline.ndjson")) {
		if err != nil {
			return list, err
		}
		list = append(list, m)
	}
	for _, e := range f.Case.Request.History {
		if at, err := ParseTime(e.At); err == nil {
			list = append(list, Moment{At: at, Says: "service request " + f.Case.Request.Number + ": " + e.Says})
		}
	}
	slices.SortStableFunc(list, func(a, b Moment) int { return a.At.Compare(b.At) })
	return list, nil
}
