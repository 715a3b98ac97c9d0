package yamlpos_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

type node struct {
	Image  string            `yaml:"image"`
	Memory int               `yaml:"memory"`
	Load   float64           `yaml:"load"`
	Up     bool              `yaml:"up"`
	Env    map[string]string `yaml:"env"`
	Ports  []int             `yaml:"ports"`
	Peer   *node             `yaml:"peer"`
	Odd    complex128        `yaml:"odd"`
	own    int               `yaml:"own"` //nolint:unused // keys that are not exported are none
}

// IgnoredKeys are known, and have no effect.
func (node) IgnoredKeys() []string { return []string{"license"} }

// pair reads itself: "a-b".
type pair struct{ From, To string }

func (p *pair) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) {
	var text string
	d.Value(n, &text, path)
	var ok bool
	if p.From, p.To, ok = strings.Cut(text, "-"); !ok {
		d.NodeFaultf(n, "FROM-TO", "%q is no pair", text)
	}
}

type file struct {
	Name  string          `yaml:"name"`
	Nodes map[string]node `yaml:"nodes"`
	Links []pair          `yaml:"links"`
}

// said are the problems without the file's name, one a line.
func said(d *yamlpos.Doc) string {
	d.Problems.Sort()
	return strings.ReplaceAll(d.Problems.Error(), "f.yaml:", "")
}

