// Package cgroupstest gives tests a control group of version 2 of their own. What it has controllers for
// is the machine's matter: it may have none, and holds processes all the same.
package cgroupstest

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/livetest"
)

// Own makes a group that no process is in and that ends with the test: on a mount that there is, or else
// on one that root makes for the test. Where neither may be the test is skipped.
func Own(t *testing.T) string {
	t.Helper()
	livetest.Long(t, "control groups")
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); strings.Contains(line, " - cgroup2 ") {
			if dir, err := below(t, fields[4]); err == nil {
				return dir
			}
		}
	}
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "cgroup2", 0, ""); err != nil {
		t.Skip("this user may neither write to a control group of version 2 nor mount them: ", err) //nolint:forbidigo // nothing that is installed changes it: CI may be a container without that right
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	group, err := below(t, dir)
	if err != nil {
		t.Skip("a mount of control groups that this user may not write to: ", err) //nolint:forbidigo // as above
	}
	return group
}

// below makes the group in another.
func below(t *testing.T, mount string) (string, error) {
	t.Helper()
	dir, err := os.MkdirTemp(mount, "test-") //nolint:usetesting // a group is no folder of the test's
	if err != nil {
		return "", err
	}
	t.Cleanup(func() {
		if err := os.Remove(dir); err != nil {
			t.Error(err)
		}
	})
	return dir, nil
}
