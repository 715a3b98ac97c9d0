package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/topologies/origin"
)

// TestBorder gives every verb that there is a foreign scenario and a foreign topology, at each
// place where it takes a name. None may get as far as this machine's engine, and none may show
// a value of its environment.
func TestBorder(t *testing.T) {
	const value = "value-of-this-machine"
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("WANTED", value)
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(dir, "no-engine"))
	t.Setenv("REPRISE_LAB", "")
	if err := origin.Write(dir, "0123456789abcdef"); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("lab.clab.yml", `
name: theirs
topology:
  nodes:
    r1: {kind: linux, image: "x:1", binds: ["/etc:/host"], env: {A: "${WANTED}"}}
`)
	write("scenario.yaml", `
reprise: v1
id: theirs
title: Of somebody else
topology: lab.clab.yml
nodes: {r1: {role: dut}}
baseline: [{name: up, node: r1, exec: "true", expect: 'exit == 0', eventually: 1s}]
stimulus: [{node: r1, exec: "true"}]
symptom: [{name: down, node: r1, exec: ping, expect: 'text contains "x"', eventually: 1s}]
control: {without: [stimulus.0]}
`)
	var verbs []*cobra.Command
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			walk(sub)
		}
		if !c.HasSubCommands() && c.Runnable() {
			verbs = append(verbs, c)
		}
	}
	walk(newRoot(&cli.App{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}))
	refused := 0
	for _, v := range verbs {
		path := strings.Fields(v.CommandPath())[1:]
		if slices.Contains([]string{"gc", "doctor", "images build", "images export", "images import", "images list", "images rm", "demo"}, strings.Join(path, " ")) {
			continue // they are about this machine, and take no scenario
		}
		for _, theirs := range []string{"scenario.yaml", "lab.clab.yml"} {
			for _, args := range [][]string{{theirs}, {"--scenario", theirs}, {theirs, "--versions", "a:1,b:2", "--node", "r1"}, {theirs, "--image", "r1=b:2"}, {theirs, "--rehearse"}} {
				out, code := within(t, append(slices.Clone(path), args...))
				switch {
				case code == cli.ExitEnvironment || strings.Contains(out, "no-engine"):
					t.Errorf("%s %v got past the border (status %d): %s", v.CommandPath(), args, code, out)
				case strings.Contains(out, value):
					t.Errorf("%s %v shows the environment: %s", v.CommandPath(), args, out)
				case code == cli.ExitRefused:
					refused++
				}
			}
		}
	}
	if refused < 12 {
		t.Errorf("only %d calls were refused: are the verbs given what they take?", refused)
	}
}

// within calls the program in this process, and fails where it does not come back: it would
// wait for the switches that it has started.
func within(t *testing.T, args []string) (output string, code int) {
	t.Helper()
	var out, errOut bytes.Buffer
	done := make(chan int, 1)
	go func() { done <- execute(t.Context(), args, strings.NewReader(""), &out, &errOut) }()
	select {
	case code := <-done:
		return out.String() + errOut.String(), code
	case <-time.After(patience):
		t.Fatalf("%v does not come back", args)
		return "", 0
	}
}

// TestBorderHasOneDoor: what builds labs is opened in labs/provider.go only, where the allow-list
// is asked; a verb that opened a provider by itself could forget to.
func TestBorderHasOneDoor(t *testing.T) {
	files, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || file == filepath.Join("labs", "provider.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "New" {
				return true
			}
			if pkg, ok := sel.X.(*ast.Ident); ok && slices.Contains([]string{"containers", "namespaces", "vm", "lab", "inventory"}, pkg.Name) {
				t.Errorf("%s opens a provider with %s.New: Open and OpenNodes ask first what a foreign scenario may have", file, pkg.Name)
			}
			return true
		})
	}
}
