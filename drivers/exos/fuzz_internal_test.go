package exos

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever a switch says, its collections, logs, cores and facts are read without a panic,
// and a collection without its end is never complete.
func FuzzAnswers(f *testing.F) {
	for _, name := range []string{"testdata/tech22.txt", "testdata/tech12.txt"} {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("Please wait. Your command is being processed.\nNo core dump information found on Slot-4.\n")
	f.Add("Switch      : 800000-00-01 0000N-00000 Rev 1.0 BootROM: 1.0.0.0    IMG: 30.6.1.11\nImage   : ExtremeXOS version 30.6.1.11 30.6.1.11-patch1-11 by release-manager\n")
	f.Add("Previous message repeated 6 additional times in the last 75 second(s)\n01/02/2026 03:04:05.06 <Warn:EPM.x> text\nA total of 2 log messages were displayed.\n")
	f.Fuzz(func(t *testing.T, text string) {
		if missing := techMissing(text); len(missing) == 0 && !strings.Contains(text, "@@@") {
			t.Error("complete without a group")
		}
		_, _ = parseCores(text)
		if facts, err := parseFacts(text, text); err == nil && (facts.Version == "" || facts.Details["serial"] == "") {
			t.Errorf("%+v", facts)
		}
		for _, line := range parseLog(text) {
			if strings.TrimSpace(line) == "" {
				t.Error("a blank line of the log")
			}
		}
		if n := normalise("show switch", text); utf8.ValidString(text) && n != normalise("show switch", n) {
			t.Errorf("normalising twice gives another text: %q", n)
		}
		Factory{}.Blocks([]byte(text))
	})
}

func TestTechMissing(t *testing.T) {
	whole, err := os.ReadFile("testdata/tech22.txt")
	if err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile("testdata/tech12.txt")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, text, want string }{
		{"22.x", string(whole), ""},
		{"12.x", string(old), ""},
		{"the tail is cut", string(whole[:len(whole)-60]), "end marker"},
		{"the head is cut", string(whole[70:]), "begin"},
		{"half", string(whole[:len(whole)/2]), "end marker"},
		{"nothing", "", "every group"},
		{"a whole one and a cut one", string(whole) + string(whole[:len(whole)-60]), "of 1 of 2 collections"},
		{"a cut one and a whole one", string(whole[:len(whole)-60]) + "\n" + string(whole), "of 1 of 2 collections"},
		{"two whole ones", string(whole) + string(whole), ""},
		{"a group without commands", strings.Replace(string(whole), "->show temperature\n", "", 1), "group power"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(techMissing(tt.text), "; ")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("missing %q, want %q", got, tt.want)
			}
		})
	}
}