// Every fault of a file is found in one pass, at its place, with what is wanted there.
func TestDecodeFaults(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"none", "name: x\nnodes: {r1: {image: i, memory: 0x10, load: 0.5, up: true, env: {A: b}, ports: [1], peer: {image: j}}}\nlinks: [a-b]\n", ""},
		{"a list for all", "- a\n", `1:1: a list stands here, want a mapping with keys such as name, nodes, links`},
		{"an unknown key", "name: x\nnamee: y\n", `2:1: unknown key "namee" (did you mean "name"?)`},
		{"an unknown key that nothing is like", "nodes: {r1: {zzzzzzzz: 1}}\n", `1:14: unknown key "zzzzzzzz" under nodes.r1 (known keys: image, memory, load, up, env, ports, peer, odd, license)`},
		{"a key that is not exported", "nodes: {r1: {own: 1}}\n", `1:14: unknown key "own" under nodes.r1 (did you mean "odd"?)`},
		{"a key without effect", "nodes: {r1: {license: x}}\n", `1:14: warning: "license" is known to containerlab and has no effect here`},
		{"twice", "name: x\nname: y\n", `2:1: key "name" is written twice (first written in line 1)`},
		{"a key that is no text", "[a]: b\n", `1:1: a key must be plain text`},
		{"a text for a mapping", "nodes: x\n", `1:8: "x" stands here, want a mapping`},
		{"a text for a list", "nodes: {r1: {ports: 1}}\n", `1:21: "1" stands here, want a list (write [1])`},
		{"a mapping for a list", "links: {a: b}\n", `1:8: a mapping stands here, want a list`},
		{"a text for a number", "nodes: {r1: {memory: much}}\n", `1:22: "much" stands here, want a whole number`},
		{"a number that is too large", "nodes: {r1: {memory: 99999999999999999999}}\n", `1:22: "99999999999999999999" stands here, want a whole number`},
		{"a text for a fraction", "nodes: {r1: {load: high}}\n", `1:20: "high" stands here, want a number`},
		{"a text for a truth", "nodes: {r1: {up: perhaps}}\n", `1:18: "perhaps" stands here, want true or false`},
		{"a number for a truth", "nodes: {r1: {up: 1}}\n", `1:18: "1" stands here, want true or false`},
		{"a list for a text", "name: [x]\n", `1:7: a list stands here, want text`},
		{"a type that no file has", "nodes: {r1: {odd: 1}}\n", `1:19: "1" stands here, want text`},
		{"what reads itself", "links: [a-b, ab]\n", `1:14: "ab" is no pair (FROM-TO)`},
		{"nothing is nothing", "name:\nnodes: ~\n", ""},
		{"a merge of no mapping", "nodes: {r1: {<<: x}}\n", `1:18: a merge (<<) wants a mapping`},
		{"many", "name: [x]\nnodes: {r1: {memory: m}}\nzz: 1\n", "1:7: a list stands here, want text\n2:22: \"m\" stands here, want a whole number\n3:1: unknown key \"zz\" (known keys: name, nodes, links)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := yamlpos.Parse("f.yaml", []byte(tt.text))
			var f file
			d.Decode(&f)
			if diff := cmp.Diff(tt.want, said(d)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What is written once is read where an alias or a merge names it; what stands beside a merge
// wins over it, and of several merges the first.
func TestAliasesAndMerges(t *testing.T) {
	d := yamlpos.Parse("f.yaml", []byte(`
name: &name lab
nodes:
  a: &a {image: one, memory: 1, env: {A: "1"}}
  b: &b {image: two, load: 2}
  c: {<<: *a, memory: 3}
  d: {<<: [*b, *a], up: true}
  e: *a
  f: {"<<": x}
links: [*name]
`))
	var f file
	d.Decode(&f)
	if got := said(d); !strings.Contains(got, `unknown key "<<"`) || !strings.Contains(got, `"lab" is no pair`) || len(d.Problems) != 2 {
		t.Errorf("%s", got)
	}
	env := map[string]string{"A": "1"}
	want := map[string]node{
		"a": {Image: "one", Memory: 1, Env: env}, "b": {Image: "two", Load: 2}, "c": {Image: "one", Memory: 3, Env: env},
		"d": {Image: "two", Load: 2, Memory: 1, Env: env, Up: true}, "e": {Image: "one", Memory: 1, Env: env}, "f": {},
	}
	if diff := cmp.Diff(want, f.Nodes, cmp.AllowUnexported(node{})); diff != "" {
		t.Error(diff)
	}
}

// What cannot be read at all says where and why, and has no root.
func TestParseRefuses(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'h'; c++ {
		bomb += fmt.Sprintf("%c: &%c [", c, c) + strings.Repeat(fmt.Sprintf("*%c, ", c-1), 9) + fmt.Sprintf("*%c]\n", c-1)
	}
	for _, tt := range []struct{ name, text, want string }{
		{"empty", " \n", "1:1: the file is empty"},
		{"broken", "a: |\n  text\n b: broken\n", "f.yaml:"},
		{"too long", strings.Repeat("#", yamlpos.MaxBytes+1), "at most 524288 are read"},
		{"a template", "a: 1\nb: {{ .Name }}\n", "2:"},
		{"a template that is no YAML", "a: 1\n{{ if x }}: [\n", "2:1: this is a template"},
		{"a tab", "a:\n\tb: 1\n", "2:1: a tab stands among the blanks that the line is indented with (YAML indents with blanks only)"},
		{"a bracket of its own", "a: {b: ${C, d: 1}\n", "f.yaml:"},
		{"an anchor that holds itself", "a: &x [*x]\n", "an anchor holds itself"},
		{"aliases that grow", bomb, "more than 100000 values once aliases are followed"},
	} {
		d := yamlpos.Parse("f.yaml", []byte(tt.text))
		if d.Root != nil || !strings.Contains(d.Problems.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, d.Problems)
		}
		d.Decode(&file{}) // of nothing, nothing
	}
}

// A second document is told, and the end of the only one is none.
func TestSecondDocument(t *testing.T) {
	for text, want := range map[string]string{
		"a: 1\n---\nb: 2\n": "2:1: ", "--- # head\na: 1\n--- {b: 2}\n": "3:1: ", "# x\n---\na: 1\n...\n": "", "a: |\n  x\n  ---\n": "",
	} {
		d := yamlpos.Parse("f.yaml", []byte(text))
		told := ""
		for _, p := range d.Problems.Warnings() {
			told += fmt.Sprintf("%d:%d: ", p.Line, p.Col)
		}
		if d.Root == nil || told != want || d.Problems.Faults() != nil {
			t.Errorf("%q: %v", text, d.Problems)
		}
	}
}

// A fault is told at the nearest value above it that was written.
func TestPlaces(t *testing.T) {
	d := yamlpos.Parse("f.yaml", []byte("name: x\nnodes:\n  r.1: {ports: [1,\n    2]}\n"))
	var f file
	d.Decode(&f)
	r1 := yamlpos.Join("nodes", "r.1")
	for path, want := range map[string][2]int{
		"name": {1, 7}, r1: {3, 3}, yamlpos.Join(r1, "image"): {3, 3},
		yamlpos.Index(yamlpos.Join(r1, "ports"), 1): {4, 5}, yamlpos.Index(yamlpos.Join(r1, "ports"), 9): {3, 16}, "links[3].from": {1, 1}, "": {1, 1},
	} {
		if line, col := d.At(path); line != want[0] || col != want[1] {
			t.Errorf("%s at %d:%d, want %v", path, line, col, want)
		}
	}
	if !d.Has(r1) || d.Has("links") {
		t.Errorf("has %v, %v", d.Has(r1), d.Has("links"))
	}
	d.Faultf("links", "write some", "no links")
	d.Warnf("name", "", "%s is short", "x")
	d.Sub(d.Root).Faultf("", "", "of a part")
	if faults := d.Problems.Faults(); len(faults) != 1 || faults.Error() != "f.yaml:1:1: no links (write some)" {
		t.Errorf("%v", faults)
	}
	if warnings := d.Problems.Warnings(); len(warnings) != 1 || warnings.Error() != "f.yaml:1:7: warning: x is short" {
		t.Errorf("%v", warnings)
	}
	if (yamlpos.Problems{}).Faults() != nil {
		t.Error("no problems are faults")
	}
	var ps yamlpos.Problems
	if err := fmt.Errorf("read: %w", yamlpos.Problems{{File: "g", Message: "gone"}}); !errors.As(err, &ps) || ps.Error() != "g: gone" {
		t.Errorf("%v", ps)
	}
}

// Problems are ordered by their place; those at one place stay in their order.
func TestSort(t *testing.T) {
	ps := yamlpos.Problems{{File: "b", Line: 1}, {File: "a", Line: 2, Col: 2}, {File: "a", Line: 2, Col: 1, Message: "first"}, {File: "a", Line: 2, Col: 1, Message: "second"}, {File: "a", Line: 1, Col: 9}}
	ps.Sort()
	want := yamlpos.Problems{{File: "a", Line: 1, Col: 9}, {File: "a", Line: 2, Col: 1, Message: "first"}, {File: "a", Line: 2, Col: 1, Message: "second"}, {File: "a", Line: 2, Col: 2}, {File: "b", Line: 1}}
	if diff := cmp.Diff(want, ps); diff != "" {
		t.Error(diff)
	}
}

// A file has bounds, and so has what is said of it.
func TestDecodeBounds(t *testing.T) {
	deep := yamlpos.Parse("f.yaml", []byte("nodes: {r1: "+strings.Repeat("{peer: ", 150)+"{image: x}"+strings.Repeat("}", 150)+"}\n"))
	deep.Decode(&file{})
	if len(deep.Problems) != 1 || !strings.Contains(deep.Problems[0].Message, "more than 100 levels") {
		t.Errorf("%.300s", deep.Problems)
	}
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, "zz%d: 1\n", i)
	}
	faulty := yamlpos.Parse("f.yaml", []byte(many.String()))
	faulty.Decode(&file{})
	if !faulty.Full() || len(faulty.Problems) > 501 {
		t.Errorf("%d problems", len(faulty.Problems))
	}
	faulty.Warnf("", "", "the last")
	if p := faulty.Problems[len(faulty.Problems)-1]; !p.Warning || p.Message != "the last" {
		t.Errorf("%+v", p)
	}
	long := yamlpos.Parse("f.yaml", []byte("name: ["+strings.Repeat("ä", 5000)+"]\n"))
	long.Faultf("", "", "%s", strings.Repeat("ä", 5000))
	if m := long.Problems[0].Message; len(m) > 4<<10+8 || !strings.HasSuffix(m, "ä …") {
		t.Errorf("%d bytes", len(m))
	}
}

