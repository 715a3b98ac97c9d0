package scenarios_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/scenarios"
)

func lines(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// TestFilesAreBounded: a scenario file takes neither much memory nor much time, whatever is in
// it, and is refused where it would.
func TestFilesAreBounded(t *testing.T) {
	const head = "reprise: v1\nid: a\ntitle: A\nsymptom: [{name: s, node: r1, exec: ping, expect: 'exit > 0', eventually: 1s}]\n"
	bomb := "x0: &x0 [a,a,a,a,a,a,a,a,a]\n"
	for i := range 9 {
		bomb += fmt.Sprintf("x%d: &x%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*x%d,", i), 9), ","))
	}
	longKey := strings.Repeat("k", 200_000)
	for _, tt := range []struct{ name, text string }{
		{"merges of a wide mapping", "x: &x {" + lines(9000, "k%d: 1,") + "}\nlist:\n" + lines(9000, "  - {<<: *x, a%d: 1}\n")},
		{"merges of merges", "x: &x {" + lines(5000, "k%d: 1,") + "}\nnodes:\n" + lines(9000, "  n%d: {<<: [*x,*x,*x,*x,*x,*x]}\n")},
		{"aliases of aliases", bomb},
		{"aliases where nothing is read", head + "topology: {nodes: {r1: {image: x}}}\nmgmt:\n" + strings.ReplaceAll(bomb, "x", "  x")},
		{"aliases in what has no effect", head + "topology:\n  nodes: {r1: {image: x, healthcheck: &a [1,2], extras: " + strings.Repeat("[*a,", 60) + "1" + strings.Repeat("]", 60) + "}}\n  links: " + strings.Repeat("[", 3000) + strings.Repeat("]", 3000)},
		{"an anchor in itself", "x: &x [*x]\n"},
		{"long keys with many values", head + "nodes: {" + longKey + ": {files: {" + lines(20_000, "f%d: x,") + "}}}\n"},
		{"deep keys with many values", head + "nodes: " + strings.Repeat("{"+strings.Repeat("k", 3000)+": ", 60) + "[" + lines(20_000, "%d,") + "]" + strings.Repeat("}", 60)},
		{"unknown keys", lines(40_000, "unknwn%d: 1\n")},
		{"unknown nodes", head + "topology:\n  nodes: {" + lines(1900, "node%d: {image: x},") + "}\n  links:\n" + lines(5000, "    - endpoints: [nodx%[1]d:eth1, nody%[1]d:eth1]\n")},
		{"many nodes", head + "topology: {nodes: {" + lines(30_000, "n%d: {},") + "}}\n"},
		{"many conditions", head + "topology: {nodes: {r1: {image: x}}}\nbaseline:\n" + lines(8000, "  - {name: c%d, node: r1, run: x, expect: 'text contains \"x\"', eventually: 1s}\n")},
		{"a long word", head + "topolgy: x\n" + strings.Repeat("y", 300_000) + ": 1\n"},
		{"a list in a line", "x: [" + strings.Repeat("a,", 240_000) + "]\n"},
		{"pairs in a line", "x: [" + strings.Repeat("a: b,", 100_000) + "]\n"},
		{"nothing closed", strings.Repeat("[{", 250_000)},
		{"a file that is too long", "# " + strings.Repeat("x", 600_000)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := write(t, tt.text)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := cpuTime(t)
			_, err := scenarios.Load(file, scenarios.Options{})
			took := cpuTime(t) - start
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Error("it is valid")
			} else if n := len(err.Error()); n > 4<<20 {
				t.Errorf("what is said of it has %d bytes", n)
			}
			if took > 20*time.Second {
				t.Errorf("it took %s", took)
			}
			if made := (after.TotalAlloc - before.TotalAlloc) >> 20; made > 800 {
				t.Errorf("it made %d MiB", made)
			}
		})
	}
}

// TestNamesLeadToFiles: whatever a scenario names is a regular file, or is refused at once.
func TestNamesLeadToFiles(t *testing.T) {
	const symptom = "symptom: [{name: s, node: r1, exec: ping, expect: 'exit > 0', eventually: 1s%s}]\n"
	for name, text := range map[string]string{
		"topology":               "topology: pipe\n" + fmt.Sprintf(symptom, ""),
		"configuration":          "topology: {nodes: {r1: {image: x}}}\nnodes: {r1: {config: pipe}}\n" + fmt.Sprintf(symptom, ""),
		"start-up configuration": "topology: {nodes: {r1: {image: x, startup-config: pipe}}}\n" + fmt.Sprintf(symptom, ""),
		"file":                   "topology: {nodes: {r1: {image: x}}}\nnodes: {r1: {files: {/etc/x: pipe}}}\n" + fmt.Sprintf(symptom, ""),
		"template":               "topology: {nodes: {r1: {image: x}}}\n" + fmt.Sprintf(symptom, ", template: pipe"),
		"head of a repository":   "topology: {nodes: {r1: {image: __gitHash__}}}\n" + fmt.Sprintf(symptom, ""),
		"scenario":               "",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "scenario.yaml")
			if err := os.Mkdir(filepath.Join(dir, ".git"), 0o700); err != nil {
				t.Fatal(err)
			}
			for _, pipe := range []string{filepath.Join(dir, "pipe"), filepath.Join(dir, ".git", "HEAD")} {
				if err := syscall.Mkfifo(pipe, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if text == "" {
				file = filepath.Join(dir, "pipe")
			} else if err := os.WriteFile(file, []byte("reprise: v1\nid: a\ntitle: A\n"+text), 0o600); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() {
				_, err := scenarios.Load(file, scenarios.Options{})
				done <- err
			}()
			select {
			case err := <-done:
				if err == nil && name != "head of a repository" { // there it stands for nothing
					t.Error("it is valid")
				}
			case <-time.After(20 * time.Second):
				t.Fatal("it waits")
			}
		})
	}
}
