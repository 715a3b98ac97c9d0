package programs_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers/programs"
)

// TestHidden: the parts of a line whose failure nobody sees are told, each with a line that runs it once more by itself.
func TestHidden(t *testing.T) {
	for _, tt := range []struct {
		line string
		want []string // lines that run the parts
	}{
		{"vtysh -c 'show ip route' | grep 10.9", []string{"{ vtysh -c 'show ip route'; } 2>&1"}},
		{"vtysh -c 'show ip route' 2>/dev/null | grep -c 10.9 || true", []string{"{ vtysh -c 'show ip route' 2>/dev/null; } 2>&1", "{ vtysh -c 'show ip route' 2>/dev/null | grep -c 10.9; } 2>&1"}},
		{"ip route | sed s/x/y/ | wc -l", []string{"{ ip route; } 2>&1", "{ ip route | sed s/x/y/; } 2>&1"}},
		{"birdc show protocols || exit 0", []string{"{ birdc show protocols; } 2>&1"}},
		{"birdc show protocols || echo none", []string{"{ birdc show protocols; } 2>&1"}},
		{"echo 1 | wc -l", nil},
		{"birdc show protocols", nil},
		{"birdc show protocols 2>/dev/null", nil},
		{"birdc show protocols && grep x /f", nil},
		{"birdc show protocols || grep x /f", nil},
		{"ip route add 10.0.0.0/8 via 1.1.1.1; ip route | grep x", nil},
		{"while read x; do echo $x; done < /f | grep x", nil},
		{"{ a; b; } | grep x", nil},
		{"$x | grep y", nil},
		{"a | { b | c; } | d", []string{"{ a; } 2>&1"}},
		{"a |& grep y", []string{"{ a; } 2>&1"}},
		{"a & b | c", nil},
		{"! a | b", []string{"{ a; } 2>&1", "{ a | b; } 2>&1"}},
		{"grep -q x /f && echo fine || echo broken", []string{"{ grep -q x /f; } 2>&1"}},
		{"if grep -q x /f; then reboot; fi", []string{"{ grep -q x /f; } 2>&1"}},
		{"a && b || echo none", nil},
		{"ping -c 1 192.0.2.1", []string{"{ ping -c 1 192.0.2.1; } 2>&1"}},
		{strings.Repeat("a | ", 17) + "b", nil},
		{"a | b 2>/dev/null | c", []string{"{ a; } 2>&1", "{ a | b 2>/dev/null; } 2>&1"}},
		{"if (", nil},
	} {
		var got []string
		for _, p := range programs.Hidden(tt.line) {
			got = append(got, p.Alone)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.line, diff)
		}
	}
}

// TestHiddenStatus: the line of a part ends with the part's status, and statuses that say no are told.
func TestHiddenStatus(t *testing.T) {
	for _, tt := range []struct {
		line   string
		status int
		no     []int
	}{
		{"cat /nosuch/file 2>/dev/null | grep x", 1, nil},
		{"cat /etc/hosts | grep -c nosuchword | wc -l", 1, []int{1}},
		{"sh -c 'echo a; exit 3' | wc -l", 3, nil},
		{"timeout 5 ping -c 1 192.0.2.1 | wc -l", -1, []int{124, 1}},
	} {
		parts := programs.Hidden(tt.line)
		if len(parts) == 0 {
			t.Fatalf("%s: nothing is told", tt.line)
		}
		last := parts[len(parts)-1]
		if diff := cmp.Diff(tt.no, last.No); diff != "" {
			t.Errorf("%s: %s says no with (-want +got):\n%s", tt.line, last.Command, diff)
		}
		if tt.status < 0 {
			continue
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-c", last.Alone)
		out, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != tt.status {
			t.Errorf("%s: %q ended with %d and said %q, want %d", tt.line, last.Alone, cmd.ProcessState.ExitCode(), out, tt.status)
		}
	}
}
