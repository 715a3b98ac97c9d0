package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// TestMarkdown holds every Markdown file of the repository against the repository: links
// within it lead to files, and anchors to headings; a path of it that is named as code
// is there.
func TestMarkdown(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, file := range markdownFiles(t, "../..") {
		complaints, n := checkMarkdown(t, "../..", file)
		for _, c := range complaints {
			t.Error(c)
		}
		seen += n
	}
	if seen < 50 {
		t.Errorf("%d links and paths were looked at: they are written in another way now", seen)
	}
}

// TestMarkdownFindsFaults tries the check itself.
func TestMarkdownFindsFaults(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("harness/doc.go", "")
	write("harness/README.md", "## What `run` says, and *why*!\n## Twice\n## Twice\nHead\n====\n<a id=\"by-hand\"></a>\n```\n# none\n```\n")
	write("README.md", strings.Join([]string{
		"[a](harness/README.md#what-run-says-and-why) [b](harness#twice-1) [c](#here) ![d](./harness/doc.go) [e](/harness/doc.go)",
		"[a](harness/README.md#head) [h](harness/README.md#by-hand) [s](<harness/doc.go> \"title\") [ref] [www](https://example.com/gone)",
		"`harness/doc.go` `./harness` `harness/*.go` `harness/other.go:12`? `[not](a-link)`",
		"### Here",
		"[bad](gone.md) [bad](harness/README.md#gone) [bad](#none) [bad](../outside.md) <img src=\"gone.png\">",
		"`harness/gone.go` `harness/*.csv`",
		"```", "go test ./harness/lost/...", "[not](a-link)", "```",
		"[ref]: gone-by-reference",
	}, "\n"))
	var got []string
	for _, f := range markdownFiles(t, dir) {
		complaints, _ := checkMarkdown(t, dir, f)
		for _, c := range complaints {
			got = append(got, regexp.MustCompile(`^\S+:\d+: (\S+)`).FindStringSubmatch(c)[1])
		}
	}
	want := []string{"harness/other.go", "gone.md", "harness/README.md#gone", "#none", "../outside.md", "gone.png", "harness/gone.go", "harness/*.csv", "harness/lost", "gone-by-reference"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestMakeTargets: what make can do is said at the head of the Makefile and in CONTRIBUTING.md.
func TestMakeTargets(t *testing.T) {
	text := readText(t, "../../Makefile")
	manual := readText(t, "../../.github/CONTRIBUTING.md")
	head, _, _ := strings.Cut(text, "\n\n")
	phony := regexp.MustCompile(`(?m)^\.PHONY: all (.*)$`).FindStringSubmatch(text)
	if phony == nil {
		t.Fatal("the Makefile lists no targets")
	}
	for target := range strings.FieldsSeq(phony[1]) {
		said := regexp.MustCompile(`\bmake ` + target + `\b`)
		if !said.MatchString(head) || !said.MatchString(manual) {
			t.Errorf("make %s is not in the Makefile's head and in CONTRIBUTING.md", target)
		}
	}
}

// TestSinglesRun: a test that the Makefile leaves out of what runs with the race detector runs without, and is one test: -skip knows no
// packages, and would leave out another of its name as well.
func TestSinglesRun(t *testing.T) {
	text := readText(t, "../../Makefile")
	singles := regexp.MustCompile(`(?m)^SINGLE := (.*)$`).FindStringSubmatch(text)
	corpus := regexp.MustCompile(`(?m)^CORPUS := (.*)$`).FindStringSubmatch(text)
	line := regexp.MustCompile(`(?m)^\t.* -run '\$\(SINGLE\)' (.*)$`).FindStringSubmatch(text)
	if singles == nil || corpus == nil || line == nil {
		t.Fatal("the Makefile names no such tests")
	}
	at := map[string][]string{} // folders, by the test's name
	err := filepath.WalkDir("../..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(readText(t, path), -1) {
			at[m[1]] = append(at[m[1]], strings.Replace(filepath.Dir(path), "../..", ".", 1))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(line[1])
	for _, m := range regexp.MustCompile(`\^(Test\w+)\$`).FindAllStringSubmatch(singles[1], -1) {
		if folders := at[m[1]]; len(folders) != 1 || !slices.Contains(packages, folders[0]) {
			t.Errorf("%s is in %q: want one of %q", m[1], folders, packages)
		}
	}
	for _, m := range regexp.MustCompile(`\^(Test\w+)\$`).FindAllStringSubmatch(corpus[1], -1) {
		if folders := at[m[1]]; !slices.Contains(folders, "./cmd/reprise") {
			t.Errorf("%s is in %q, and nothing runs it", m[1], folders)
		}
	}
}

// markdownFiles lists the Markdown files below root, but not what tests compare with: those
// were rendered for another place.
func markdownFiles(t *testing.T, root string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		inner, _ := filepath.Rel(root, path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "testdata", "bin", "dist", "runs"}, inner), d.IsDir() && d.Name() == "testdata":
			return filepath.SkipDir
		case !d.IsDir() && strings.HasSuffix(path, ".md"):
			list = append(list, inner)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

var (
	fence    = regexp.MustCompile("^\\s*(```|~~~)")
	codeSpan = regexp.MustCompile("`[^`]*`")
	linked   = regexp.MustCompile(`\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|^\s*\[[^\]]+\]:\s*<?([^\s>]+)|(?:href|src)="([^"]+)"`)
	ownPath  = regexp.MustCompile(`(?:^|[\s"'=(` + "`" + `])(?:\./)?((?:scenarios|topologies|drivers|harness|reports|cmd|\.ci|\.github)/[\w./*-]*)`)
)

// checkMarkdown tells what is wrong with the links and paths of a file below root, and how many
// it looked at.
func checkMarkdown(t *testing.T, root, file string) (complaints []string, seen int) {
	t.Helper()
	inCode := false
	for i, line := range strings.Split(readText(t, filepath.Join(root, file)), "\n") {
		if fence.MatchString(line) {
			inCode = !inCode
			continue
		}
		code, prose := line, ""
		if !inCode {
			code, prose = strings.Join(codeSpan.FindAllString(line, -1), " "), codeSpan.ReplaceAllString(line, "")
		}
		complain := func(what, why string) {
			complaints = append(complaints, fmt.Sprintf("%s:%d: %s %s", file, i+1, what, why))
		}
		for _, m := range ownPath.FindAllStringSubmatch(code, -1) {
			seen++
			path := strings.TrimRight(strings.TrimSuffix(m[1], "..."), "./")
			if found, err := filepath.Glob(filepath.Join(root, path)); err != nil || len(found) == 0 {
				complain(path, "is named, and is not there")
			}
		}
		for _, m := range linked.FindAllStringSubmatch(prose, -1) {
			seen++
			link := m[1] + m[2] + m[3]
			if why := followLink(t, root, file, link); why != "" {
				complain(link, why)
			}
		}
	}
	return complaints, seen
}

// followLink tells why a link in a file leads nowhere; links out of the repository are not tried.
func followLink(t *testing.T, root, file, link string) string {
	t.Helper()
	if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
		return ""
	}
	path, anchor, _ := strings.Cut(link, "#")
	target := filepath.Join(filepath.Dir(file), path)
	switch {
	case path == "":
		target = file
	case strings.HasPrefix(path, "/"):
		target = filepath.Clean(path[1:])
	}
	if !filepath.IsLocal(target) {
		return "leads out of the repository"
	}
	info, err := os.Stat(filepath.Join(root, target))
	if err != nil {
		return "leads to nothing"
	}
	if info.IsDir() && anchor != "" {
		target = filepath.Join(target, "README.md")
	}
	if anchor != "" && !slices.Contains(anchors(readText(t, filepath.Join(root, target))), anchor) {
		return "leads to no heading"
	}
	return ""
}

var (
	titleLine = regexp.MustCompile(`^ {0,3}#{1,6}\s+(.*?)(?:\s+#+)?\s*$`)
	underline = regexp.MustCompile(`^ {0,3}(=+|-+)\s*$`)
	byHand    = regexp.MustCompile(`<a\s+(?:id|name)="([^"]+)"`)
	shownText = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
)

// anchors are those that GitHub makes of the headings of a Markdown text, and those set by hand.
func anchors(text string) []string {
	var all []string
	count := map[string]int{}
	inCode, before := false, ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if fence.MatchString(line) {
			inCode = !inCode
			before = ""
			continue
		}
		if inCode {
			continue
		}
		for _, m := range byHand.FindAllStringSubmatch(line, -1) {
			all = append(all, m[1])
		}
		title := ""
		if m := titleLine.FindStringSubmatch(line); m != nil {
			title = m[1]
		} else if underline.MatchString(line) {
			title = before
		}
		before = strings.TrimSpace(line)
		if title == "" {
			continue
		}
		name := slug(title)
		all = append(all, name+map[bool]string{true: fmt.Sprintf("-%d", count[name])}[count[name] > 0])
		count[name]++
	}
	return all
}

// slug is a heading as GitHub writes it in a link: letters, digits, hyphens and underscores in
// lower case, and hyphens for spaces.
func slug(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r):
			return unicode.ToLower(r)
		default:
			return -1
		}
	}, shownText.ReplaceAllString(title, "$1"))
}

func readText(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
