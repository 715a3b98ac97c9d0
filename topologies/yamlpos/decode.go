package yamlpos

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Decoder is a type that reads itself from a node.
type Decoder interface {
	DecodeYAML(d *Doc, n *yaml.Node, path string)
}

// Ignorer is a struct with keys that are known but not used: each gets a warning
// instead of a fault.
type Ignorer interface {
	IgnoredKeys() []string
}

// Value walks one node into v, a pointer; Decoders call it for their parts.
func (d *Doc) Value(n *yaml.Node, v any, path string) { d.value(n, v, path) }

func (d *Doc) value(n *yaml.Node, v any, path string) {
	d.walk(n, reflect.ValueOf(v).Elem(), path, 0)
}

func (d *Doc) walk(n *yaml.Node, v reflect.Value, path string, depth int) {
	if n = d.enter(n, path, depth); n == nil {
		return
	}
	if v.CanAddr() {
		if dec, ok := reflect.TypeAssert[Decoder](v.Addr()); ok {
			dec.DecodeYAML(d, n, path)
			return
		}
	}
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.walk(n, v.Elem(), path, depth+1)
	case reflect.Struct:
		d.structure(n, v, path, depth)
	case reflect.Map:
		d.mapping(n, v, path, depth)
	case reflect.Slice:
		d.sequence(n, v, path, depth)
	default:
		d.scalar(n, v)
	}
}

// enter resolves aliases, remembers the position and keeps the bounds.
func (d *Doc) enter(n *yaml.Node, path string, depth int) *yaml.Node {
	if d.bounded {
		return nil
	}
	if _, seen := d.marks[path]; !seen {
		d.mark(path, n)
	}
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	d.visited++
	if d.visited > MaxNodes || depth > maxDepth {
		d.bound(n)
		return nil
	}
	return n
}

func (d *Doc) structure(n *yaml.Node, v reflect.Value, path string, depth int) {
	if n.Kind != yaml.MappingNode {
		d.NodeFaultf(n, "", "%s, want a mapping with keys such as %s", describe(n), strings.Join(firstN(keysOf(v.Type()), 3), ", "))
		return
	}
	fields := fieldsOf(v.Type())
	d.pairs(n, path, func(k, val *yaml.Node) {
		f, ok := fields[k.Value]
		if !ok {
			d.unknownKey(k, v, path)
			return
		}
		d.mark(Join(path, k.Value), val)
		d.walk(val, v.FieldByIndex(f), Join(path, k.Value), depth+1)
	})
}

func (d *Doc) unknownKey(k *yaml.Node, v reflect.Value, path string) {
	known := keysOf(v.Type())
	if ig, ok := reflect.TypeAssert[Ignorer](v); ok {
		if slices.Contains(ig.IgnoredKeys(), k.Value) {
			d.Ignored = append(d.Ignored, k.Value)
			d.NodeFaultf(k, "", "%q is known to containerlab and has no effect here", k.Value)
			d.Problems[len(d.Problems)-1].Warning = true
			return
		}
		known = append(known, ig.IgnoredKeys()...)
	}
	hint := Suggest(k.Value, known)
	if hint == "" {
		hint = "known keys: " + strings.Join(known, ", ")
	}
	where := ""
	if path != "" {
		where = " under " + path
	}
	d.NodeFaultf(k, hint, "unknown key %q%s", k.Value, where)
	d.strange[path] = true
}

// pairs visits a mapping's keys once each, merge keys (<<) last.
func (d *Doc) pairs(n *yaml.Node, path string, visit func(k, v *yaml.Node)) {
	seen := map[string]*yaml.Node{}
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if d.bounded || d.Full() {
			return
		}
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case k.Kind != yaml.ScalarNode:
			d.NodeFaultf(k, "", "a key must be plain text")
		case k.Value == "<<" && k.Style == 0:
			merges = append(merges, v)
		case seen[k.Value] != nil:
			d.NodeFaultf(k, fmt.Sprintf("first written in line %d", seen[k.Value].Line), "key %q is written twice", k.Value)
		default:
			seen[k.Value] = k
			visit(k, v)
		}
	}
	for _, m := range merges {
		d.merge(m, path, seen, visit, 0)
	}
}

