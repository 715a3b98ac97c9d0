package fleet_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// echo serves lines back, each with a word before it, until the connection ends.
func echo(_ context.Context, conn net.Conn) error {
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		if _, err := fmt.Fprintf(conn, "built %s\n", lines.Text()); err != nil {
			return err
		}
	}
	return nil
}

// TestPart: a coordinator that asks a worker for a part of a lab speaks to it over a connection of its own, which takes a slot
// for as long as it is open; without a free slot, or a host that builds parts, it is told so.
func TestPart(t *testing.T) {
	s := startServer(t, server.Options{})
	c := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
	coordinator := join(t, c, "work", fleet.CoordinatorOptions{})
	builds := startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, newExecutor("builds", 1), fleet.WorkerOptions{Parts: &fleet.Parts{Serve: echo}})
	other := startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, newExecutor("other", 1), fleet.WorkerOptions{})
	chosen := startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, newExecutor("chosen", 1), fleet.WorkerOptions{
		Accept: []string{other.conn.PublicKey()}, Parts: &fleet.Parts{Serve: echo},
	})
	none, silent := newExecutor("none", 1), newExecutor("silent", 1)
	none.offer.Abilities = map[string]string{fleet.AbilityParts: "they are of namespaces, and it builds none"}
	silent.offer.Abilities = nil
	devices := startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, none, fleet.WorkerOptions{Parts: &fleet.Parts{Serve: echo}})
	unsaid := startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, silent, fleet.WorkerOptions{Parts: &fleet.Parts{Serve: echo}})
	eventually(t, "they are there", func() bool { return len(coordinator.Workers()) == 5 })
	claim := func(key string) (net.Conn, error) { return fleet.ClaimPart(t.Context(), c, key, "v1") }
	for key, want := range map[string]string{other.conn.PublicKey(): "it builds no parts of labs", chosen.conn.PublicKey(): c.PublicKey() + " there", "nobody": "no public nkey", devices.conn.PublicKey(): "they are of namespaces, and it builds none", unsaid.conn.PublicKey(): "it offers no parts of labs"} {
		if conn, err := claim(key); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, %v: want %q", conn, err, want)
		}
	}
	if conn, err := fleet.ClaimPart(t.Context(), c, builds.conn.PublicKey(), "v2"); err == nil || !strings.Contains(err.Error(), "it runs version v1 of the program, and who asks for a part of a lab v2") {
		t.Errorf("another program asks: %v, %v", conn, err)
	}
	conn, err := claim(builds.conn.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintln(conn, "r1"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || line != "built r1\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if at, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err != nil || !at.Addr().IsLoopback() {
		t.Errorf("it is at %s, and the server at %s: %v", conn.RemoteAddr(), s.Addr(), err)
	}
	if _, err := claim(builds.conn.PublicKey()); !errors.Is(err, fleet.ErrBusy) {
		t.Errorf("the only slot is taken: %v", err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the slot is free again", func() bool {
		again, err := claim(builds.conn.PublicKey())
		if err == nil {
			_ = again.Close() // it was only asked for
		} else if !errors.Is(err, fleet.ErrBusy) {
			t.Fatal(err)
		}
		return err == nil
	})
}

// TestPartNobodyComes: a slot that was asked for, and that nobody comes for, is free again.
func TestPartNobodyComes(t *testing.T) {
	s := startServer(t, server.Options{})
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{})
	w := startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, newExecutor("host", 1), fleet.WorkerOptions{
		Parts: &fleet.Parts{Serve: echo, Patience: 200 * time.Millisecond},
	})
	eventually(t, "it is there", func() bool { return len(c.Workers()) == 1 })
	conn := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
	ask := func() error { return fleet.AskPart(t.Context(), conn, w.conn.PublicKey(), "00") }
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	if err := ask(); !errors.Is(err, fleet.ErrBusy) {
		t.Errorf("who asked is waited for: %v", err)
	}
	eventually(t, "the slot is free again", func() bool { return ask() == nil })
}
