package trial

import (
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// A connection goes out from the source that is asked for, or it could not be tried.
func TestTCPFrom(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		livetest.Missing(t, "python3", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // the test ends
	sources := make(chan string, 10)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			host, _, _ := net.SplitHostPort(c.RemoteAddr().String())
			sources <- host
			_ = c.Close()
		}
	}()
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	for _, tt := range []struct{ from, source, unsent string }{
		{"", "127.0.0.1", ""},
		{"127.0.0.7", "127.0.0.7", ""},
		{"nosuchif", "", "No such device"},
		{"10.77.0.1", "", "assign requested address"},
	} {
		line := tcpLine(scenarios.Reach{From: tt.from}, "127.0.0.1", port, 1, 5*time.Second)
		out, err := exec.CommandContext(t.Context(), "sh", "-c", line).CombinedOutput()
		if err != nil {
			t.Fatalf("from %q: %v: %s", tt.from, err, out)
		}
		n, err := judge.ReadTCP(string(out), 1)
		switch {
		case tt.unsent != "":
			if err == nil || !strings.Contains(err.Error(), tt.unsent) {
				t.Errorf("from %q: %d connections, error %v, want …%s…", tt.from, n, err, tt.unsent)
			}
		case err != nil || n != 1:
			t.Errorf("from %q: %d connections, error %v: %s", tt.from, n, err, out)
		default:
			if got := <-sources; got != tt.source {
				t.Errorf("from %q: it came from %s", tt.from, got)
			}
		}
	}
}
