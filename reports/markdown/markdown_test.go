package markdown_test

import (
	"flag"
	"regexp"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/markdown"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestWrite(t *testing.T) {
	for name, run := range map[string]func(testing.TB) string{
		"whole": reportstest.Whole, "control": reportstest.Control, "broken-off": reportstest.BrokenOff, "fast": reportstest.Fast,
	} {
		t.Run(name, func(t *testing.T) {
			reportstest.Golden(t, name+".md", reportstest.Render(t, run(t), markdown.Write), *update)
		})
	}
}

// TestHostile checks that what a device said stays within its fence, and that the rest
// holds nothing that a renderer of Markdown would act on.
func TestHostile(t *testing.T) {
	bare, span := regexp.MustCompile(`(^|[^\\])[<[]`), regexp.MustCompile("`+[^`]*`+")
	fence := regexp.MustCompile("^(`{3,})text$")
	var closing string
	inside := 0
	for line := range strings.SplitSeq(string(reportstest.Render(t, reportstest.Hostile(t, 4000), markdown.Write)), "\n") {
		switch m := fence.FindStringSubmatch(line); {
		case closing != "":
			if line == closing {
				closing = ""
			} else if strings.Contains(line, closing) {
				t.Errorf("the fence %s is within its text: %q", closing, line)
			}
			inside++
		case m != nil:
			closing = m[1]
		case bare.MatchString(span.ReplaceAllString(line, "")):
			t.Errorf("not escaped: %q", line)
		}
	}
	if closing != "" || inside < 10 {
		t.Errorf("fence %q is open at the end, %d lines in fences", closing, inside)
	}
}

// TestEverywhere: no text of a run is more than text, in whatever field it stands.
func TestEverywhere(t *testing.T) {
	page := string(reportstest.Render(t, reportstest.Everywhere(t), markdown.Write))
	var closing string
	fence := regexp.MustCompile("^ *(`{3,})text$")
	for line := range strings.SplitSeq(page, "\n") {
		if closing != "" {
			if strings.TrimSpace(line) == closing {
				closing = ""
			}
			continue
		}
		if m := fence.FindStringSubmatch(line); m != nil {
			closing = m[1]
			continue
		}
		if outside := withoutCode(line); strings.ContainsAny(outside, "<[|*_`") && strings.Contains(outside, "x7") || strings.HasPrefix(line, "# head") {
			t.Errorf("not escaped: %q", line)
		}
	}
	if strings.ContainsAny(page, "\x1b\u202e") {
		t.Error("a terminal would act on it")
	}
}

// withoutCode is a line without its code spans and the characters that are escaped, and without
// what the page itself makes a table or a heading of.
func withoutCode(line string) string {
	line = strings.TrimSuffix(strings.TrimPrefix(strings.ReplaceAll(line, " | ", " "), "| "), " |")
	line = strings.ReplaceAll(line, "**", "")
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '`':
			n := len(line[i:]) - len(strings.TrimLeft(line[i:], "`"))
			marks := line[i : i+n]
			end := i + n
			for {
				j := strings.Index(line[end:], marks)
				if j < 0 {
					return b.String() + line[i:] // an open span
				}
				end += j
				run := len(line[end:]) - len(strings.TrimLeft(line[end:], "`"))
				if end += run; run == n {
					break
				}
			}
			i = end - 1
		default:
			b.WriteByte(line[i])
		}
	}
	return b.String()
}

// TestNames: what has no name of its own is called by what it does, or by its place.
func TestNames(t *testing.T) {
	info := reportstest.Info("20260301T141500Z-names-5f6a", 1)
	for i := range info.Scenario.Steps {
		info.Scenario.Steps[i].Name, info.Scenario.Steps[i].Lane = "", ""
	}
	for i := range info.Scenario.Conditions {
		info.Scenario.Conditions[i].Name = ""
	}
	page := string(reportstest.Render(t, reportstest.Make(t, info, reportstest.Trial{Verdict: evidence.Reproduced}), markdown.Write))
	for _, bad := range []string{"****", ". : ", "|  |", "` |  | r1"} {
		if strings.Contains(page, bad) {
			t.Errorf("a name is empty (%q):\n%s", bad, page)
		}
	}
}

// TestFrames: what a look at frames saw is a table, of whose cells none ends it.
func TestFrames(t *testing.T) {
	page := string(reportstest.Render(t, reportstest.Frames(t), markdown.Write))
	const row = "| 130 | 9.500000 | in | 78 | OSPF hello v2 router 1.1.1.1 area 0.0.0.0 fe80::ae:1cff:fe7b:1d0a → ff02::5 |"
	if !strings.Contains(page, row) || !strings.Contains(page, `| \<img src=x onerror=alert(1)\> \| \[x\](javascript:alert(1)) |`) {
		t.Error(page)
	}
}

// TestHosts: of a run that a fleet made the machines are listed, and which trials each executed.
func TestHosts(t *testing.T) {
	text := string(reportstest.Render(t, reportstest.Fleet(t), markdown.Write))
	for _, want := range []string{"- Host: rack-3, Debian 12, kernel 6.1.0, amd64, 4 CPUs: trials 1–2, 4\n", "rack-4: trials 3\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text[strings.Index(text, "- Host"):][:300])
		}
	}
}
