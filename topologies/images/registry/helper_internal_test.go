package registry

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// helped is a configuration of docker's which names a helper for a registry, and that helper, a script.
func helped(t *testing.T, script string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	config := `{"auths": {"plain.example": {"auth": "bGFiOm9haw=="}, "lab.example:5000": {"auth": "bGFiOm9sZA=="}}, "credHelpers": {"lab.example:5000": "ofthelab"}}`
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600),
		os.WriteFile(filepath.Join(dir, "docker-credential-ofthelab"), []byte("#!/bin/sh\n"+script), 0o700)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func who(ctx context.Context, t *testing.T, k keychain, registry string) (*authn.AuthConfig, error) {
	t.Helper()
	of, err := name.NewRegistry(registry)
	if err != nil {
		t.Fatal(err)
	}
	a, err := authn.Resolve(ctx, k, of)
	if err != nil {
		return nil, err
	}
	return authn.Authorization(ctx, a)
}

// TestHelper: what a credential helper says is who one is, also beside what the configuration says; what it does not know
// the configuration says, and what goes wrong is said.
func TestHelper(t *testing.T) {
	for _, tt := range []struct {
		name, script string
		want         *authn.AuthConfig
		failed       string
	}{
		{"a password", `read at; echo "{\"ServerURL\":\"$at\",\"Username\":\"lab\",\"Secret\":\"of $1 $at\"}"`, &authn.AuthConfig{Username: "lab", Password: "of get lab.example:5000"}, ""},
		{"a token", `echo '{"Username":"<token>","Secret":"abc"}'`, &authn.AuthConfig{IdentityToken: "abc"}, ""},
		{"nothing", "echo credentials not found in native keychain; exit 1", &authn.AuthConfig{Username: "lab", Password: "old"}, ""},
		{"a failure", "echo the store is locked; exit 1", nil, "ask docker-credential-ofthelab for lab.example:5000: "},
		{"no answer", "echo", nil, "ask docker-credential-ofthelab for lab.example:5000: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			helped(t, tt.script)
			got, err := who(t.Context(), t, keychain{time.Minute}, "lab.example:5000")
			if d := cmp.Diff(tt.want, got); d != "" || (err == nil) != (tt.failed == "") || err != nil && !strings.Contains(err.Error(), tt.failed) {
				t.Errorf("%v\n%s", err, d)
			}
			if got, err := who(t.Context(), t, keychain{time.Minute}, "plain.example"); err != nil || got.Username != "lab" || got.Password != "oak" {
				t.Errorf("of the configuration itself: %+v, %v", got, err)
			}
		})
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("DOCKER_CONFIG", "")
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("XDG_RUNTIME_DIR", "")
	t.Setenv("REGISTRY_AUTH_FILE", "")
	if got, err := who(t.Context(), t, keychain{time.Minute}, "lab.example:5000"); err != nil || *got != (authn.AuthConfig{}) {
		t.Errorf("without a configuration: %+v, %v", got, err)
	}
}

// TestHelperHangs: a helper that does not answer is given up with all that it has started, by name, and while it is waited for others are
// asked.
func TestHelperHangs(t *testing.T) {
	dir := helped(t, `sleep 1000 & echo $! >"$HOME/started.new"; mv "$HOME/started.new" "$HOME/started"; wait`)
	var pid string
	for patience := 500 * time.Millisecond; pid == ""; patience *= 2 { // a machine that is busy has not begun with it by then
		asking := make(chan error, 1)
		go func() {
			_, err := who(t.Context(), t, keychain{patience}, "lab.example:5000")
			asking <- err
		}()
		if got, err := who(t.Context(), t, keychain{time.Minute}, "plain.example"); err != nil || got.Password != "oak" {
			t.Errorf("beside it: %+v, %v", got, err)
		}
		err := <-asking
		hung, ok := errors.AsType[*HelperError](err)
		if !ok || hung.Helper != "docker-credential-ofthelab" || hung.Server != "lab.example:5000" || hung.After < patience || !strings.Contains(err.Error(), "has not answered within") {
			t.Fatalf("%v", err)
		}
		data, err := os.ReadFile(filepath.Join(dir, "started"))
		if err == nil {
			pid = strings.TrimSpace(string(data))
		} else if !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") { // nobody may have asked how it ended
			return
		}
		<-tick.C
	}
	t.Errorf("what the helper started runs on: %s", pid)
}

// TestHelperLeft: who does not wait for a helper any more does not hear that it hangs.
func TestHelperLeft(t *testing.T) {
	dir := helped(t, `touch "$HOME/started"; exec sleep 1000`)
	why := errors.New("the lab is not wanted any more")
	ctx, leave := context.WithCancelCause(t.Context())
	defer leave(nil)
	asking := make(chan error, 1)
	go func() {
		_, err := who(ctx, t, keychain{time.Hour}, "lab.example:5000")
		asking <- err
	}()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 6000 {
		if _, err := os.Stat(filepath.Join(dir, "started")); err == nil {
			break
		}
		<-tick.C
	}
	leave(why)
	err := <-asking
	if _, blamed := errors.AsType[*HelperError](err); blamed || !errors.Is(err, why) || !strings.Contains(err.Error(), "docker-credential-ofthelab") {
		t.Error(err)
	}
	if err := failed(ctx, "lab.example:5000/x", err); !errors.Is(err, why) {
		t.Error(err)
	}
}
