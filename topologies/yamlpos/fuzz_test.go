package yamlpos_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// FuzzDecode: whatever a file holds, reading it ends, and every problem names a place that
// the file has and is a message of bounded length.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"", "a: 1\nb: [x, y]\nc: {d: {e: 1}}\n", "a: &x [1]\nb: *x\nc: {<<: {d: 1}}\n", "a: &x {<<: *x}\n", "a: {{ .Name }}\n", "a: 1\na: 2\nzz: 3\n",
		"- a\n- b\n", "a: |\n  text\n b: broken\n", "\xff\xfe", "a: [[[[[[1]]]]]]\nb: \"\\x00\"\n", "? [a]\n: b\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v struct {
			A any      `yaml:"a"`
			B []string `yaml:"b"`
			C map[string]struct {
				D int `yaml:"d"`
			} `yaml:"c"`
		}
		d := yamlpos.Parse("f.yaml", data)
		if d.Root == nil && len(d.Problems) == 0 {
			t.Fatal("nothing was read, and nothing is said")
		}
		if d.Root != nil {
			d.Decode(&v)
		}
		lines := bytes.Count(data, []byte("\n")) + strings.Count(string(data), "\r") + strings.Count(string(data), "\u0085") +
			strings.Count(string(data), "\u2028") + strings.Count(string(data), "\u2029") + 2
		for _, p := range d.Problems {
			if p.Line < 1 || p.Col < 1 || p.Line > lines {
				t.Errorf("%d:%d of %d lines: %s", p.Line, p.Col, lines, p.Message)
			}
			if len(p.Message)+len(p.Hint) > 16<<10 {
				t.Errorf("a message of %d bytes", len(p.Message)+len(p.Hint))
			}
		}
		for _, path := range []string{"a", "b[0]", "c.x.d", "nothing"} {
			if line, col := d.At(path); line < 0 || col < 0 {
				t.Errorf("%s is at %d:%d", path, line, col)
			}
		}
	})
}
