package namespaces_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// unbounded are the tries that end their node, see TestBounds.
func unbounded() []string { return []string{"memory without end", "processes without end"} }

// ownSettings are of the node's own namespace of IPC, and no way out.
const ownSettings = "open: /proc/sys/fs/mqueue/"

// TestWaysOut tries the known ways from a node to its machine, as root in the node: all are
// closed, and what a node needs is open.
func TestWaysOut(t *testing.T) {
	t.Parallel()
	p := open(t)
	path := filepath.Join(t.TempDir(), "wayout")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "../testdata/wayout")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		livetest.Missing(t, "a go command: "+string(out), err)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := topologiestest.Reserve(t, p, subject().Pair("eth1", "eth1"), topologies.Options{Run: "test-ways"})
	h := topologiestest.Host(t, r, "r1")
	if err := h.WriteFile(t.Context(), "/usr/local/bin/wayout", program, 0o755); err != nil {
		t.Fatal(err)
	}
	const word = "reprise-ways-out-7f3a"
	marker := filepath.Join(t.TempDir(), "marker")
	if err := os.WriteFile(marker, []byte(word), 0o644); err != nil {
		t.Fatal(err)
	}
	in, err := json.Marshal(map[string][]string{
		"the host's files": {marker, word}, "the host's processes": {strconv.Itoa(os.Getpid()), word},
		"the host's network": {"127.0.0.1:22", "127.0.0.1:2375", "172.17.0.1:2375"}, unbounded()[0]: {"1"}, unbounded()[1]: {"1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var out, words bytes.Buffer
	exit, err := h.Exec(t.Context(), []string{"/usr/local/bin/wayout"}, bytes.NewReader(in), &out, &words)
	var list []struct {
		Name string
		Exit int
		Said string
	}
	if err != nil || exit != 0 || json.Unmarshal(out.Bytes(), &list) != nil || len(list) < 80 {
		t.Fatalf("status %d, %v, %d ways: %s%s", exit, err, len(list), out.String(), words.String())
	}
	for _, w := range list {
		if w.Name == "write below /proc/sys" && strings.HasPrefix(w.Said, ownSettings) {
			continue
		}
		if open := w.Exit == 0; w.Exit > 1 || open != strings.HasPrefix(w.Name, "own: ") && !slices.Contains(unbounded(), w.Name) {
			t.Errorf("%s: status %d: %s", w.Name, w.Exit, w.Said)
		}
	}
	if err := topologiestest.Ping(t.Context(), h, "10.0.0.2"); err != nil {
		t.Errorf("the lab after all that: %v", err)
	}
}
