package all_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/all"
	"github.com/reprise-lab/reprise/drivers/failures"
	"github.com/reprise-lab/reprise/drivers/scrapli"
)

var update = flag.Bool("update", false, "write the titles of the failures in testdata anew")

// TestFailures: each text below a platform's testdata/failures is what was said before a death,
// and its head what that is called by the platform's table. A rule that none of them shows is
// untested, and every platform that has failures has a table.
func TestFailures(t *testing.T) {
	r, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	for _, platform := range r.Platforms() {
		if strings.HasPrefix(platform, scrapli.Prefix) {
			continue // what others bring watches no processes
		}
		t.Run(platform, func(t *testing.T) {
			table, err := os.ReadFile(filepath.Join("..", platform, "failures.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			rules, err := failures.Parse(table)
			if err != nil {
				t.Fatal(err)
			}
			texts, err := filepath.Glob(filepath.Join("..", platform, "testdata", "failures", "*.txt"))
			if err != nil || len(texts) == 0 {
				t.Fatalf("no texts: %v", err)
			}
			used := make([]bool, rules.Len())
			for _, path := range texts {
				if i := nameText(t, rules, path); i >= 0 {
					used[i] = true
				}
			}
			for i, seen := range used {
				if !seen {
					t.Errorf("no text shows rule %d of the table", i+1)
				}
			}
		})
	}
}

// nameText compares what a text's head says with what the rules say, and returns the rule.
func nameText(t *testing.T, rules *failures.Rules, path string) int {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, said, ok := strings.Cut(string(data), "\n\n")
	if !ok {
		t.Fatalf("%s: no empty line ends its head", path)
	}
	d, want := readHead(t, path, head)
	got, rule := rules.Which(d, said)
	if *update {
		if err := os.WriteFile(path, []byte(writeHead(d, got)+"\n"+said), 0o600); err != nil {
			t.Fatal(err)
		}
		return rule
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
	// No name holds what the next death of the kind would say otherwise.
	for _, title := range append(got.Alt, got.Title) {
		if strings.Contains(title, "0x") || len(title) > 200 {
			t.Errorf("%s: %q is no name", path, title)
		}
	}
	return rule
}

func readHead(t *testing.T, path, head string) (d drivers.Death, f drivers.Failure) {
	t.Helper()
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimRight(line, "\n"), ": ")
		var err error
		switch key {
		case "process":
			d.Process = value
		case "signal":
			d.Signal = value
		case "exit":
			d.Exit, err = strconv.Atoi(value)
		case "oom":
			d.OOM, err = strconv.ParseBool(value)
		case "title":
			f.Title = value
		case "kind":
			f.Kind = drivers.FailureKind(value)
		case "alt":
			f.Alt = append(f.Alt, value)
		default:
			t.Fatalf("%s: a head has no %q", path, key)
		}
		if err != nil {
			t.Fatalf("%s: %s: %v", path, key, err)
		}
	}
	return d, f
}

func writeHead(d drivers.Death, f drivers.Failure) string {
	var b strings.Builder
	fmt.Fprintf(&b, "process: %s\n", d.Process)
	if d.Signal != "" {
		fmt.Fprintf(&b, "signal: %s\n", d.Signal)
	}
	if d.Exit != 0 {
		fmt.Fprintf(&b, "exit: %d\n", d.Exit)
	}
	if d.OOM {
		b.WriteString("oom: true\n")
	}
	fmt.Fprintf(&b, "title: %s\nkind: %s\n", f.Title, f.Kind)
	for _, a := range f.Alt {
		fmt.Fprintf(&b, "alt: %s\n", a)
	}
	return b.String()
}
