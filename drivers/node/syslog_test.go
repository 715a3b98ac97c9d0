package node_test

import (
	"errors"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/node"
)

// What programs send to syslog(3) is in the node's log, a line for each message, with the time at
// which it came. What others left is out of the way, a link to nowhere too.
func TestSyslog(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, nil)
	if err := os.Remove(host.Dir + "/dev/log"); err != nil { // nobody reads it yet
		t.Fatal(err)
	}
	if err := os.MkdirAll(host.Dir+"/run/reprise", 0o700); err != nil {
		t.Fatal(err)
	}
	links := []string{"/dev/log", "/run/reprise/gone.pid", "/run/reprise/gone.ordered"}
	for _, link := range links {
		if err := os.Symlink("nowhere", host.Dir+link); err != nil {
			t.Fatal(err)
		}
	}
	n, err := node.Open(t.Context(), "linux", []byte("[]"), drivers.Target{Node: "r1", Host: host, NoRestart: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close(t.Context()) })
	n.StartBy(node.Start{Dirs: []string{"/var/lib/reprise/it's", "/run/reprise/own"}})
	if err := n.Boot(t.Context()); err != nil { // which waits for the reader
		t.Fatal(err)
	}
	if err := n.RestoreNetwork(t.Context()); !errors.Is(err, drivers.ErrUnsupported) {
		t.Errorf("the state of the network was saved though nobody will ask for it: %v", err)
	}
	for _, dir := range []string{"/var/lib/reprise/it's", "/run/reprise/own"} {
		if info, err := os.Stat(host.Dir + dir); err != nil || !info.IsDir() {
			t.Errorf("%s was not made: %v", dir, err)
		}
	}
	// The group of a session ends with it, and the reader reads on.
	reader, err := strconv.Atoi(strings.TrimSpace(host.Read("/run/reprise/syslog.reader")))
	if err != nil {
		t.Fatal(err)
	}
	if group, err := syscall.Getpgid(reader); err != nil || group != reader {
		t.Errorf("the reader, %d, is in group %d, %v", reader, group, err)
	}
	for _, link := range links {
		if to, err := os.Readlink(host.Dir + link); err == nil {
			t.Errorf("%s leads still to %s", link, to)
		}
	}
	conn, err := net.Dial("unixgram", host.Dir+"/dev/log")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // it was only written to
	before := time.Now().UTC().Truncate(time.Second)
	for _, message := range []string{"<30>Mar  1 10:00:00 bird: up\n\x00", "<3>a\nb"} {
		if _, err := conn.Write([]byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	said := regexp.MustCompile(`^(\S+ \S+) Mar  1 10:00:00 bird: up\n\S+ \S+ a b\n$`)
	for deadline := time.Now().Add(20 * time.Second); ; {
		m := said.FindStringSubmatch(host.Read("/var/log/reprise/syslog.log"))
		if m != nil {
			at, err := time.Parse(time.DateTime, m[1])
			if err != nil || at.Before(before) || at.After(time.Now()) {
				t.Errorf("it came at %q: %v", m[1], err)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %q", host.Read("/var/log/reprise/syslog.log"))
		}
		<-time.After(10 * time.Millisecond)
	}
}
