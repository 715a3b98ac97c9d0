package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// TestKinds holds every kind of probe and action against the list of CONTRIBUTING: it has its
// two files, a key that makes one and that the schema describes, and its place in the chapter.
// Package trial tests that it carries each of them out.
func TestKinds(t *testing.T) {
	chapter, err := os.ReadFile(filepath.Join(root, "scenarios/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range scenarios.ProbeKinds() {
		kindFiles(t, "probe", "probe", string(kind))
		var c scenarios.Condition
		described(t, &c, string(kind), "Probe: ")
		if p := c.Probe(); p.Kind() != kind || !strings.HasPrefix(p.Describe(), string(kind)+": ") {
			t.Errorf("the key %s makes the probe %q: %s", kind, p.Kind(), p.Describe())
		}
		told(t, section(t, string(chapter), "### Conditions"), fmt.Sprintf("(?m)^\\| `%s: ", kind))
	}
	for _, kind := range scenarios.ActionKinds() {
		kindFiles(t, "step", "action", string(kind))
		var s scenarios.Step
		described(t, &s, string(kind), "")
		if a := s.Action(); a.Kind() != kind || !strings.HasPrefix(a.Describe(), string(kind)+":") {
			t.Errorf("the key %s makes the action %q: %s", kind, a.Kind(), a.Describe())
		}
		told(t, section(t, string(chapter), "## 4. The stimulus"), fmt.Sprintf(`[-{,] ?%s: `, kind))
	}
}

// kindFiles looks for the files of a kind.
func kindFiles(t *testing.T, declared, done, kind string) {
	t.Helper()
	name := strings.ReplaceAll(kind, "-", "") + ".go"
	for _, file := range []string{"scenarios/" + declared + "_" + name, "harness/trial/" + done + "_" + name} {
		if _, err := os.Stat(filepath.Join(root, file)); err != nil {
			t.Errorf("%s has no file %s: %v", kind, file, err)
		}
	}
}

// described writes something under a key, and checks that the schema says what it is.
func described(t *testing.T, part any, key, prefix string) {
	t.Helper()
	v := reflect.ValueOf(part).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Tag.Get("yaml") != key {
			continue
		}
		if what, ok := strings.CutPrefix(f.Tag.Get("jsonschema_description"), prefix); !ok || what == "" {
			t.Errorf("the schema describes %s as %q, want %s…", key, f.Tag.Get("jsonschema_description"), prefix)
		}
		v.Field(i).Set(something(t, f.Type))
		return
	}
	t.Errorf("%T has no key %q", part, key)
}

func something(t *testing.T, typ reflect.Type) reflect.Value {
	t.Helper()
	v := reflect.New(typ).Elem()
	switch typ.Kind() {
	case reflect.String:
		v.SetString("down")
	case reflect.Int64:
		v.SetInt(1)
	case reflect.Slice:
		return reflect.Append(v, something(t, typ.Elem()))
	case reflect.Struct:
	case reflect.Pointer:
		return reflect.New(typ.Elem())
	default:
		t.Errorf("the test has no %s", typ)
	}
	return v
}

// section is a chapter's part under a heading, up to the next heading.
func section(t *testing.T, chapter, heading string) string {
	t.Helper()
	_, rest, ok := strings.Cut(chapter, heading+"\n")
	if !ok {
		t.Fatalf("the chapter has no %q", heading)
	}
	if next := regexp.MustCompile(`(?m)^##+ `).FindStringIndex(rest); next != nil {
		rest = rest[:next[0]]
	}
	return rest
}

func told(t *testing.T, text, pattern string) {
	t.Helper()
	if !regexp.MustCompile(pattern).MatchString(text) {
		t.Errorf("the chapter does not say anything like %s", pattern)
	}
}
