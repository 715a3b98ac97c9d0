package fleet_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/reprise-lab/reprise/harness/fleet"
)

// TestExternalServer: any JetStream server will do; the first coordinator sets it up, for workers that were there before.
func TestExternalServer(t *testing.T) {
	pair := seed(t)
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	text, err := pair.Seed()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "user.nk")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := natsserver.NewServer(&natsserver.Options{
		Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
		Nkeys: []*natsserver.NkeyUser{{Nkey: public}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(within) {
		t.Fatal("the server does not answer")
	}
	env := map[string]string{"NATS_URL": s.ClientURL(), "NATS_NKEY": file}
	access := fleet.Access{}.WithEnvironment(func(name string) string { return env[name] })
	if _, err := fleet.Dial(t.Context(), fleet.Access{URL: s.ClientURL()}); err == nil {
		t.Error("the server lets in who has no key")
	}
	w := startWorker(t, access, newExecutor("host", 2), fleet.WorkerOptions{})
	eventually(t, "the worker says what it waits for", func() bool { return len(w.Log()) > 0 })
	// Its signing key is its own, not the one of its user.
	c := join(t, dial(t, access), "work", fleet.CoordinatorOptions{})
	plan := []byte("plan")
	start := time.Now()
	if diff := cmp.Diff(local(plan, 10, 0), series(t, c, plan, 10, 4)); diff != "" {
		t.Errorf("(-local +fleet):\n%s", diff)
	}
	if took := time.Since(start); took > 3*fleet.DefaultRenewal {
		t.Errorf("ten trials took %s", took)
	}
	if err := fleet.RemoveWorker(t.Context(), dial(t, access), w.conn.PublicKey()); err != nil {
		t.Errorf("a server that enrols nobody: %v", err)
	}
}
