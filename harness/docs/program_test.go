package docs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestProgram holds the program that the manual of experiments shows against the example
// that go test compiles and runs.
func TestProgram(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root, "harness/experiment/example_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(data), "// measureAndVerify ")
	text, _, ended := strings.Cut(rest, "\n}\n")
	if !found || !ended {
		t.Fatal("the example has no function measureAndVerify")
	}
	checkSection(t, "harness/experiment/README.md", "program", "```go\n// measureAndVerify "+text+"\n}\n```")
}
