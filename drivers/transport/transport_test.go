package transport_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/sim"
	"github.com/reprise-lab/reprise/drivers/transport"
)

// A host key is asked about once, believed when told so, and never when it has changed.
func TestHostKeys(t *testing.T) {
	s := drivertest.Simulate(t, sim.Config{Platform: sim.PlatformEXOS})
	a := drivertest.Way(t, s, "ssh")
	a.KnownHosts, a.AcceptNew = filepath.Join(t.TempDir(), "ssh", "known_hosts"), false
	_, err := transport.Dial(t.Context(), a)
	unknown, ok := errors.AsType[*transport.UnknownHostError](err)
	if !ok || !strings.Contains(unknown.Fingerprint, "SHA256:") {
		t.Fatalf("got %v, want an UnknownHostError", err)
	}
	if err := unknown.Accept(); err != nil {
		t.Fatal(err)
	}
	conn, err := transport.Dial(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	if len(conn.Notes) != 0 {
		t.Errorf("notes %q", conn.Notes)
	}
	_ = conn.Close()
	other := drivertest.Simulate(t, sim.Config{Platform: sim.PlatformEXOS})
	line := knownhosts.Line([]string{knownhosts.Normalize(a.Address)}, other.HostKey())
	if err := os.WriteFile(a.KnownHosts, []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.AcceptNew = true // a changed key is not a new one
	if _, err = transport.Dial(t.Context(), a); err == nil {
		t.Fatal("a changed host key was believed")
	}
	if _, ok := errors.AsType[*transport.ChangedHostError](err); !ok {
		t.Errorf("got %v, want a ChangedHostError", err)
	}
}

func TestDialErrors(t *testing.T) {
	t.Setenv("TRANSPORT_TEST_PASSWORD", "a-wrong-one")
	s := drivertest.Simulate(t, sim.Config{Platform: sim.PlatformEXOS})
	good := drivertest.Way(t, s, "ssh")
	tests := []struct {
		name   string
		change func(*drivers.Access)
		want   error
	}{
		{"wrong password", func(a *drivers.Access) { a.Password = "env:TRANSPORT_TEST_PASSWORD" }, drivers.ErrAuth},
		{"nobody there", func(a *drivers.Access) { a.Address = "127.0.0.1:1" }, drivers.ErrUnreachable},
		{"a literal", func(a *drivers.Access) { a.Password = "hunter2-in-clear" }, drivers.ErrLiteral},
		{"a key as itself", func(a *drivers.Access) { a.Key = "hunter2-in-clear" }, drivers.ErrLiteral},
		{"no such transport", func(a *drivers.Access) { a.Transport = "pigeon" }, drivers.ErrUnsupported},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := good
			tt.change(&a)
			_, err := transport.Dial(t.Context(), a)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			for _, secret := range []string{"hunter2", "a-wrong-one", drivertest.SwitchPassword} {
				if err != nil && strings.Contains(err.Error(), secret) {
					t.Errorf("the error holds %q: %v", secret, err)
				}
			}
		})
	}
}
