package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// walked is what each command of the manual's walk has to print, in the order of the walk; empty where it is a lab's.
func walked() []string {
	return []string{
		`missing of r1 for ospf: show ip ospf, .*show ip ospf database`,
		`(?s)MTU 1500 is larger than .*r1-today.txt`,
		`(?s)broken: r1: OSPF with 10.0.0.2, was Full, is Exchange.*done: r2: the MTU of eth1 is 1400, .*\n01-changes`,
		``, ``,
		`01-changes +reproduced`,
		`(?s)too few runs to tell.*MTU <N> is larger than`,
	}
}

// TestWalk does what the manual's walk prints, from three files and a sentence to a lab, a scenario that was tried and
// the lines that are suspicious.
func TestWalk(t *testing.T) {
	t.Parallel()
	manual := readText(t, "../../reports/handover/README.md")
	_, walk, ok := strings.Cut(manual, "### From three files and a sentence\n")
	_, block, ok2 := strings.Cut(walk, "```\n")
	block, _, ok3 := strings.Cut(block, "\n```")
	commands := regexp.MustCompile(`(?m)^reprise (.*?)(?: +#.*)?$`).FindAllStringSubmatch(block, -1)
	want := walked()
	if !ok || !ok2 || !ok3 || len(commands) != len(want) {
		t.Fatalf("%d commands in the walk, want %d", len(commands), len(want))
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../reports/handover/testdata/walk")); err != nil {
		t.Fatal(err)
	}
	live := []int{3, 4, 5, 6}
	for i, c := range commands {
		if slices.Contains(live, i) {
			if i == live[0] {
				livetest.Long(t, "a lab, and two trials of two routers")
				needSpaces(t)
			}
		}
		run := exec.Command("sh", "-c", `exec "$REPRISE" `+c[1])
		run.Dir = dir
		run.Env = append(os.Environ(), "REPRISE="+link(t, dir), cli.EnvProvider+"="+cli.ProviderNamespaces)
		out, err := run.CombinedOutput()
		if !regexp.MustCompile(want[i]).Match(out) || err != nil && want[i] == "" {
			t.Fatalf("%s: %v: %s\nwant %s", c[1], err, out, want[i])
		}
	}
}

// link is this program under its own name, which makes it the program itself and no test.
func link(t *testing.T, dir string) string {
	t.Helper()
	own, err := filepath.Abs(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "reprise")
	if _, err := os.Lstat(name); err == nil {
		return name
	}
	if err := os.Symlink(own, name); err != nil {
		t.Fatal(err)
	}
	return name
}
