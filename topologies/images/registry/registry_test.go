package registry_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	oci "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/images/registry"
	"github.com/reprise-lab/reprise/topologies/images/store"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/userns"
)

// The test binary also plays the program in the namespace.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == store.Verb {
		os.Exit(store.Serve(os.Args[2:]))
	}
	os.Exit(m.Run())
}

const (
	user     = "lab"
	password = "w4lnut-and-oak"
)

// shop is a registry over TLS that asks who reads it, and notes who was let in.
type shop struct {
	*httptest.Server
	host string

	mu    sync.Mutex
	spoil func(path string, body []byte) []byte // what is answered instead
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{}
	inner := oci.New(oci.Logger(log.New(io.Discard, "", 0)))
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, ok := r.BasicAuth(); !ok || u != user || p != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="shop"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED"}]}`, http.StatusUnauthorized)
			return
		}
		s.mu.Lock()
		spoil := s.spoil
		s.mu.Unlock()
		if spoil == nil || r.Method != http.MethodGet {
			inner.ServeHTTP(w, r)
			return
		}
		rec := httptest.NewRecorder()
		inner.ServeHTTP(rec, r)
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		_, _ = w.Write(spoil(r.URL.Path, rec.Body.Bytes())) // who reads it is told
	}))
	t.Cleanup(s.Close)
	at, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.host = at.Host
	return s
}

