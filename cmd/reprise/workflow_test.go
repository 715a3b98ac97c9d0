package main

import (
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// TestWorkflows reads the CI examples and holds every command line of this program in
// them against the commands and flags that there are.
func TestWorkflows(t *testing.T) {
	var github struct {
		Jobs map[string]struct {
			Env   map[string]string
			Steps []struct{ Run, Uses string }
		}
	}
	readYAML(t, "../../.github/workflows/verify-fix.yml", &github)
	var lines []string
	for _, s := range github.Jobs["verify-fix"].Steps {
		if s.Run == "" && s.Uses == "" {
			t.Error("a step does nothing")
		}
		lines = append(lines, strings.Split(s.Run, "\n")...)
	}
	checkLines(t, lines, github.Jobs["verify-fix"].Env)
	var gitlab struct {
		Variables map[string]string
		Job       struct {
			Script    []string
			Artifacts struct{ Reports map[string]string }
		} `yaml:"verify-fix"`
	}
	readYAML(t, "testdata/gitlab-ci.yml", &gitlab)
	checkLines(t, gitlab.Job.Script, gitlab.Variables)
	if gitlab.Job.Artifacts.Reports["junit"] != "junit.xml" {
		t.Error("GitLab is not told where the JUnit file is")
	}
}

func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// checkLines parses the lines that call this program, with $NAME taken from variables.
func checkLines(t *testing.T, lines []string, variables map[string]string) {
	t.Helper()
	verbs := map[string]bool{}
	for _, line := range lines {
		_, args, ours := strings.Cut(line, "bin/reprise ")
		if !ours {
			continue
		}
		words := strings.Fields(os.Expand(strings.ReplaceAll(args, `"`, ""), func(name string) string {
			if variables[name] == "" {
				t.Errorf("%s: $%s is not set", line, name)
			}
			return "value"
		}))
		a := &cli.App{}
		verb, rest, err := newRoot(a).Find(words)
		if err != nil || !verb.Runnable() {
			t.Errorf("%s: %v", line, err)
			continue
		}
		for i, w := range rest {
			if w == "value" && i > 0 && rest[i-1] == "--confidence" {
				rest[i] = "0.95"
			}
		}
		if err := verb.ParseFlags(rest); err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if err := verb.ValidateArgs(verb.Flags().Args()); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		verbs[verb.Name()] = true
	}
	if !verbs["doctor"] || !verbs["regress"] {
		t.Errorf("of this program only %v is called", verbs)
	}
}
