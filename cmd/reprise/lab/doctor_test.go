package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/userns"
)

// TestRaiseLimits: limits are raised within a bound, and one that cannot be is told and keeps no
// other one. For a foreign lab that takes to be trusted.
func TestRaiseLimits(t *testing.T) {
	root := t.TempDir()
	for name, value := range map[string]string{
		"proc/sys/fs/inotify/max_user_instances": "8", "proc/sys/kernel/pid_max": "10", "proc/sys/kernel/threads-max": "99999999",
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	huge := topologies.Topology{Nodes: make([]topologies.Node, 1_000_000)}
	raise := func(uid int) string {
		var said []string
		raiseLimits(userns.Host{Root: root, UID: uid}, huge, func(line string) { said = append(said, line) })
		return strings.Join(said, "\n")
	}
	if said := raise(1000); said != "" {
		t.Errorf("an ordinary user: %s", said)
	}
	for _, tt := range []struct {
		uid     int
		foreign *scenarios.Foreign
		refused bool
	}{{0, nil, false}, {0, &scenarios.Foreign{}, true}, {1000, &scenarios.Foreign{}, false}, {0, &scenarios.Foreign{Trusted: []string{"limits"}}, false}} {
		err := permitLimits(userns.Host{Root: root, UID: tt.uid}, &scenarios.Loaded{Foreign: tt.foreign}, huge)
		if cli.ExitCode(err) != map[bool]int{true: cli.ExitRefused, false: cli.ExitYes}[tt.refused] {
			t.Errorf("%+v of user %d: %v", tt.foreign, tt.uid, err)
		}
	}
	const want = "setting fs.inotify.max_user_instances to 65536\nsetting kernel.pid_max to 4194304"
	if said := raise(0); said != want {
		t.Errorf("said %q, want %q", said, want)
	}
	if now, err := os.ReadFile(filepath.Join(root, "proc/sys/kernel/pid_max")); err != nil || string(now) != "4194304\n" {
		t.Errorf("%q, %v", now, err)
	}
	if err := os.RemoveAll(filepath.Join(root, "etc")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "etc"), nil, 0o600); err != nil { // where a folder has to be
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "proc/sys/kernel/pid_max"), []byte("10"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "proc/sys/fs/inotify/max_user_instances"), []byte("8"), 0o600); err != nil {
		t.Fatal(err)
	}
	if said := raise(0); strings.Count(said, "setting ") != 2 || strings.Count(said, "it stays as it is: ") != 2 {
		t.Errorf("said %q", said)
	}
}
