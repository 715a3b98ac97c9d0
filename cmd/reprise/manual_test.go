package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// TestReference holds the reference of the verbs against the program.
func TestReference(t *testing.T) {
	want, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	if code := execute(t.Context(), []string{"manual", "--markdown"}, nil, &out, &errOut); code != cli.ExitYes {
		t.Fatalf("status %d: %s", code, errOut.String())
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("README.md is old: make generate writes it\n%s", diff)
	}
}

// TestManPages: each verb has a page, on which all that its help says stands as it does
// there, whatever it would mean to what renders it; and pages are the same each time.
func TestManPages(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1709251199") // still February in UTC
	t.Setenv("TZ", "Asia/Tokyo")
	dir, again := t.TempDir(), t.TempDir()
	for _, d := range []string{dir, again} {
		var out bytes.Buffer
		if code := execute(t.Context(), []string{"manual", d}, nil, &out, &out); code != cli.ExitYes {
			t.Fatalf("status %d: %s", code, out.String())
		}
	}
	pages := map[string]string{}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		page, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		second, err := os.ReadFile(filepath.Join(again, f.Name()))
		if err != nil || !bytes.Equal(page, second) {
			t.Errorf("%s is another one the second time: %v", f.Name(), err)
		}
		pages[f.Name()] = plainPage(string(page))
	}
	if !strings.Contains(pages["reprise-run.1"], `"Feb 2024" "reprise `) {
		t.Errorf("the page's date or version is missing:\n%.300s", pages["reprise-run.1"])
	}
	seen := 0
	var check func(c *cobra.Command)
	check = func(c *cobra.Command) {
		name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
		page, ok := pages[name]
		if !ok {
			t.Errorf("there is no page %s", name)
		}
		texts := []string{c.Short, c.Long, c.Example}
		c.Flags().VisitAll(func(f *pflag.Flag) { texts = append(texts, f.Usage) })
		for _, line := range trimmedLines(texts) {
			seen++
			if !strings.Contains(page, line) {
				t.Errorf("%s says %q in another way", name, line)
			}
		}
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				check(sub)
			}
		}
	}
	check(newRoot(&cli.App{}))
	if seen < 500 {
		t.Errorf("%d lines were looked at", seen)
	}
}

// TestManualRefuses what it cannot mean.
func TestManualRefuses(t *testing.T) {
	for _, args := range [][]string{{"manual"}, {"manual", t.TempDir(), "--markdown"}} {
		var out bytes.Buffer
		if code := execute(t.Context(), args, nil, &out, &out); code != cli.ExitInput {
			t.Errorf("%v: status %d: %s", args, code, out.String())
		}
	}
	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	var out bytes.Buffer
	if code := execute(t.Context(), []string{"manual", t.TempDir()}, nil, &out, &out); code != cli.ExitInput {
		t.Errorf("SOURCE_DATE_EPOCH=yesterday: status %d: %s", code, out.String())
	}
}

// plainPage takes what is for troff alone out of a page.
func plainPage(page string) string {
	page = regexp.MustCompile(`\\f[A-Z]`).ReplaceAllString(page, "")
	return strings.NewReplacer(`\-`, "-", `\&`, "", `\\`, `\`, `\(cq`, "'", `\(dq`, `"`, `\(ga`, "`", `\ `, " ").Replace(page)
}

// trimmedLines are the lines of texts.
func trimmedLines(texts []string) []string {
	var all []string
	for _, text := range texts {
		for line := range strings.Lines(text) {
			all = append(all, strings.TrimSpace(line))
		}
	}
	return all
}

func TestManualOptions(t *testing.T) {
	const which = "name a folder for man pages, or --markdown"
	for _, tt := range []struct {
		args     []string
		dir      string
		markdown bool
		err      string
	}{
		{[]string{"d"}, "d", false, ""},
		{[]string{"--markdown"}, "", true, ""},
		{nil, "", false, which},
		{[]string{"d", "--markdown"}, "", false, which},
	} {
		var got *manualOptions
		c := newManual(&cli.App{}, func(_ context.Context, o *manualOptions) error {
			got = o
			return nil
		})
		c.SilenceErrors, c.SilenceUsage = true, true
		c.SetArgs(append([]string{}, tt.args...))
		err := c.Execute()
		switch {
		case tt.err != "":
			if err == nil || err.Error() != tt.err || got != nil {
				t.Errorf("%q: %v", tt.args, err)
			}
		case err != nil || got == nil || got.dir != tt.dir || got.markdown != tt.markdown || got.root != c:
			t.Errorf("%q: %+v, %v", tt.args, got, err)
		}
	}
}
