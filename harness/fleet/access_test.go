package fleet_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// TestErrorsNameNoSecret: an error names where, and neither token nor password, however malformed the URL is.
func TestErrorsNameNoSecret(t *testing.T) {
	const closed = "127.0.0.1:1" // nobody listens there
	for _, tt := range []struct{ url, want string }{
		{"tls://SECRET@" + closed + "?sha256=" + strings.Repeat("0", 64), closed},
		{"tls://SECRET@127.0.0.1:42x2?sha256=00", "127.0.0.1:42x2"},
		{"tls://SECRET%zz@" + closed + "?sha256=00", closed},
		{"tls://SECRET/@" + closed, closed},
		{"tls://SEC RET@" + closed, closed},
		{"SECRET@" + closed, closed},
		{"nats://u:SECRET@" + closed, closed},
		{"nats://u:SECRET@" + closed + ",nats://u:SECRET@127.0.0.1:2", closed + ",127.0.0.1:2"},
		{"nats://u:SECRET@" + closed + ",nats://u:SECRET%zz@127.0.0.1:2", "127.0.0.1:2"},
		{"nats://u:SECRET%zz@" + closed + ",nats://u:SECRET@127.0.0.1:2", closed},
	} {
		_, err := fleet.Dial(t.Context(), fleet.Access{URL: tt.url, Patience: time.Second})
		if err == nil || strings.Contains(err.Error(), "SEC") || strings.Contains(err.Error(), "RET") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: the error is %v, want %s in it and no secret", tt.url, err, tt.want)
		}
	}
}

// TestNoIdentity: what never came to a connection leaves no key.
func TestNoIdentity(t *testing.T) {
	s := startServer(t, server.Options{})
	right := s.URL(fleet.RoleCoordinator)
	_, at, _ := strings.Cut(right, "@")
	for _, url := range []string{
		"tls://TOKEN@127.0.0.1:1?sha256=00", "tls://TOKEN@127.0.0.1:1?sha256=" + strings.Repeat("0", 64), "nats://127.0.0.1:1", "TOKEN@127.0.0.1:1",
		"file:/nowhere", "tls://TOKEN@" + at,
	} {
		dir := filepath.Join(t.TempDir(), "fleet")
		if _, err := fleet.Dial(t.Context(), fleet.Access{URL: url, Identity: filepath.Join(dir, "coordinator.nk"), Patience: time.Second}); err == nil {
			t.Errorf("%s is connected", url)
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: a key is left, %v", url, err)
		}
	}
	id := filepath.Join(t.TempDir(), "fleet", "coordinator.nk")
	dial(t, fleet.Access{URL: right, Identity: id})
	if _, err := os.Stat(id); err != nil {
		t.Error(err)
	}
}

