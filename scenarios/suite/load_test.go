package suite_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios/suite"
)

// write makes a suite of its files, and reads it.
func write(t *testing.T, files map[string]string) (*suite.Suite, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return suite.Load(dir)
}

func cellsOf(t *testing.T, s *suite.Suite) []suite.Cell {
	t.Helper()
	cells, err := s.Cells()
	if err != nil {
		t.Fatal(err)
	}
	return cells
}

const small = `
reprise: suite/v1
id: small
title: Small
values: {word: hello, mtu-ignore: false, most: 0}
roles:
  dut: {subjects: [a@1.0, a@2.0, b@1.5], values: {address: 10.0.0.1/24}}
  peer: {subjects: dut, values: {address: 10.0.0.2/24}}
topology: {links: [{endpoints: ["dut:eth1", "peer:eth1"]}]}
platforms:
  a:
    platform: frr
    image: "a:{{.version}}"
    config: |
      word {{.word}} to {{ip .other.address}} in {{network .address}} of {{.roles.peer.version}}
      {{if .mtuIgnore}}ignore{{end}}{{if since "2.0"}} new{{end}}
    looks:
      full: {name: "full with {{.other.version}}", run: "show {{.word}}", expect: 'text contains "{{.word}}"'}
      only-a: {run: a, expect: text == "a"}
    does: {cost: [{configure: ["cost {{.cost}}"]}, {exec: 'sleep {{.cost}}'}]}
    lacks: [{versions: "<2", tests: [modern], why: not before 2.0, reference: "#1"}]
  b:
    platform: bird
    image: "b:{{.version}}"
    config: b.conf
    looks:
      full: {run: "b {{.word}}", expect: 'text != ""'}
    does: {cost: {run: "cost {{.cost}}"}}
tests:
  - {id: plain, title: Plain, setup: [{on: all, look: full, eventually: 9s}]}
  - id: modern
    title: Modern
    after: [plain]
    roles: {peer: {word: other}}
    options: {mtu-ignore: [true, false]}
    setup: [{on: dut, look: full, eventually: 9s}]
    steps: [{on: dut, do: cost, with: {cost: 5}}, {link: "dut:eth1", fault: down, for: 1s}, {name: both, wait-for: {on: all, look: full, eventually: 7s}}, {node: peer, exec: "echo {{.word}} {{.roles.dut.word}}"}]
    expect: [{on: [dut, peer], look: full, not: True, never: 3s, every: 1s}]
    symptom: [{on: dut, look: only-a, eventually: 2s}]
`

func TestCells(t *testing.T) {
	s, err := write(t, map[string]string{"suite.yaml": small, "b.conf": "{{if .mtuIgnore}}{{lacks \"b ignores nothing\"}}{{end}}{{note \"b is slow\"}}word {{.word}};\nx;\n"})
	if err != nil {
		t.Fatal(err)
	}
	cells := cellsOf(t, s)
	byKey := map[string]suite.Cell{}
	for _, c := range cells {
		byKey[c.Key()] = c
	}
	if len(cells) != 9+18 {
		t.Errorf("%d cells", len(cells))
	}
	for key, want := range map[string]string{
		"modern[dut=a@1.0,peer=a@2.0,mtu-ignore=true]":  "a@1.0: not before 2.0 (#1)",
		"modern[dut=a@2.0,peer=b@1.5,mtu-ignore=true]":  "b ignores nothing",
		"modern[dut=b@1.5,peer=a@2.0,mtu-ignore=false]": "b@1.5: the suite does not say how b does only-a",
		"modern[dut=a@2.0,peer=a@2.0,mtu-ignore=true]":  "",
	} {
		c, ok := byKey[key]
		if !ok || c.NotApplicable != want || (c.Files == nil) != (want != "") {
			t.Errorf("%s: %q, want %q", key, c.NotApplicable, want)
		}
	}
	c := byKey["modern[dut=a@2.0,peer=b@1.5,mtu-ignore=false]"]
	if want := []string{"b is slow"}; !slices.Equal(c.Notes, want) {
		t.Errorf("notes %q", c.Notes)
	}
	for name, parts := range map[string][]string{
		"dut.conf":  {"word hello to 10.0.0.2 in 10.0.0.0/24 of 1.5\n new"},
		"peer.conf": {"word other;"},
		"scenario.yaml": {
			"id: small-modern", "topology:\n  name: small\n  topology:\n    links:", "title: Modern (dut a 2.0, peer b 1.5, mtu-ignore false)", "image: a:2.0", "image: b:1.5", "config: peer.conf",
			"- name: 'dut: full with 1.5'\n    node: dut\n    run: \"show hello\"", `not (text contains "hello")`, "echo other hello", "never: 3s",
			"- name: 'dut: both'\n    wait-for:\n      name: 'dut: full with 1.5'\n      node: dut\n      run: \"show hello\"", "- name: 'peer: both'\n    wait-for:\n      name: 'peer: full'\n      node: peer\n      run: \"b other\"", "captures: ['dut:eth1']", "cost 5", "sleep 5", "platform: bird", "role: peer",
		},
	} {
		for _, part := range parts {
			if !strings.Contains(string(c.Files[name]), part) {
				t.Errorf("%s has no %q:\n%s", name, part, c.Files[name])
			}
		}
	}
}