func (d *Doc) merge(m *yaml.Node, path string, seen map[string]*yaml.Node, visit func(k, v *yaml.Node), depth int) {
	for m.Kind == yaml.AliasNode {
		m = m.Alias
	}
	if d.visited++; depth > maxDepth || d.visited > MaxNodes {
		return
	}
	switch m.Kind {
	case yaml.SequenceNode:
		for _, part := range m.Content {
			d.merge(part, path, seen, visit, depth+1)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(m.Content); i += 2 {
			if k := m.Content[i]; seen[k.Value] == nil && !d.bounded && !d.Full() {
				seen[k.Value] = k
				visit(k, m.Content[i+1])
			}
		}
	default:
		d.NodeFaultf(m, "", "a merge (<<) wants a mapping")
	}
}

func (d *Doc) mapping(n *yaml.Node, v reflect.Value, path string, depth int) {
	if n.Kind != yaml.MappingNode {
		d.NodeFaultf(n, "", "%s, want a mapping", describe(n))
		return
	}
	out := reflect.MakeMap(v.Type())
	d.pairs(n, path, func(k, val *yaml.Node) {
		key := Join(path, k.Value)
		d.mark(key, k)
		elem := reflect.New(v.Type().Elem()).Elem()
		d.walk(val, elem, key, depth+1)
		out.SetMapIndex(reflect.ValueOf(k.Value).Convert(v.Type().Key()), elem)
	})
	v.Set(out)
}

func (d *Doc) sequence(n *yaml.Node, v reflect.Value, path string, depth int) {
	if n.Kind != yaml.SequenceNode {
		hint := ""
		if n.Kind == yaml.ScalarNode {
			hint = "write [" + n.Value + "]"
		}
		d.NodeFaultf(n, hint, "%s, want a list", describe(n))
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		if d.bounded || d.Full() {
			break
		}
		d.walk(item, out.Index(i), Index(path, i), depth+1)
	}
	v.Set(out)
}

func (d *Doc) scalar(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.ScalarNode {
		d.NodeFaultf(n, "", "%s, want %s", describe(n), kindName(v.Kind()))
		return
	}
	var err error
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.Value)
	case reflect.Bool:
		var b bool
		if b, err = strconv.ParseBool(n.Value); err == nil && n.ShortTag() == "!!bool" {
			v.SetBool(b)
			return
		}
		err = strconv.ErrSyntax
	case reflect.Int, reflect.Int64:
		var i int64
		i, err = strconv.ParseInt(n.Value, 0, v.Type().Bits())
		v.SetInt(i)
	case reflect.Float64:
		var f float64
		f, err = strconv.ParseFloat(n.Value, 64)
		v.SetFloat(f)
	default:
		err = strconv.ErrSyntax
	}
	if err != nil {
		d.NodeFaultf(n, "", "%s, want %s", describe(n), kindName(v.Kind()))
	}
}

func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping stands here"
	case yaml.SequenceNode:
		return "a list stands here"
	default:
		if n.ShortTag() == "!!null" {
			return "nothing stands here"
		}
		return fmt.Sprintf("%q stands here", n.Value)
	}
}

func kindName(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	default:
		return "text"
	}
}

// fieldsOf maps yaml keys to field indexes; embedded structs count as inline.
func fieldsOf(t reflect.Type) map[string][]int {
	fields := map[string][]int{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name != "" && name != "-" && f.IsExported() {
			fields[name] = f.Index
		}
	}
	return fields
}

// keysOf lists the yaml keys of a struct in the order of its fields.
func keysOf(t reflect.Type) []string {
	var keys []string
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); name != "" && name != "-" && f.IsExported() {
			keys = append(keys, name)
		}
	}
	return keys
}

func firstN(s []string, n int) []string { return s[:min(n, len(s))] }