// docker is a configuration of docker's: who one is at a registry, and which authority it has.
func docker(t *testing.T, s *shop, pass string, trust bool) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("XDG_CONFIG_HOME", dir)
	config, err := json.Marshal(map[string]any{"auths": map[string]any{s.host: map[string]string{"auth": base64.StdEncoding.EncodeToString([]byte(user + ":" + pass))}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o600); err != nil {
		t.Fatal(err)
	}
	if !trust {
		return
	}
	certs := filepath.Join(dir, "docker", "certs.d", s.host)
	if err := os.MkdirAll(certs, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(certs, "ca.crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// push puts an image of a few random files into the registry.
func (s *shop) push(t *testing.T, ref string) v1.Image {
	t.Helper()
	image, err := random.Image(1<<10, 2)
	if err == nil {
		image, err = mutate.Config(image, v1.Config{Env: []string{"OF=" + ref}, Cmd: []string{"/bin/sh"}})
	}
	var to name.Reference
	if err == nil {
		to, err = name.ParseReference(s.host + "/" + ref)
	}
	if err == nil {
		through := s.Client().Transport
		err = remote.Write(to, image, remote.WithContext(t.Context()), remote.WithTransport(through), remote.WithAuth(&authn.Basic{Username: user, Password: password}))
	}
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// TestFetch: an image of a registry is found by its name, and fetched by the digest of its manifest, which leads to the very image
// that its name meant; what came to be another on the way is not taken in.
func TestFetch(t *testing.T) {
	if _, err := userns.Find(); err != nil {
		livetest.Missing(t, "user namespaces to unpack in", err)
	}
	s := newShop(t)
	docker(t, s, password, true)
	image := s.push(t, "net/frr:10.3")
	configuration, err := image.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	f, err := registry.Look(t.Context(), registry.In(s.host+"/net/", "frr:10.3"))
	if err != nil || f.Digest != configuration.String() || !strings.HasPrefix(f.From, s.host+"/net/frr@sha256:") {
		t.Fatalf("%+v, %v", f, err)
	}
	kept, err := store.Open(filepath.Join(t.TempDir(), "images"))
	if err != nil {
		t.Fatal(err)
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	blob, err := layers[1].Digest()
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(path string, body []byte) []byte{
		"another layer": func(path string, body []byte) []byte {
			if strings.HasSuffix(path, blob.String()) {
				return bytes.Replace(body, body[len(body)/2:], make([]byte, len(body)-len(body)/2), 1)
			}
			return body
		},
		"another configuration": func(path string, body []byte) []byte {
			if strings.HasSuffix(path, configuration.String()) {
				return bytes.Replace(body, []byte("/bin/sh"), []byte("/bin/su"), 1)
			}
			return body
		},
		"another manifest": func(path string, body []byte) []byte {
			if strings.Contains(path, "/manifests/") {
				return bytes.Replace(body, []byte(blob.Hex[:8]), []byte("01234567"), 1)
			}
			return body
		},
	} {
		s.mu.Lock()
		s.spoil = spoil
		s.mu.Unlock()
		if err := registry.Fetch(t.Context(), kept, f); err == nil {
			t.Errorf("%s is taken in", name)
		}
	}
	s.mu.Lock()
	s.spoil = nil
	s.mu.Unlock()
	if err := registry.Fetch(t.Context(), kept, registry.Found{From: f.From, Digest: "sha256:" + strings.Repeat("0", 64)}); err == nil || !strings.Contains(err.Error(), "is wanted") {
		t.Errorf("of another digest: %v", err)
	}
	if list, err := kept.List(); err != nil || len(list) > 0 {
		t.Errorf("%v is there, %v", list, err)
	}
	s.push(t, "net/frr:10.3") // the name means another one now
	if err := registry.Fetch(t.Context(), kept, f); err != nil {
		t.Fatal(err)
	}
	has, err := kept.Resolve(f.Digest)
	if err != nil || len(has.Refs) > 0 || len(has.Env) != 1 || has.Env[0] != "OF=net/frr:10.3" {
		t.Errorf("%+v, %v", has, err)
	}
	if now, err := registry.Look(t.Context(), s.host+"/net/frr:10.3"); err != nil || now.Digest == f.Digest {
		t.Errorf("the name means %+v, %v", now, err)
	}
}

// TestFetchLetsOthersIn: while a registry sends a layer, others change the store.
func TestFetchLetsOthersIn(t *testing.T) {
	if _, err := userns.Find(); err != nil {
		livetest.Missing(t, "user namespaces to unpack in", err)
	}
	s := newShop(t)
	docker(t, s, password, true)
	image := s.push(t, "net/frr:10.3")
	f, err := registry.Look(t.Context(), s.host+"/net/frr:10.3")
	if err != nil {
		t.Fatal(err)
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	blob, err := layers[1].Digest()
	if err != nil {
		t.Fatal(err)
	}
	sending, send := make(chan struct{}), make(chan struct{})
	var once, sent sync.Once
	var asked atomic.Int32
	release := func() { sent.Do(func() { close(send) }) }
	defer release()
	s.mu.Lock()
	s.spoil = func(path string, body []byte) []byte {
		if strings.HasSuffix(path, blob.String()) {
			asked.Add(1)
			once.Do(func() { close(sending) })
			<-send
		}
		return body
	}
	s.mu.Unlock()
	kept, err := store.Open(filepath.Join(t.TempDir(), "images"))
	if err != nil {
		t.Fatal(err)
	}
	fetched := make(chan error, 2)
	go func() { fetched <- registry.Fetch(t.Context(), kept, f) }()
	select {
	case <-sending:
	case err := <-fetched:
		t.Fatalf("it is fetched without its layers: %v", err)
	}
	removed := make(chan error, 1)
	go func() { removed <- kept.Remove(t.Context(), []string{"nothing"}) }()
	select {
	case err := <-removed:
		if _, missing := errors.AsType[*topologies.MissingError](err); !missing {
			t.Errorf("remove: %v", err)
		}
	case <-time.After(30 * time.Second): // of a minute that the registry may be silent
		t.Error("nobody can change the store while a layer is under way")
	}
	go func() { fetched <- registry.Fetch(t.Context(), kept, f) }() // of another trial: it finds the first one's
	release()
	for range 2 {
		if err := <-fetched; err != nil {
			t.Error(err)
		}
	}
	if has, err := kept.Resolve(f.Digest); err != nil || len(has.Env) != 1 || asked.Load() != 1 {
		t.Errorf("%+v, %v; the layer was asked for %d times", has, err, asked.Load())
	}
}

// TestRefused: who may not read, what is not there, an authority that nobody vouches for: each says so, and no word holds a password.
func TestRefused(t *testing.T) {
	s := newShop(t)
	for _, tt := range []struct {
		name, pass, ref string
		trust, cancel   bool
		want            string
	}{
		{name: "another password", pass: "n0t-this-one", trust: true, ref: "frr:10.3", want: "permission to read"},
		{name: "no such image", pass: password, trust: true, ref: "frr:9", want: "the registry has none"},
		{name: "no authority", pass: password, ref: "frr:10.3", want: "certificate"},
		{name: "no reference", pass: password, trust: true, ref: "FRR", want: "read the reference"},
		{name: "cancelled", pass: password, trust: true, cancel: true, ref: "frr:10.3", want: "context canceled"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			docker(t, s, tt.pass, tt.trust)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if tt.cancel {
				cancel()
			}
			_, err := registry.Look(ctx, registry.In(s.host, tt.ref))
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), tt.pass) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if _, missing := errors.AsType[*topologies.MissingError](err); missing != (tt.want == "permission to read" || tt.want == "the registry has none") {
				t.Errorf("%T", err)
			}
		})
	}
}

// TestNames: an image's name says a registry and a digest, or it is not asked for there.
func TestNames(t *testing.T) {
	t.Parallel()
	digest := "@sha256:" + strings.Repeat("a", 64)
	for ref, want := range map[string]bool{
		"lab.example:5000/net/frr" + digest: true, "localhost/frr" + digest: true, "quay.io/frrouting/frr" + digest: true, "lab.example/frr:10.3" + digest: true,
		"frrouting/frr" + digest: false, "frr" + digest: false, "lab.example:5000/frr:10.3": false, "": false, "lab.example/frr@md5:1": false,
	} {
		if registry.Names(ref) != want {
			t.Errorf("%s: %v", ref, !want)
		}
	}
}