// A value that is not written as the suite names it, a look that nobody has, what no test can do: each is told
// with its place, and what it may be.
func TestFaults(t *testing.T) {
	for name, tt := range map[string]struct{ old, new, says string }{
		"version":           {"suite/v1", "suite/v9", `suite.yaml:2:10: format version "suite/v9"`},
		"a value":           {"{peer: {word: other}}", "{peer: {wrod: other}}", `no value "wrod"`},
		"a look":            {"look: only-a", "look: only-b", `no look "only-b"`},
		"a look waited for": {"on: all, look: full, eventually: 7s", "on: all, look: fool, eventually: 7s", `no look "fool"`},
		"an action":         {"do: cost", "do: cots", `no do "cots"`},
		"a role":            {"on: dut, look: only-a", "on: dux, look: only-a", `no role "dux" takes part`},
		"a subject":         {"a@2.0, b@1.5]", "a@2.0, c@1.5]", `the suite has no platform "c"`},
		"a version":         {`"<2"`, `"<two"`, `"<two"`},
		"after":             {"after: [plain]", "after: [modern]", `no test "modern" is above`},
		"nothing":           {"setup: [{on: all, look: full, eventually: 9s}]", "area: x", "it can neither pass nor fail"},
		"twice":             {"id: modern", "id: plain", `test "plain" is there twice`},
		"a key":             {"options:", "opitons:", `unknown key "opitons"`},
		"no template":       {"show {{.word}}", "show {{.word", "the template"},
		"not there":         {"show {{.word}}", "show {{.wrod}}", `the template "show {{.wrod}}": template: :1:7: executing "" at <.wrod>: map has no entry for key "wrod"`},
		"a file":            {"config: b.conf", "config: c.conf", "read c.conf"},
		"outside":           {"config: b.conf", "config: ../b.conf", "read ../b.conf"},
		"a requirement":     {"title: Plain,", "title: Plain, requirements: [rfc1/2],", `no requirement "rfc1/2"`},
		"its file":          {"title: Small", "title: Small\nrequirements: [rfc0]", "no requirements rfc0 (a file beside"},
		"a combination":     {"title: Small", "title: Small\ncombinations: some", `"some" is no way to combine subjects`},
		"too much text":     {`"show {{.word}}"`, `'{{printf "%2000000d" 1}}'`, "printf takes widths below 100000"},
		"more and more":     {`"show {{.word}}"`, `'{{$a := "xxxxxxxxxxxxxxxx"}}{{range 30}}{{$a = print $a $a}}{{end}}'`, "a value of more than 262144 bytes"},
		"many verbs":        {`"show {{.word}}"`, `'{{printf "` + strings.Repeat("%[1]99999d", 30) + `" 1}}'`, "and 20 verbs"},
		"much text":         {`"show {{.word}}"`, `'{{range 30}}{{printf "%99999d" 1}}{{end}}'`, "more than 1048576 bytes"},
		"a value's name":    {"most: 0", "version: 0", `a value cannot be called "version"`},
		"two of one name":   {"most: 0", "mtuIgnore: 0", `"mtu-ignore" and "mtuIgnore" are both .mtuIgnore in templates`},
		"not what":          {"not: True", "not: perhaps", `not: "perhaps" is neither true nor false`},
		"a subject twice":   {"a@2.0, b@1.5]", "a@2.0, a@2.0]", "a@2.0 is there twice"},
		"an option twice":   {"[true, false]", `[true, "true"]`, `option "mtu-ignore" has the value "true" twice`},
		"lacks of nothing":  {"tests: [modern], why", "why", "say which tests these versions are not for"},
		"elsewhere":         {"title: Small", "title: Small\nrequirements: [mine/rfc1122.yaml]", "is in another folder"},
		"a loop":            {`"show {{.word}}"`, `'{{range 1000000000}}{{end}}'`, "it goes round more than 100000 times"},
		"loops":             {`"show {{.word}}"`, `'{{range 2000}}{{if true}}{{range 2000}}{{else}}{{end}}{{end}}{{end}}'`, "it goes round more than 100000 times"},
		"calls":             {`"show {{.word}}"`, `'{{define "x"}}{{if .}}{{template "x" (slice . 1)}}{{template "x" (slice . 1)}}{{end}}{{end}}{{template "x" "abcdefghijklmnopqrstuvwxyzabcdefgh"}}'`, "it goes round more than 100000 times"},
		"nothing to expect": {"    expect: [{on: [dut, peer], look: full, not: True, never: 3s, every: 1s}]\n    symptom: [{on: dut, look: only-a, eventually: 2s}]\n", "", "expects nothing of it"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(small, tt.old) {
				t.Fatalf("no %q", tt.old)
			}
			s, err := write(t, map[string]string{"suite.yaml": strings.Replace(small, tt.old, tt.new, 1), "b.conf": "x\n"})
			if err == nil {
				_, err = s.Cells()
			}
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want %q", err, tt.says)
			}
		})
	}
}

