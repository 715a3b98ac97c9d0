package junit_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/reports/junit"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestWrite(t *testing.T) {
	for name, run := range map[string]func(testing.TB) string{
		"whole": reportstest.Whole, "control": reportstest.Control, "broken-off": reportstest.BrokenOff, "fast": reportstest.Fast,
	} {
		t.Run(name, func(t *testing.T) {
			reportstest.Golden(t, name+".xml", reportstest.Render(t, run(t), junit.Write), *update)
		})
	}
}

// counts is how CI reads the file.
type counts struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Skipped  int `xml:"skipped,attr"`
	Cases    []struct {
		Name    string    `xml:"name,attr"`
		Failure *struct{} `xml:"failure"`
		Error   *struct{} `xml:"error"`
		Skipped *struct{} `xml:"skipped"`
	} `xml:"testsuite>testcase"`
}

func TestOutcomes(t *testing.T) {
	for _, tt := range []struct {
		name string
		path string
		want []string
	}{
		{"whole", reportstest.Whole(t), []string{"failure", "pass", "pass", "error", "skipped"}},
		{"control passes by staying healthy", reportstest.Control(t), []string{"pass"}},
		{"broken off", reportstest.BrokenOff(t), []string{"pass", "error", "error", "error"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var c counts
			if err := xml.Unmarshal(reportstest.Render(t, tt.path, junit.Write), &c); err != nil {
				t.Fatal(err)
			}
			var got []string
			seen, number := map[string]bool{}, map[string]int{}
			for _, tc := range c.Cases {
				word := "pass"
				switch {
				case tc.Failure != nil:
					word = "failure"
				case tc.Error != nil:
					word = "error"
				case tc.Skipped != nil:
					word = "skipped"
				}
				got = append(got, word)
				number[word]++
				if seen[tc.Name] {
					t.Errorf("two cases have the name %s", tc.Name)
				}
				seen[tc.Name] = true
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
			if c.Tests != len(got) || c.Failures != number["failure"] || c.Errors != number["error"] || c.Skipped != number["skipped"] {
				t.Errorf("the suite counts %+v, its cases %v", c, number)
			}
		})
	}
}

func TestHostile(t *testing.T) {
	out := reportstest.Render(t, reportstest.Hostile(t, 4000), junit.Write)
	if err := xml.Unmarshal(out, new(counts)); err != nil {
		t.Errorf("not well-formed: %v", err)
	}
	for _, r := range string(out) {
		if r != '\n' && unicode.Is(unicode.Cc, r) {
			t.Errorf("the file holds %U", r)
		}
	}
}

// TestEverywhere: no text of a run is more than text, in whatever field it stands.
func TestEverywhere(t *testing.T) {
	page := reportstest.Render(t, reportstest.Everywhere(t), junit.Write)
	d := xml.NewDecoder(bytes.NewReader(page))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "x7" {
			t.Error("an element is made up")
		}
	}
	if bytes.ContainsAny(page, "\x1b\u202e") || !bytes.Contains(page, []byte("&lt;x7&gt;")) {
		t.Errorf("%s", page)
	}
}
