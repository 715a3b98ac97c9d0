package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestReasons holds the reasons that the manual explains against the words of the program:
// one that nobody gives any more, or in other words, is of no use to who looks it up.
func TestReasons(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root, "harness/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	tables, _, _ := strings.Cut(string(data), "## How the house is built")
	said := strings.Join(literals(t, "harness", "scenarios", "topologies", "drivers"), "\n")
	seen := 0
	for line := range strings.Lines(tables) {
		first, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		if !ok || !strings.HasPrefix(line, "| ") {
			continue
		}
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(first, -1) {
			seen++
			if part := fixed(m[1]); !strings.Contains(said, part) {
				t.Errorf("nobody says %q (of %q)", part, m[1])
			}
		}
	}
	if seen < 40 {
		t.Errorf("%d reasons were looked at: they are written in another way now", seen)
	}
}

// placeholder is what stands in a reason for what differs.
var placeholder = regexp.MustCompile(`"NAME"|\bNODE\b|\bPROCESS\b|\bstimulus\[N\]|\b[NMT]\b|…|\(…\)|%[a-z]|"%s"|: build lab`)

// fixed is the longest part of a reason that is always the same.
func fixed(reason string) string {
	longest := ""
	for _, part := range placeholder.Split(reason, -1) {
		if part = strings.Trim(part, " ()\","); len(part) > len(longest) {
			longest = part
		}
	}
	return longest
}

// literals lists the texts in the program below these folders, those that are added joined.
func literals(t *testing.T, dirs ...string) []string {
	t.Helper()
	var out []string
	for _, dir := range dirs {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if s, ok := text(n); ok {
					out = append(out, s)
					return false
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// text is a literal, or a sum of literals.
func text(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.BasicLit:
		if n.Kind == token.STRING {
			s, err := strconv.Unquote(n.Value)
			return s, err == nil
		}
	case *ast.BinaryExpr:
		a, ok := text(n.X)
		b, too := text(n.Y)
		return a + b, ok && too && n.Op == token.ADD
	}
	return "", false
}