// TestPrivateFiles: the URL may stand in a file; that and an identity are their owner's alone.
func TestPrivateFiles(t *testing.T) {
	s := startServer(t, server.Options{})
	dir := t.TempDir()
	file, id := filepath.Join(dir, "url"), filepath.Join(dir, "identity")
	if err := os.WriteFile(file, []byte(s.URL(fleet.RoleWorker)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := fleet.Access{URL: "file:" + file, Identity: id}
	first := dial(t, a)
	if again := dial(t, a); again.PublicKey() != first.PublicKey() {
		t.Error("the identity was made anew")
	}
	for _, path := range []string{file, id} {
		if err := os.Chmod(path, 0o640); err != nil {
			t.Fatal(err)
		}
		if _, err := fleet.Dial(t.Context(), a); err == nil || !strings.Contains(err.Error(), path+" has mode 0640") {
			t.Errorf("%s of mode 0640: %v", path, err)
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := fleet.Dial(t.Context(), fleet.Access{URL: "file:" + filepath.Join(dir, "none")}); err == nil {
		t.Error("a URL in a file that is not there")
	}
}

// TestWorkersURL: who coordinates with the URL for workers is told so at once, and may with the other.
func TestWorkersURL(t *testing.T) {
	s := startServer(t, server.Options{})
	pair := seed(t)
	c := dial(t, fleet.Access{URL: s.URL(fleet.RoleWorker), Signer: pair})
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	for name, ask := range map[string]func() error{
		"Join":        func() error { _, err := fleet.Join(ctx, c, "work", fleet.CoordinatorOptions{}); return err },
		"ReadStatus":  func() error { _, err := fleet.ReadStatus(ctx, c); return err },
		"DrainWorker": func() error { return fleet.DrainWorker(ctx, c, c.PublicKey()) },
	} {
		begun := time.Now()
		if err := ask(); !errors.Is(err, fleet.ErrDenied) {
			t.Errorf("%s: %v", name, err)
		} else if took := time.Since(begun); took > 4*time.Second {
			t.Errorf("%s: it took %s", name, took)
		}
	}
	c = dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator), Signer: pair})
	join(t, c, "work", fleet.CoordinatorOptions{})
	dial(t, fleet.Access{URL: s.URL(fleet.RoleWorker), Signer: pair})
	if _, err := fleet.ReadStatus(ctx, c); err != nil {
		t.Error(err)
	}
	if m := s.Members(); len(m) != 1 || m[0].Role != fleet.RoleCoordinator {
		t.Errorf("the members are %v", m)
	}
}

// TestRemovedIsOut: a removed key has no connection left, however many it had, and its host no token to come again as another.
func TestRemovedIsOut(t *testing.T) {
	s := startServer(t, server.Options{})
	workers, coordinators := s.URL(fleet.RoleWorker), s.URL(fleet.RoleCoordinator)
	pair := seed(t)
	first, key, _ := raw(t, s, pair)
	for range 70 {
		nc, err := nats.Connect("tls://"+s.Addr(), nats.Nkey(key, pair.Sign), nats.Secure(anyCertificate()), nats.TLSHandshakeFirst())
		if err != nil {
			t.Fatal(err)
		}
		nc.Close()
	}
	if err := s.Remove(key); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first connection is closed", func() bool { return !first.IsConnected() })
	away := dial(t, fleet.Access{URL: coordinators})
	c := join(t, away, "work", fleet.CoordinatorOptions{})
	if err := s.Remove(away.PublicKey()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-c.Lost():
		if err := c.Submit(t.Context(), fleet.Task{ID: "1"}, fleet.Needs{}); !errors.Is(err, fleet.ErrRefused) {
			t.Errorf("Submit by a removed coordinator: %v", err)
		}
	case <-time.After(within):
		t.Error("a removed coordinator goes on")
	}
	if _, err := fleet.Dial(t.Context(), fleet.Access{URL: workers}); !errors.Is(err, fleet.ErrRefused) {
		t.Errorf("a new key with the removed one's token: %v", err)
	}
	if _, err := fleet.Dial(t.Context(), fleet.Access{URL: coordinators}); !errors.Is(err, fleet.ErrRefused) {
		t.Errorf("a new key with the removed coordinator's token: %v", err)
	}
	for _, role := range []fleet.Role{fleet.RoleWorker, fleet.RoleCoordinator} {
		dial(t, fleet.Access{URL: s.URL(role)})
	}
}

// TestRemovedWhileAway: a worker that was removed while it had no connection is told when it has one again.
func TestRemovedWhileAway(t *testing.T) {
	s := startServer(t, server.Options{})
	p := startProxy(t, s.Addr())
	w := startWorker(t, fleet.Access{URL: p.through(s.URL(fleet.RoleWorker))}, newExecutor("host", 1), fleet.WorkerOptions{})
	eventually(t, "the worker is there", func() bool {
		st, err := fleet.ReadStatus(t.Context(), s.Conn())
		return err == nil && len(st.Workers) == 1
	})
	p.cut.Store(true)
	if err := s.Remove(w.conn.PublicKey()); err != nil {
		t.Fatal(err)
	}
	p.breakAll()
	p.cut.Store(false)
	select {
	case err := <-w.done:
		w.done <- err
		if !errors.Is(err, fleet.ErrRemoved) {
			t.Errorf("Run: %v", err)
		}
	case <-time.After(within):
		t.Error("it runs on")
	}
}
