package redact_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// What tells of a machine: its users, its folders, and the values of its environment that are
// its own. What every machine has, and words that name nobody, do not.
func TestThisMachine(t *testing.T) {
	dir := t.TempDir()
	w, err := redact.ThisMachine(dir, []string{
		"SUDO_USER=erika.gabler", "LOGNAME=root", "HOME=/home/erika", "PWD=/root", "TOKEN=tok-8c1f2b7e", "SHORT=abc", "NUMBERS=10.0.0.1:2375",
		"PATH=/opt/of-this-machine/bin", "LC_ALL=de_DE.UTF-8", "EMPTY=", "=odd",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		list []string
		word string
		want bool
	}{
		{w.Names, "erika.gabler", true},
		{w.Names, "root", false},
		{w.Names, dir, true},
		{w.Folders, dir, true},
		{w.Folders, "/home/erika", true},
		{w.Folders, "/root", false},
		{w.Environment, "tok-8c1f2b7e", true},
		{w.Environment, "abc", false},
		{w.Environment, "10.0.0.1:2375", false},
		{w.Environment, "/opt/of-this-machine/bin", false},
		{w.Environment, "de_DE.UTF-8", false},
	} {
		if slices.Contains(tt.list, tt.word) != tt.want {
			t.Errorf("%q: want %v in %q", tt.word, tt.want, tt.list)
		}
	}
}

func TestTold(t *testing.T) {
	for word, want := range map[string]bool{"abc": false, "Debian": false, "RUNNER": false, "core7": true, "erika": true} {
		if redact.Told(word) != want {
			t.Errorf("%s: want %v", word, want)
		}
	}
}

// Of a bundle's files the inputs and the run files are read, as whole fields and word by word.
func TestWordsBelow(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"runs/x/input/scenario.yaml": "image: \"Registry.Example:5000/QZ-Site\"\n", "runs/x/run.json": `{"host": "kqz"}`, "runs/x/trials/1/states/a.txt": "of-the-lab",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	words, err := redact.WordsBelow(dir)
	if err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]bool{"registry.example:5000/qz-site": true, "qz-site": true, "example": true, "kqz": true, "of-the-lab": false} {
		if words[word] != want {
			t.Errorf("%s: want %v", word, want)
		}
	}
}
