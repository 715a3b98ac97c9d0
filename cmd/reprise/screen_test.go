package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// hostileWords are what a terminal would act on, in every way of writing it.
const hostileWords = "A\x1b[31mred\x1b]0;title\x07\x1b]8;;http://192.0.2.1/\x07l\x9b2J\xc2\x9b2J\u202egnp.exe\u2066\u200b\u00ad\x7f\b\b\r\n" +
	"REPRODUCED: forged\u2028again\xff\xfe e\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301"

// obeyed is the first character that a terminal would act on, or cannot show.
func obeyed(s string) (rune, bool) {
	for _, r := range s {
		if r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return r, true
		}
	}
	return 0, false
}

// TestScreen: whatever is written, in whatever parts, is plain text; only what the program
// itself means for the terminal is not.
func TestScreen(t *testing.T) {
	for name, copied := range map[string]func(w io.Writer, s string) error{
		"at once": func(w io.Writer, s string) error { _, err := io.WriteString(w, s); return err },
		"in letters": func(w io.Writer, s string) error {
			_, err := io.Copy(struct{ io.Writer }{w}, iotest.OneByteReader(strings.NewReader(s)))
			return err
		},
	} {
		var b bytes.Buffer
		s := cli.NewScreen(&b)
		if err := copied(s, hostileWords+" näher – 東京 🙂 é\n"); err != nil {
			t.Fatal(err)
		}
		if r, bad := obeyed(b.String()); bad {
			t.Errorf("%s: %U is left in %q", name, r, b.String())
		}
		if !strings.Contains(b.String(), "näher – 東京 🙂 é\n") {
			t.Errorf("%s: words are lost: %q", name, b.String())
		}
		if strings.Count(b.String(), "\u0301") > 4 {
			t.Errorf("%s: marks are heaped: %q", name, b.String())
		}
		b.Reset()
		cli.Control(s, cli.LineErase)
		if b.String() != "\r\x1b[K" {
			t.Errorf("%s: the program's own control is %q", name, b.String())
		}
	}
}

// TestSayKeepsLines: words of others cannot begin a line.
func TestSayKeepsLines(t *testing.T) {
	var out, errs bytes.Buffer
	a := &cli.App{Out: cli.NewScreen(&out), Err: cli.NewScreen(&errs)}
	a.Say("%s: %v, %d", hostileWords, errors.New("x\nREPRODUCED: forged"), 3)
	a.Progress("%s", hostileWords)
	for _, text := range []string{out.String(), errs.String()} {
		if strings.Contains(text, "\nREPRODUCED") {
			t.Errorf("a line is forged: %q", text)
		}
	}
}

// TestJSONOnScreens: JSON holds the same values, and nothing that a terminal acts on.
func TestJSONOnScreens(t *testing.T) {
	var b bytes.Buffer
	in := map[string]string{"k\u202e": "x\u009b2J\u202e\x7f\U000E0041\x1b"}
	if err := cli.WriteJSON(cli.NewScreen(&b), in, "  "); err != nil {
		t.Fatal(err)
	}
	if r, bad := obeyed(b.String()); bad {
		t.Errorf("%U is left in %q", r, b.String())
	}
	var back map[string]string
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || fmt.Sprint(back) != fmt.Sprint(in) {
		t.Errorf("%q, %v", back, err)
	}
}

// TestVerbsCleanWords goes through verbs that show a scenario or a run whose every word is
// hostile: in a plan, a list, a validation, a judgement, a report, an error.
func TestVerbsCleanWords(t *testing.T) {
	dir := t.TempDir()
	quoted, err := json.Marshal(strings.ToValidUTF8(hostileWords, "?"))
	if err != nil {
		t.Fatal(err)
	}
	q := string(quoted)
	file := filepath.Join(dir, "scenario.yaml")
	if err := os.WriteFile(file, []byte(`
reprise: v1
id: hostile
title: `+q+`
problem: {what: `+q+`, when: `+q+`, how: `+q+`, references: [`+q+`]}
topology: {nodes: {r1: {image: x}}}
nodes: {r1: {role: dut}}
baseline: [{name: `+q+`, node: r1, exec: `+q+`, expect: 'exit == 0', eventually: 1s}]
stimulus: [{name: `+q+`, node: r1, exec: `+q+`}]
symptom: [{name: `+q+`, node: r1, exec: `+q+`, expect: 'text contains "x"', eventually: 1s}]
control: {without: [stimulus.0]}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(dir, "broken.yaml")
	if err := os.WriteFile(broken, []byte("reprise: "+q+"\n"+q+": "+q+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := reportstest.Hostile(t, 4000)
	var info evidence.RunInfo
	name := filepath.Join(run, "run.json")
	if err := evidence.ReadJSON(name, &info); err != nil {
		t.Fatal(err)
	}
	info.Variant, info.Host.OS, info.Tool.Version = evidence.Variant(hostileWords), hostileWords, hostileWords
	if err := evidence.WriteJSON(name, info); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"run", file, "--dry-run"},
		{"run", file, "--dry-run", "--json"},
		{"run", file, "--control", "--dry-run"},
		{"scenario", "show", file},
		{"scenario", "show", file, "--json"},
		{"scenario", "validate", file},
		{"scenario", "validate", broken},
		{"scenario", "validate", broken, "--json"},
		{"run", hostileWords},
		{hostileWords},
		{"topology", "show", file},
		{"judge", run},
		{"report", run, "--format", "md"},
		{"report", run, "--format", "junit"},
		{"bundle", "show", hostileWords},
	} {
		var out, errs bytes.Buffer
		execute(t.Context(), args, strings.NewReader(""), &out, &errs)
		for _, text := range []string{out.String(), errs.String()} {
			if r, bad := obeyed(text); bad {
				i := strings.IndexRune(text, r)
				t.Errorf("%q: %U is left: …%q…", args[0], r, text[max(i-60, 0):min(i+40, len(text))])
			}
		}
		if out.Len()+errs.Len() == 0 {
			t.Errorf("%q says nothing", args)
		}
	}
}

// TestNobodyWritesPast: nothing but the program's beginning, its hidden verbs and the screen
// itself knows standard output and standard error.
func TestNobodyWritesPast(t *testing.T) {
	files, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	past := regexp.MustCompile(`os\.Std(out|err)\b|fmt\.Print`)
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") || filepath.Base(f) == "main.go" || filepath.Base(f) == "labs.go" { // a child's words go into a file
			continue
		}
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(data), "\n") {
			if past.MatchString(line) {
				t.Errorf("%s:%d writes past the screen: %s", f, i+1, strings.TrimSpace(line))
			}
		}
	}
}
