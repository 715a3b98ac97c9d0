package drivertest

import (
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers/device"
)

// Templates checks every template against its captures: dir/NAME.txt, or dir/NAME-CASE.txt
// where NAME-CASE is no template, beside the rows that a person expects, in .json. A
// template without a capture is an error. With the flag -update the rows are written.
func Templates(t *testing.T, templates fs.FS, dir string) {
	t.Helper()
	covered := map[string]bool{}
	names := templateNames(t, templates)
	files, _ := filepath.Glob(filepath.Join(dir, "*.txt"))
	for _, file := range files {
		base := strings.TrimSuffix(filepath.Base(file), ".txt")
		name := base
		for !names[name] && strings.Contains(name, "-") {
			name = name[:strings.LastIndexByte(name, '-')]
		}
		covered[name] = true
		t.Run(base, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := device.Rows(templates, name, string(text))
			if err != nil {
				t.Fatal(err)
			}
			want := strings.TrimSuffix(file, ".txt") + ".json"
			if u := flag.Lookup("update"); u != nil && u.Value.String() == "true" {
				data, err := json.MarshalIndent(rows, "", "  ")
				if err == nil {
					err = os.WriteFile(want, append(data, '\n'), 0o644)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			data, err := os.ReadFile(want)
			if err != nil {
				t.Fatal(err)
			}
			var expected []map[string]string
			if err := json.Unmarshal(data, &expected); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(expected, rows); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if !headKnown(t, templates, name, string(text)) {
				t.Errorf("no rule knows the table's head: one without rows cannot be told from no table")
			}
		})
	}
	for name := range names {
		if !covered[name] {
			t.Errorf("template %s has no capture in %s", name, dir)
		}
	}
}

// headKnown reports whether a rule matches a line of a capture before its first row: that is
// how a table without rows is told from something else.
func headKnown(t *testing.T, templates fs.FS, name, text string) bool {
	t.Helper()
	data, err := fs.ReadFile(templates, "templates/"+name+".textfsm")
	if err != nil {
		t.Fatal(err)
	}
	var rules []*regexp.Regexp
	for line := range strings.Lines(string(data)) {
		rule, _, _ := strings.Cut(strings.TrimSpace(line), " -> ")
		if strings.HasPrefix(rule, "^") && !strings.Contains(rule, "${") {
			rules = append(rules, regexp.MustCompile(strings.ReplaceAll(rule, "$$", "$")))
		}
	}
	var head strings.Builder
	for line := range strings.Lines(text) {
		head.WriteString(line)
		if rows, err := device.Rows(templates, name, head.String()); err != nil || len(rows) > 0 {
			return false
		}
		line = strings.TrimRight(line, "\r\n")
		if slices.ContainsFunc(rules, func(re *regexp.Regexp) bool { return line != "" && re.MatchString(line) }) {
			return true
		}
	}
	return false
}

func templateNames(tb testing.TB, templates fs.FS) map[string]bool {
	tb.Helper()
	files, err := fs.Glob(templates, "templates/*.textfsm")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no templates: %v", err)
	}
	names := map[string]bool{}
	for _, f := range files {
		names[strings.TrimSuffix(filepath.Base(f), ".textfsm")] = true
	}
	return names
}

// FuzzTemplates has every template read what no device would say; none may panic, and no
// row may lack what its template requires.
func FuzzTemplates(f *testing.F, templates fs.FS, dir string) {
	files, _ := filepath.Glob(filepath.Join(dir, "*.txt"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	names := templateNames(f, templates)
	f.Fuzz(func(t *testing.T, text string) {
		for name := range names {
			rows, err := device.Rows(templates, name, text)
			if err != nil {
				continue // an honest end
			}
			for _, row := range rows {
				empty := true
				for _, v := range row {
					empty = empty && v == ""
				}
				if empty {
					t.Errorf("%s: an empty row of %q", name, text)
				}
			}
		}
	})
}

// Unread checks that a line which begins as a row, and that no rule reads, is an error and no row
// fewer. lines has one for each capture in dir; templates whose rows are blocks need none.
func Unread(t *testing.T, templates fs.FS, dir string, lines map[string]string) {
	t.Helper()
	names := templateNames(t, templates)
	for capture, line := range lines {
		name := capture
		for !names[name] && strings.Contains(name, "-") {
			name = name[:strings.LastIndexByte(name, '-')]
		}
		t.Run(capture, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dir, capture+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			before, err := device.Rows(templates, name, string(text))
			if err != nil || len(before) == 0 {
				t.Fatalf("%d rows, %v", len(before), err)
			}
			// Behind the last line that makes a row, where the table still is.
			kept := strings.SplitAfter(string(text), "\n")
			end := len(kept)
			for end > 0 {
				if rows, _ := device.Rows(templates, name, strings.Join(kept[:end-1], "")); len(rows) < len(before) {
					break
				}
				end--
			}
			broken := strings.Join(kept[:end], "") + line + "\n" + strings.Join(kept[end:], "")
			if rows, err := device.Rows(templates, name, broken); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(line)) {
				t.Errorf("%q made %d rows, as before, and error %v", line, len(rows), err)
			}
			rows, unread, err := device.RowsPart(templates, name, broken)
			if diff := cmp.Diff(before, rows); diff != "" || err != nil || len(unread) != 1 || unread[0] != strings.TrimSpace(line) {
				t.Errorf("apart from %q: not read %q, %v, rows (-before +now)\n%s", line, unread, err, diff)
			}
		})
	}
	for name := range names {
		if _, tried := lines[name]; !tried && !blocks(t, templates, name) {
			t.Errorf("template %s: no line that it does not read", name)
		}
	}
}

// blocks reports whether a template's rows are several lines, of which none is a row.
func blocks(t *testing.T, templates fs.FS, name string) bool {
	t.Helper()
	text, err := fs.ReadFile(templates, "templates/"+name+".textfsm")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(text), "Continue.Record")
}
