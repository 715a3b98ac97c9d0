package registry_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-containerregistry/pkg/name"
	oci "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/reprise-lab/reprise/topologies/images/registry"
	"github.com/reprise-lab/reprise/topologies/images/store"
)

// pipes is a network of pipes whose every address is one server, so that it is the same with a clock of the test's own.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if c, ok := <-p; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (p pipes) Close() error { return nil }

func (p pipes) Addr() net.Addr { return &net.IPAddr{} }

// everywhere has a server without TLS be at every address, and knows a password for it at host.
func everywhere(t *testing.T, host string, h http.Handler) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("XDG_CONFIG_HOME", dir)
	config, err := json.Marshal(map[string]any{"auths": map[string]any{host: map[string]string{"auth": base64.StdEncoding.EncodeToString([]byte(user + ":" + password))}}})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "config.json"), config, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	network := make(pipes)
	server := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	go server.Serve(network) //nolint:errcheck // ends with the network
	ordinary, ok := remote.DefaultTransport.(*http.Transport)
	if !ok {
		t.Fatalf("%T", remote.DefaultTransport)
	}
	through := ordinary.Clone()
	through.Proxy = nil
	through.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		here, there := net.Pipe()
		select {
		case network <- there:
			return here, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	remote.DefaultTransport = through
	t.Cleanup(func() {
		remote.DefaultTransport = ordinary
		through.CloseIdleConnections()
		close(network)
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestTLS: what is not on the loopback is not asked without TLS, and gets no password so.
func TestTLS(t *testing.T) {
	for host, plain := range map[string]bool{
		"127.0.0.1:5000": true, "localhost:5000": true,
		"10.1.2.3:5000": false, "172.16.0.9": false, "192.168.7.7:5000": false, "lab.localhost:5000": false, "lab.local:5000": false, "lab.example:5000": false,
	} {
		t.Run(host, func(t *testing.T) {
			var asked, told atomic.Int32
			everywhere(t, host, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				if _, p, _ := r.BasicAuth(); p == password {
					told.Add(1)
				}
				w.Header().Set("WWW-Authenticate", `Basic realm="shop"`)
				w.WriteHeader(http.StatusUnauthorized)
			}))
			_, err := registry.Look(t.Context(), host+"/frr:10.3")
			if err == nil || (asked.Load() > 0) != plain || (told.Load() > 0) != plain {
				t.Errorf("asked %d times, told the password %d times: %v", asked.Load(), told.Load(), err)
			}
			if strings.HasPrefix(host, "1") && !plain && !strings.Contains(err.Error(), "with TLS alone") {
				t.Error(err)
			}
		})
	}
}

// TestSilent: a registry that says nothing, or nothing more, is not waited for without end.
func TestSilent(t *testing.T) {
	const host = "127.0.0.1:5000"
	for _, tt := range []struct{ name, silentAt string }{{"from the first", "/v2/"}, {"at a manifest", "/manifests/"}, {"amid a configuration", "/blobs/"}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				inner := oci.New(oci.Logger(log.New(io.Discard, "", 0)))
				var silent atomic.Bool
				everywhere(t, host, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !silent.Load() || !strings.Contains(r.URL.Path, tt.silentAt) {
						inner.ServeHTTP(w, r)
						return
					}
					if tt.silentAt == "/blobs/" {
						_, err := io.WriteString(w, `{"architecture":`)
						if err = errors.Join(err, http.NewResponseController(w).Flush()); err != nil {
							t.Error(err)
						}
					}
					<-r.Context().Done()
				}))
				f := pushed(t, host+"/frr:10.3")
				silent.Store(true)
				if _, err := registry.Look(t.Context(), host+"/frr:10.3"); err == nil || !strings.Contains(err.Error(), "did not say within 30s") {
					t.Errorf("look: %v", err)
				}
				kept, err := store.Open(filepath.Join(t.TempDir(), "images"))
				if err != nil {
					t.Fatal(err)
				}
				if err := registry.Fetch(t.Context(), kept, f); err == nil || !strings.Contains(err.Error(), host+" has sent nothing for 1m0s") {
					t.Errorf("fetch: %v", err)
				}
			})
		})
	}
}

// pushed is an image that is put where ref says.
func pushed(t *testing.T, ref string) registry.Found {
	t.Helper()
	var (
		manifest, configuration v1.Hash
		to                      name.Reference
	)
	image, err := random.Image(1<<10, 1)
	if err == nil {
		to, err = name.ParseReference(ref)
	}
	if err == nil {
		err = remote.Write(to, image, remote.WithContext(t.Context()))
	}
	if err == nil {
		manifest, err = image.Digest()
	}
	if err == nil {
		configuration, err = image.ConfigName()
	}
	if err != nil {
		t.Fatal(err)
	}
	return registry.Found{From: to.Context().Name() + "@" + manifest.String(), Digest: configuration.String()}
}
