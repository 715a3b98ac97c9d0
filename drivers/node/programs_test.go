package node_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/node"
)

// TestAbsent: a node's own shell tells which programs of a line are not there, before the line is run and after.
func TestAbsent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n, err := node.Open(t.Context(), "linux", []byte("[]"), drivers.Target{Node: "r1", Host: drivertest.Host{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	absent := func(line, want string) {
		t.Helper()
		got, err := n.Absent(t.Context(), line, true)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q, %v; want %q", line, got, err, want)
		}
	}
	absent("cat /etc/hosts | nosuchprogram 2>/dev/null; timeout 1 nosuchother", "nosuchprogram nosuchother")
	absent("cat /etc/hosts; [ -e /x ] && . /x", "")
	absent("/nosuch/prog || "+dir+" || /bin/sh -c true", "/nosuch/prog "+dir)
	absent("for i in 1; do while :; do cat; done; done", "")
	program := dir + "/made"
	absent(program+" 2>/dev/null", program)
	line := "printf '#!/bin/sh\\n' >" + program + "; chmod +x " + program + "; " + program
	absent(line, program)
	if x, err := n.Shell(t.Context(), drivers.Command{Line: line}); err != nil || x.Exit != 0 {
		t.Fatalf("%+v %v", x, err)
	}
	absent(line, "")
	if _, err := n.Shell(t.Context(), drivers.Command{Line: "rm " + program}); err != nil {
		t.Fatal(err)
	}
	absent(program, "") // it was found
	n.ForgetPrograms()
	absent(program, program)
	if got, err := n.Absent(t.Context(), "nosuchprogram", false); err != nil || len(got) > 0 {
		t.Errorf("of another's line: %q, %v", got, err)
	}
}