// A word is suggested where it is near, whatever its case, and not where it is another.
func TestSuggest(t *testing.T) {
	known := []string{"image", "env", strings.Repeat("x", 65)}
	for word, want := range map[string]string{
		"imgae": `did you mean "image"?`, "IMAGE": `did you mean "image"?`, "enf": `did you mean "env"?`, "exec": "", "": "",
		strings.Repeat("x", 64): "", strings.Repeat("x", 65): "",
	} {
		if got := yamlpos.Suggest(word, known); got != want {
			t.Errorf("%q: %s, want %s", word, got, want)
		}
	}
}

// TestWideText: a file in UTF-16, with a mark or without, in either order, is read like one in UTF-8, its variables too.
func TestWideText(t *testing.T) {
	const text = "a: {b: ${C:=[1, 2]}}\n"
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, mark := range []string{"", "\ufeff"} {
			var data []byte
			for _, u := range utf16.Encode([]rune(mark + text)) {
				data = append(data, 0, 0)
				order.PutUint16(data[len(data)-2:], u)
			}
			d := yamlpos.Parse("f.yaml", data)
			if d.Root == nil || d.Root.Content[1].Content[1].Value != "${C:=[1, 2]}" {
				t.Errorf("%v, mark %q: %v", order, mark, d.Problems)
			}
		}
	}
}
