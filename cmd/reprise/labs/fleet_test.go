package labs_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/labs"
)

// TestFindImage: a registry is asked where the user names it, and not because a scenario does.
func TestFindImage(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	var asked atomic.Pointer[string]
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(&r.URL.Path)
		if r.URL.Path != "/v2/" {
			http.NotFound(w, r)
		}
	}))
	defer s.Close()
	host := strings.TrimPrefix(s.URL, "http://")
	pinned := host + "/net/frr@sha256:" + strings.Repeat("a", 64)
	for _, tt := range []struct {
		name, ref  string
		registries []string
		path, want string // where it is asked, and what is said
	}{
		{name: "of a scenario alone", ref: pinned, want: "REPRISE_REGISTRY=" + host},
		{name: "not the one that is named", ref: pinned, registries: []string{"lab.example:5000/net"}, want: "REPRISE_REGISTRY=lab.example:5000/net," + host},
		{name: "only its beginning is named", ref: pinned, registries: []string{host[:len(host)-1]}, want: "REPRISE_REGISTRY="},
		{name: "named", ref: pinned, registries: []string{"lab.example:5000", host}, path: "/net/manifests/", want: "the registry has none"},
		{name: "named with a prefix", ref: pinned, registries: []string{host + "/own"}, path: "/net/manifests/", want: "the registry has none"},
		{name: "as it is called here", ref: "frr:10.3", registries: []string{host + "/own", "lab.example:5000"}, path: "/own/frr/manifests/10.3", want: "the registry has none"},
		{name: "no registry", ref: "frr:10.3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked.Store(nil)
			from, digest, err := labs.Here{}.FindImage(t.Context(), tt.registries, tt.ref)
			if from != "" || digest != "" || (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%q, %q, %v, want %q", from, digest, err, tt.want)
			}
			path := ""
			if at := asked.Load(); at != nil {
				path = *at
			}
			if (path == "") != (tt.path == "") || !strings.Contains(strings.Replace(path, "/frr/manifests/sha256", "/manifests/", 1), tt.path) {
				t.Errorf("asked at %q, want %q", path, tt.path)
			}
		})
	}
}
