package cli

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies/origin"
)

// What came out of a bundle is built of namespaces, whatever engine is there; the engine takes
// to be trusted, where it is chosen as where it is the default.
func TestForeignNodes(t *testing.T) {
	dir := t.TempDir()
	if err := origin.Write(dir, "0123456789abcdef"); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "lab.clab.yml")
	if err := os.WriteFile(file, []byte("name: theirs\ntopology:\n  nodes:\n    r1: {kind: linux, image: \"no/such-image:1\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, flag, env string
		trust           []string
		want            string // of the provider; empty: it is refused
		refusable       bool   // where labs of namespaces cannot be built
	}{
		{"chosen by the flag", ProviderContainers, "", nil, "", false},
		{"chosen by the environment", "", ProviderContainers, nil, "", false},
		{"trusted", ProviderContainers, "", []string{"engine"}, "containers", false},
		{"trusted with something else", ProviderContainers, "", []string{"binds"}, "", false},
		{"namespaces", ProviderNamespaces, "", nil, "namespaces", false},
		{"the default", "", "", nil, "namespaces", true},
	} {
		t.Setenv(EnvProvider, tt.env)
		l, err := scenarios.LoadTopology(file, scenarios.Options{Trust: tt.trust})
		if err != nil {
			t.Fatal(err)
		}
		p, err := OpenNodes(t.Context(), l, tt.flag, l.Topology)
		if _, refused := errors.AsType[*scenarios.ForeignError](err); refused {
			if tt.want != "" && !tt.refusable || ExitCode(err) != ExitRefused {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if p.Name() != tt.want {
			t.Errorf("%s: a lab of %s, want %q", tt.name, p.Name(), tt.want)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}
