package wiring_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// serve joins a client to a server in this process.
func serve(t *testing.T) *wiring.Client {
	t.Helper()
	near, far := net.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- wiring.Serve(far, far, nil, nil, nil) }()
	c := wiring.Dial(near)
	t.Cleanup(func() {
		_ = c.Close()
		if err := <-ended; err != nil {
			t.Errorf("the server: %v", err)
		}
	})
	return c
}

func TestRemoteErrorKeepsItsReason(t *testing.T) {
	c := serve(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, err := c.Apply(t.Context(), wiring.Op{Kind: wiring.State, A: wiring.Port{PID: 1 << 30, Interface: "eth1"}})
			if !errors.Is(err, syscall.ENOENT) || !wiring.Gone(err) || !strings.Contains(err.Error(), "namespace") {
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
	if _, err := c.Apply(t.Context(), wiring.Op{Kind: "solder"}); err == nil || !strings.Contains(err.Error(), "solder") {
		t.Errorf("an unknown operation: %v", err)
	}
}

// No process has the number 0: what it stands for has ended.
func TestProcessThatHasEnded(t *testing.T) {
	t.Parallel()
	for _, kind := range []wiring.Kind{wiring.Look, wiring.Connect, wiring.State} {
		op := wiring.Op{Kind: kind, A: wiring.Port{Interface: "eth1"}, B: wiring.Port{PID: os.Getpid(), Interface: "eth2"}}
		if _, err := wiring.Apply(op); !wiring.Gone(err) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestClientWithoutServer(t *testing.T) {
	near, far := net.Pipe()
	c := wiring.Dial(near)
	t.Cleanup(func() { _ = c.Close() })
	go func() { // takes one request and hangs up
		_, _ = far.Read(make([]byte, 4096))
		_ = far.Close()
	}()
	if _, err := c.Apply(t.Context(), wiring.Op{Kind: wiring.Count}); err == nil {
		t.Error("an operation without an answer succeeded")
	}
}

func TestClientCancelled(t *testing.T) {
	near, far := net.Pipe()
	c := wiring.Dial(near)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() { _ = errors.Join(c.Close(), far.Close()) })
	go func() {
		_, _ = far.Read(make([]byte, 4096))
		cancel()
	}()
	if _, err := c.Apply(ctx, wiring.Op{Kind: wiring.Count}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestChecks(t *testing.T) {
	names := map[string]bool{"eth1": true, "1-1": true, "fifteen-letters": true, "sixteen-letters-": false, "": false, "..": false, "1:1": false, "a b": false}
	for name, ok := range names {
		if err := wiring.CheckName(name); (err == nil) != ok {
			t.Errorf("CheckName(%q) = %v", name, err)
		}
	}
	matches := []struct {
		match topologies.FrameMatch
		ok    bool
	}{
		{topologies.FrameMatch{}, true},
		{topologies.FrameMatch{EtherType: "0x88cc", DstMAC: "01:80:c2:00:00:0e"}, true},
		{topologies.FrameMatch{SrcIP: "10.0.0.0/8", Proto: "ospf"}, true},
		{topologies.FrameMatch{SrcIP: "10.0.0.0/8", EtherType: "ip6"}, false},
		{topologies.FrameMatch{Proto: "ospf", DstPort: 179}, false},
		{topologies.FrameMatch{EtherType: "0"}, false},
		{topologies.FrameMatch{SrcPort: -1}, false},
	}
	for _, tt := range matches {
		if err := wiring.CheckMatch(tt.match); (err == nil) != tt.ok {
			t.Errorf("CheckMatch(%+v) = %v", tt.match, err)
		}
	}
}
