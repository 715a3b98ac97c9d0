package qmp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies/vm/qmp"
)

// qemu answers on one end of a pipe as QEMU would, until answer gives nothing.
func qemu(t *testing.T, answer func(command, arguments string, id int) []string) *qmp.Client {
	t.Helper()
	ours, theirs := net.Pipe()
	go func() {
		defer func() { _ = theirs.Close() }()
		fmt.Fprintln(theirs, `{"QMP": {"version": {}, "capabilities": []}}`)
		lines := bufio.NewScanner(theirs)
		for lines.Scan() {
			var r struct {
				Execute   string          `json:"execute"`
				Arguments json.RawMessage `json:"arguments"`
				ID        int             `json:"id"`
			}
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				t.Error(err)
				return
			}
			if r.Execute == "qmp_capabilities" {
				fmt.Fprintf(theirs, `{"return": {}, "id": %d}`+"\n", r.ID)
				continue
			}
			said := answer(r.Execute, string(r.Arguments), r.ID)
			if said == nil {
				return
			}
			for _, s := range said {
				fmt.Fprintln(theirs, s)
			}
		}
	}()
	c, err := qmp.New(t.Context(), ours)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestDo(t *testing.T) {
	c := qemu(t, func(command, arguments string, id int) []string {
		switch command {
		case "query-status":
			return []string{`{"event": "STOP", "timestamp": {}}`, fmt.Sprintf(`{"return": {"status": "running"}, "id": %d}`, id)}
		case "set_link":
			return []string{fmt.Sprintf(`{"error": {"class": "DeviceNotFound", "desc": "Device 'x' not found"}, "id": %d}`, id)}
		case "human-monitor-command":
			if arguments != `{"command-line":"savevm base"}` {
				t.Errorf("arguments = %s", arguments)
			}
			return []string{fmt.Sprintf(`{"return": "Error: no\r\n", "id": %d}`, id)}
		}
		return nil
	})
	var status struct {
		Status string `json:"status"`
	}
	if err := c.Do(t.Context(), "query-status", nil, &status); err != nil || status.Status != "running" {
		t.Errorf("query-status = %+v, %v", status, err)
	}
	var refused *qmp.Error
	if err := c.Do(t.Context(), "set_link", map[string]any{"name": "x", "up": false}, nil); !errors.As(err, &refused) || refused.Class != "DeviceNotFound" {
		t.Errorf("set_link = %v; want qemu's refusal", err)
	}
	if out, err := c.Monitor(t.Context(), "savevm base"); err != nil || out != "Error: no\n" {
		t.Errorf("monitor = %q, %v", out, err)
	}
	if err := c.Do(t.Context(), "quit", nil, nil); !errors.Is(err, qmp.ErrClosed) {
		t.Errorf("quit = %v; want ErrClosed", err)
	}
}

// An answer that came too late is never taken for that of the next command.
func TestLateAnswer(t *testing.T) {
	first := make(chan struct{})
	c := qemu(t, func(command, _ string, id int) []string {
		if command == "slow" {
			<-first
		}
		return []string{fmt.Sprintf(`{"return": %q, "id": %d}`, command, id)}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := c.Do(ctx, "slow", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("slow = %v", err)
	}
	time.AfterFunc(20*time.Millisecond, func() { close(first) })
	var out string
	if err := c.Do(t.Context(), "quick", nil, &out); err != nil || out != "quick" {
		t.Errorf("quick = %q, %v", out, err)
	}
}

func TestDialGivesUp(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := qmp.Dial(ctx, t.TempDir()+"/none"); err == nil || !strings.Contains(err.Error(), "connect to qemu") {
		t.Errorf("Dial = %v", err)
	}
}
