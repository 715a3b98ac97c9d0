package linux_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
)

// TestLiveSyslog: what a program sends to syslog is read; where nobody logs, that is said.
func TestLiveSyslog(t *testing.T) {
	d := open(t, drivers.Target{Host: drivertest.StartContainer(t, "reprise/debian:bookworm")})
	if err := d.Boot(t.Context()); err != nil {
		t.Fatal(err)
	}
	if why, err := d.Unlogged(t.Context()); err != nil || !strings.Contains(why, "runs no services") {
		t.Errorf("unlogged: %q, %v", why, err)
	}
	mark, err := d.MarkLogs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if x, err := d.Shell(t.Context(), drivers.Command{Line: "logger -t own -p daemon.debug 'a word  of 2 lines'"}); err != nil || x.Exit != 0 {
		t.Fatalf("%+v, %v", x, err)
	}
	if _, err := d.Shell(t.Context(), drivers.Command{Line: "i=0; until grep -q 2.lines /var/log/reprise/syslog.log || [ $i -gt 100 ]; do i=$((i+1)); sleep 0.02; done"}); err != nil {
		t.Fatal(err)
	}
	files, err := d.LogsSince(t.Context(), mark)
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, f := range files {
		if !f.Copy {
			lines += strings.Count(f.Text, "own: a word  of 2 lines\n")
		}
	}
	if lines != 1 {
		t.Errorf("%d times in %+v", lines, files)
	}
	if why, err := d.Unlogged(t.Context()); err != nil || why != "" {
		t.Errorf("unlogged: %q, %v", why, err)
	}
	if _, err := d.Shell(t.Context(), drivers.Command{Line: "kill $(cat /run/reprise/syslog.reader)"}); err != nil {
		t.Fatal(err)
	}
	if why, err := d.Unlogged(t.Context()); err != nil || !strings.Contains(why, "read /dev/log") {
		t.Errorf("without a reader: unlogged %q, %v", why, err)
	}
}
