package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// TestPrintedCommands holds every command line of this program that is printed, or stands
// in a manual, a comment or a scenario's README, against the verbs and flags that there are.
func TestPrintedCommands(t *testing.T) {
	t.Parallel()
	call := regexp.MustCompile("(?:^|[\\s\"`(/])reprise ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)?)([^`\"#;)&\n]*)")
	flag := regexp.MustCompile(`(?:^|[\s\[(])--([a-z][a-z0-9-]*)`)
	wrong := regexp.MustCompile(`(?m)^exits 4 .*$`) // scripts show what is refused
	root, seen := newRoot(&cli.App{}), 0
	for _, file := range manuals(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := wrong.ReplaceAllString(string(data), "")
		for _, m := range call.FindAllStringSubmatch(text, -1) {
			verb, rest, err := root.Find(strings.Fields(m[1]))
			if err != nil || verb.HasSubCommands() && len(rest) == 0 || !verb.HasParent() {
				continue // words about the program
			}
			for _, f := range flag.FindAllStringSubmatch(m[2], -1) {
				seen++
				if verb.Flags().Lookup(f[1]) == nil && verb.InheritedFlags().Lookup(f[1]) == nil && f[1] != "help" {
					t.Errorf("%s: %q: %s has no flag --%s", file, strings.TrimSpace(m[0]), verb.CommandPath(), f[1])
				}
			}
		}
	}
	if seen < 100 {
		t.Errorf("%d flags were looked at: they are written in another way now", seen)
	}
}

// manuals lists the files in which somebody reads command lines.
func manuals(t *testing.T) []string {
	t.Helper()
	root, list := "../..", []string(nil)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch name := filepath.Base(path); {
		case err != nil:
			return err
		case d.IsDir() && path != root && strings.HasPrefix(name, ".") && name != ".github" && name != "..":
			return filepath.SkipDir
		case d.IsDir() || strings.HasSuffix(name, "_test.go"):
		case strings.HasSuffix(name, ".go"), strings.HasSuffix(name, ".md"), strings.HasSuffix(name, ".yml"), strings.HasSuffix(name, ".tmpl"), strings.HasSuffix(name, ".txtar"):
			list = append(list, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestOneWordEach: a flag has one meaning in every verb, and the words that had several
// are gone.
func TestOneWordEach(t *testing.T) {
	types, first := map[string]string{}, map[string]string{}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			switch f.Name {
			case "runs", "count", "max", "max-runs", "control-runs":
				t.Errorf("%s --%s: the words are --trials, --control-trials, --max-trials and --dir", c.CommandPath(), f.Name)
			}
			if f.Name == "keep" || f.Name == "fixed" {
				return // a lab or a prefix is kept, an image or an end of the list is fixed: no two of them meet
			}
			if was, ok := types[f.Name]; ok && was != f.Value.Type() && !many(was, f.Value.Type()) {
				t.Errorf("%s --%s takes %s, %s takes %s", c.CommandPath(), f.Name, f.Value.Type(), first[f.Name], was)
			}
			types[f.Name], first[f.Name] = f.Value.Type(), c.CommandPath()
		})
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(&cli.App{}))
	if types["trials"] != "int" || types["dir"] != "string" {
		t.Errorf("--trials takes %s, --dir %s", types["trials"], types["dir"])
	}
}

// many tells that two types are the same, of which one may be given several times.
func many(a, b string) bool {
	one := func(s string) string { return strings.TrimSuffix(strings.TrimSuffix(s, "Array"), "Slice") }
	return one(a) == one(b)
}