// A fault has the file's place as the suite's folder was named.
func TestFaultPlace(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("mine", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("mine/suite.yaml", []byte(strings.Replace(small, "suite/v1", "suite/v9", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"mine", "./mine", "mine/suite.yaml"} {
		if _, err := suite.Load(name); err == nil || !strings.HasPrefix(err.Error(), "mine/suite.yaml:2:10: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Pairwise holds every pair of choices that is allowed, in fewer cells than there are.
func TestPairwise(t *testing.T) {
	text := strings.Replace(small, "title: Small", "title: Small\ncombinations: pairwise\nexclude: [{dut: a@1.0, peer: a@1.0, why: x}]", 1)
	text = strings.Replace(text, "options: {mtu-ignore: [true, false]}", "options: {mtu-ignore: [true, false], most: [1, 2, 3]}", 1)
	s, err := write(t, map[string]string{"suite.yaml": text, "b.conf": "x\n"})
	if err != nil {
		t.Fatal(err)
	}
	cells := cellsOf(t, s)
	pairs, n := map[string]bool{}, 0
	for _, c := range cells {
		if c.Test.ID != "modern" {
			continue
		}
		n++
		words := []string{"dut=" + c.Subjects["dut"].Name, "peer=" + c.Subjects["peer"].Name}
		for k, v := range c.Options {
			words = append(words, k+"="+v)
		}
		slices.Sort(words)
		for i := range words {
			for k := i + 1; k < len(words); k++ {
				pairs[words[i]+" "+words[k]] = true
			}
		}
	}
	if want := (3*3 - 1) + 2*3*2 + 2*3*3 + 2*3; len(pairs) != want || n >= 48 {
		t.Errorf("%d pairs in %d cells, want %d in fewer than 48", len(pairs), n, want)
	}
	if pairs["dut=a@1.0 peer=a@1.0"] {
		t.Error("what is excluded is there")
	}
}

// The same suite makes the same cells: what is taken over from an earlier run rests on it.
func TestDigests(t *testing.T) {
	digests := map[string]bool{}
	for range 3 {
		s, err := suite.Load("smoke")
		if err != nil {
			t.Fatal(err)
		}
		cells := cellsOf(t, s)
		digests[cells[0].Digest()+s.Digest] = true
		if cells[0].Digest() == cells[1].Digest() {
			t.Error("two cells of one digest")
		}
	}
	if len(digests) != 1 {
		t.Errorf("%d digests of one cell", len(digests))
	}
}

// Each side of a cell meets the reference speaker in the other's place, where the test is for it.
func TestAgainst(t *testing.T) {
	text := strings.Replace(small, "title: Small", "title: Small\nreference: b@9.9", 1)
	text = strings.Replace(text, "{id: plain, title: Plain,", "{id: plain, title: Plain, exclude: [{peer: b@9.9}],", 1)
	s, err := write(t, map[string]string{"suite.yaml": text, "b.conf": "x\n"})
	if err != nil {
		t.Fatal(err)
	}
	cells := cellsOf(t, s)
	at := func(key string) suite.Cell {
		i := slices.IndexFunc(cells, func(c suite.Cell) bool { return c.Key() == key })
		if i < 0 {
			t.Fatalf("no cell %s", key)
		}
		return cells[i]
	}
	modern := at("modern[dut=a@2.0,peer=a@2.0,mtu-ignore=true]")
	for _, tt := range []struct {
		cell        suite.Cell
		keeps, want string
		says        string
	}{
		{cell: modern, keeps: "dut", want: "modern[dut=a@2.0,peer=b@9.9,mtu-ignore=true]"},
		{cell: modern, keeps: "peer", says: "b@9.9: the suite does not say how b does only-a"},
		{cell: at("plain[dut=a@1.0,peer=b@1.5]"), keeps: "peer", want: "plain[dut=b@9.9,peer=b@1.5]"},
		{cell: at("plain[dut=a@1.0,peer=b@1.5]"), keeps: "dut", says: "test plain is not for b@9.9"},
		{cell: modern, keeps: "other", says: "no role other"},
	} {
		c, err := s.Against(tt.cell, tt.keeps)
		switch unable := (*suite.NoReferenceError)(nil); {
		case tt.says != "":
			if !errors.As(err, &unable) || !strings.Contains(unable.Why, tt.says) {
				t.Errorf("%s keeps %s: %v, want %q", tt.cell.Key(), tt.keeps, err, tt.says)
			}
		case err != nil || c.Key() != tt.want || c.Files == nil:
			t.Errorf("%s keeps %s: %s, %v, want %s", tt.cell.Key(), tt.keeps, c.Key(), err, tt.want)
		}
	}
	s.Reference = modern.Subjects["dut"]
	if _, err := s.Against(at("plain[dut=a@2.0,peer=b@1.5]"), "dut"); err == nil || err.Error() != "a@2.0 is a side of the cell, and no third speaker" {
		t.Errorf("a side of the cell is the third speaker: %v", err)
	}
	if _, err := (&suite.Suite{}).Against(modern, "dut"); err == nil {
		t.Error("a suite without a reference has an opinion")
	}
}

// What stands behind an anchor is as if it were written in place.
func TestAliases(t *testing.T) {
	text := strings.Replace(small, "{on: all, look: full, eventually: 9s}", "&full {on: &everyone all, look: &look full, eventually: 9s}", 1)
	text = strings.Replace(text, "setup: [{on: dut, look: full, eventually: 9s}]", "setup: [{on: *everyone, look: *look, eventually: 9s}]", 1)
	s, err := write(t, map[string]string{"suite.yaml": text, "b.conf": "x\n"})
	if err != nil {
		t.Fatal(err)
	}
	cells := cellsOf(t, s)
	for _, c := range cells {
		if c.Test.ID == "modern" && c.Files != nil && strings.Count(string(c.Files["scenario.yaml"]), "eventually: 9s") != 2 {
			t.Errorf("%s:\n%s", c.Key(), c.Files["scenario.yaml"])
		}
	}
}

// Files of a node keep apart that have one name in two folders beside the suite.
func TestFilesOfOneName(t *testing.T) {
	dir := t.TempDir()
	text := strings.Replace(small, "    config: b.conf\n", "    config: b.conf\n    scenario: {files: {/etc/x: x/conf, /etc/y: y/conf}}\n", 1)
	for name, content := range map[string]string{"suite.yaml": text, "b.conf": "b\n", "x/conf": "x {{.role}}", "y/conf": "y"} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700), os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := suite.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	cells := cellsOf(t, s)
	for _, c := range cells {
		if c.Subjects["peer"].Platform == "b" && c.Files != nil && (string(c.Files["peer-x-conf"]) != "x peer" || string(c.Files["peer-y-conf"]) != "y") {
			t.Errorf("%s: %q and %q", c.Key(), c.Files["peer-x-conf"], c.Files["peer-y-conf"])
		}
	}
}

// A deviation may be of some choices of an option alone; one that no test has is an error.
func TestDeviationOptions(t *testing.T) {
	with := func(options string) string {
		return small + "deviations: [{id: odd, platform: a, tests: [modern], expect: fail, kind: bug, reason: it is odd, options: " + options + "}]\n"
	}
	s, err := write(t, map[string]string{"suite.yaml": with(`{mtu-ignore: "tr*"}`), "b.conf": "x\n"})
	if err != nil {
		t.Fatal(err)
	}
	covered := 0
	for _, c := range cellsOf(t, s) {
		want := c.Test.ID == "modern" && c.Options["mtu-ignore"] == "true" && (c.Subjects["dut"].Platform == "a" || c.Subjects["peer"].Platform == "a")
		if got := s.Deviations[0].Covers(c); got != want {
			t.Errorf("%s: covered is %v", c.Key(), got)
		}
		if want {
			covered++
		}
	}
	if covered == 0 {
		t.Error("no cell is covered")
	}
	for _, options := range []string{"{mtu-ignore: maybe}", "{area: 1}"} {
		if _, err := write(t, map[string]string{"suite.yaml": with(options), "b.conf": "x\n"}); err == nil || !strings.Contains(err.Error(), "no test that it is of has the option") {
			t.Errorf("%s: %v", options, err)
		}
	}
}
