package topologies_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
)

// TestShellLine gives lines to a shell, as a node does: the script of a shell that a line calls knows its own
// variables, and what a line asks of the node's shell is done by that.
func TestShellLine(t *testing.T) {
	for _, tt := range []struct{ name, line, want string }{
		{"a loop", `sh -c "for i in 1 2; do echo eth$i; done"`, "eth1\neth2\n"},
		{"signs that are meant", `sh -ec "a='it is'; echo \"$a\" \\$a"`, "it is $a\n"},
		{"a command within", `/bin/sh -c "n=3; echo $(echo $((n + 1)))"`, "4\n"},
		{"behind a limit of time", `timeout 5 sh -c "for i in 1 2; do echo eth$i; done"`, "eth1\neth2\n"},
		{"behind a variable", `env X=1 sh -c "echo $X"`, "1\n"},
		{"behind two programs", `nohup env X=1 /bin/sh -ec "echo $X"`, "1\n"},
		{"single quotes", `sh -c 'i=7; echo $i'`, "7\n"},
		{"no shell is called", `echo "$((1 + 1))" | tr 2 3`, "3\n"},
		{"two commands", `i=5; sh -c "echo $i"`, "5\n"},
		{"no script", `sh -c true "$0"`, ""},
		{"what no shell reads", `sh -c "echo`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, _ := exec.CommandContext(t.Context(), "sh", "-c", topologies.ShellLine(tt.line)).Output() // some fail, and say nothing
			if string(out) != tt.want {
				t.Errorf("%s became %s, and says %q, want %q", tt.line, topologies.ShellLine(tt.line), out, tt.want)
			}
			if strings.Contains(tt.line, "tr 2") && topologies.ShellLine(tt.line) != tt.line {
				t.Errorf("%s became %s", tt.line, topologies.ShellLine(tt.line))
			}
		})
	}
}

// A line that stands within itself without end is the node's shell's own, and ends nothing here.
func TestShellLineEndless(t *testing.T) {
	for _, unit := range []string{"((", "$(", "a["} {
		if line := strings.Repeat(unit, 300_000); topologies.ShellLine(line) != line {
			t.Errorf("%s without end is another line", unit)
		}
	}
}
