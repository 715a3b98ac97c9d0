package main

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// TestPipes: a named pipe that nobody writes to, given where a file is read, is an error at
// once.
func TestPipes(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := syscall.Mkfifo("pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Mkdir("piped", 0o700), syscall.Mkfifo("piped/hypotheses.json", 0o600)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"log.txt": "a line\n", "b.tar.zst": "no bundle\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range []string{
		"redact pipe -o out", "redact log.txt -o out --rules pipe", "redact log.txt -o out --secret pipe",
		"bundle verify pipe", "bundle verify b.tar.zst --signers pipe", "bundle verify b.tar.zst -i pipe", "bundle open pipe", "bundle show pipe",
		"bundle create pipe --no-redact", "confirm pipe", "confirm b.tar.zst --signers pipe", "confirm b.tar.zst --sign pipe", "confirm b.tar.zst -i pipe",
		"case new case --scenario pipe", "case import pipe", "case draft pipe", "case try piped", "known match pipe", "known import pipe", "logs parse pipe", "logs search x pipe", "logs timeline pipe", "logs diff pipe", "logs check pipe", "run pipe", "judge pipe", "report pipe",
		"topology graph pipe", "topology infer pipe", "scenario validate pipe", "lab list --lab pipe", "bisect frr-ospf-default-metric --versions pipe",
	} {
		if out, code := within(t, strings.Fields(line)); code == cli.ExitYes {
			t.Errorf("%s: status %d: %s", line, code, out)
		}
	}
}

// TestNamesOfUsers: what a user names is read by package plain, in every verb.
func TestNamesOfUsers(t *testing.T) {
	files, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "ReadFile" && sel.Sel.Name != "Open" {
				return true
			}
			if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "os" {
				t.Errorf("%s uses os.%s: a pipe would make it wait for ever", file, sel.Sel.Name)
			}
			return true
		})
	}
}
