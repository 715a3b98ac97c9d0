package docs_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"
)

// TestFormat holds the reference of the scenario's format against its schema.
func TestFormat(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root, "scenarios/schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	checkSection(t, "scenarios/README.md", "format", reference(t, &s))
}

// reference lists the objects of a schema, the root first, each as a table of its keys.
func reference(t *testing.T, s *jsonschema.Schema) string {
	t.Helper()
	first := strings.TrimPrefix(s.Ref, "#/$defs/")
	names := slices.Sorted(maps.Keys(s.Definitions))
	names = append([]string{first}, slices.DeleteFunc(names, func(n string) bool { return n == first })...)
	var b strings.Builder
	for _, name := range names {
		def := s.Definitions[name]
		if def.Properties == nil || def.Properties.Len() == 0 {
			continue
		}
		fmt.Fprintf(&b, "### %s\n\n| key | type | default | what |\n|---|---|---|---|\n", name)
		for p := def.Properties.Oldest(); p != nil; p = p.Next() {
			std, what := defaultOf(p.Value.Description)
			if what == "" {
				t.Errorf("%s.%s has no description", name, p.Key)
			}
			if slices.Contains(def.Required, p.Key) {
				std = "required"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", p.Key, cell(typeOf(s, p.Value)), cell(std), cell(what))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// defaultWords is the part of a description that says the default.
var defaultWords = regexp.MustCompile(`(?i)[;.,]? ?default:? ([^.;]*(?:\.[0-9][^.;]*)*)`)

// defaultOf takes the default out of a description.
func defaultOf(what string) (std, rest string) {
	m := defaultWords.FindStringSubmatchIndex(what)
	if m == nil {
		return "", what
	}
	rest = what[:m[0]] + what[m[1]:]
	if m[0] > 0 && what[m[0]] == '.' && m[1] < len(what) { // a sentence of its own
		rest = what[:m[0]] + what[m[1]:]
	}
	return what[m[2]:m[3]], rest
}

// typeOf says in words what a key takes.
func typeOf(s *jsonschema.Schema, p *jsonschema.Schema) string {
	if p.Ref != "" {
		name := strings.TrimPrefix(p.Ref, "#/$defs/")
		if def := s.Definitions[name]; def.Properties == nil || def.Properties.Len() == 0 {
			return typeOf(s, def)
		}
		return fmt.Sprintf("[%s](#%s)", name, strings.ToLower(name))
	}
	var alternatives []string
	for _, a := range slices.Concat(p.OneOf, p.AnyOf) {
		alternatives = append(alternatives, typeOf(s, a))
	}
	switch {
	case len(alternatives) > 0:
		return strings.Join(alternatives, ", or ")
	case len(p.Enum) > 0:
		words := make([]string, len(p.Enum))
		for i, e := range p.Enum {
			words[i] = fmt.Sprintf("`%v`", e)
		}
		return strings.Join(words, " ")
	case p.Type == "array":
		return "list of " + typeOf(s, p.Items)
	case p.Type == "object" && p.AdditionalProperties != nil && p.AdditionalProperties.Type+p.AdditionalProperties.Ref != "":
		return "name: " + typeOf(s, p.AdditionalProperties)
	case p.Type == "object" && p.Properties != nil && p.Properties.Len() > 0:
		var keys []string
		for k := p.Properties.Oldest(); k != nil; k = k.Next() {
			keys = append(keys, k.Key)
		}
		return "{" + strings.Join(keys, ", ") + "}"
	case p.Type == "string" && strings.HasPrefix(p.Pattern, "^([0-9]+"):
		return "time"
	case p.Type == "boolean":
		return "yes or no"
	case p.Type == "string":
		return "text" + bounds(p)
	case p.Type == "integer":
		return "whole number" + bounds(p)
	case p.Type == "number":
		return "number" + bounds(p)
	default:
		return p.Type
	}
}

// bounds says what else a value must be.
func bounds(p *jsonschema.Schema) string {
	switch {
	case p.Pattern != "":
		return " like `" + p.Pattern + "`"
	case p.Minimum != "" && p.Maximum != "":
		return fmt.Sprintf(", %s to %s", p.Minimum, p.Maximum)
	case p.ExclusiveMinimum != "" && p.Maximum != "":
		return fmt.Sprintf(", above %s, at most %s", p.ExclusiveMinimum, p.Maximum)
	case p.Minimum != "":
		return ", at least " + string(p.Minimum)
	default:
		return ""
	}
}
