package voss_test

import (
	"os"
	"regexp"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/drivers/session"
)

// The prompts that manuals and captures show, and lines that end alike and are none.
func TestPrompt(t *testing.T) {
	words, err := os.ReadFile("dialect.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var d session.Dialect
	if err := yaml.Load(words, &d, yaml.WithKnownFields()); err != nil {
		t.Fatal(err)
	}
	prompt := regexp.MustCompile(`^(?:` + d.Prompt + `)$`)
	for line, want := range map[string]bool{
		"SW:1>": true, "SW:1#": true, "vsp-8400.lab:1(config)# ": true, "SW:1(config-if)#": true,
		"SW:1(elan:100)#": true, "SW:1(elan-tp:200)#": true, "SW(elan:100)#": true, "SW:2(router-isis)#": true,
		"SW#": false, "Total: 5>": false, "see (elan:100)#": false, "SW:1(two words)#": false,
	} {
		if got := prompt.MatchString(line); got != want {
			t.Errorf("%q: %v, want %v", line, got, want)
		}
	}
}
