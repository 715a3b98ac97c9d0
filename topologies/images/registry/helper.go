package registry

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	"github.com/docker/docker-credential-helpers/client"
	"github.com/docker/docker-credential-helpers/credentials"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"golang.org/x/sys/unix"
)

// helperTime is how long a credential helper has to answer: one that asks somebody who is not there, or a store of keys that is locked,
// says nothing for ever.
const helperTime = 15 * time.Second

// HelperError is a credential helper that does not answer.
type HelperError struct {
	Helper string // its program
	Server string // the registry whose credentials it was asked for
	After  time.Duration
}

// Error says what to do.
func (e *HelperError) Error() string {
	return fmt.Sprintf("%s, which docker's configuration names for %s, has not answered within %s: call it yourself (echo %s | %s get) to see what it waits for, or docker login anew",
		e.Helper, e.Server, e.After.Round(time.Millisecond), e.Server, e.Helper)
}

// keychain says who one is at a registry, as docker login left it. It is authn.DefaultKeychain but for helpers: that one waits for them without
// end, and all who ask after it with it.
type keychain struct{ patience time.Duration } // with a helper

var (
	_ authn.Keychain        = keychain{}
	_ authn.ContextKeychain = keychain{}
)

// Resolve implements [authn.Keychain].
func (k keychain) Resolve(of authn.Resource) (authn.Authenticator, error) {
	return k.ResolveContext(context.Background(), of)
}

// ResolveContext implements [authn.ContextKeychain].
func (k keychain) ResolveContext(ctx context.Context, of authn.Resource) (authn.Authenticator, error) {
	file, err := configuration()
	if err != nil || file == nil {
		return authn.Anonymous, err
	}
	for _, key := range []string{of.String(), of.RegistryStr()} {
		if key == name.DefaultRegistry {
			key = authn.DefaultAuthKey
		}
		who, err := k.ask(ctx, file, key)
		if err != nil {
			return nil, err
		}
		if who.ServerAddress = ""; who != (types.AuthConfig{}) {
			return authn.FromConfig(authn.AuthConfig{
				Username: who.Username, Password: who.Password, Auth: who.Auth, IdentityToken: who.IdentityToken, RegistryToken: who.RegistryToken,
			}), nil
		}
	}
	return authn.Anonymous, nil
}

// configuration is docker's, else podman's, as the library that speaks to registries looks for them; nil where there is none.
func configuration() (*configfile.ConfigFile, error) {
	there := func(path ...string) bool {
		info, err := os.Stat(filepath.Join(path...))
		return path[0] != "" && err == nil && !info.IsDir()
	}
	home, _ := os.UserHomeDir() // without one nothing is there
	if there(home, ".docker", "config.json") || there(os.Getenv("DOCKER_CONFIG"), "config.json") {
		return config.Load(os.Getenv("DOCKER_CONFIG"))
	}
	own, _ := os.UserConfigDir()
	for _, path := range [][]string{{os.Getenv("REGISTRY_AUTH_FILE")}, {os.Getenv("XDG_RUNTIME_DIR"), "containers", "auth.json"}, {own, "containers", "auth.json"}} {
		if !there(path...) {
			continue
		}
		f, err := os.Open(filepath.Join(path...))
		if err != nil {
			return nil, err
		}
		defer f.Close() //nolint:errcheck // read only
		return config.LoadFromReader(f)
	}
	return nil, nil //nolint:nilnil // there is none
}

// ask gives what is known of a server, as docker does: what its helper says, which the configuration names, else what
// that says itself.
func (k keychain) ask(ctx context.Context, file *configfile.ConfigFile, server string) (types.AuthConfig, error) {
	helper, ok := file.CredentialHelpers[server]
	if !ok {
		helper = file.CredentialsStore
	}
	if helper != "" {
		if who, err := k.askHelper(ctx, "docker-credential-"+helper, server); err != nil || who != (types.AuthConfig{}) {
			return who, err
		}
	}
	plain := *file
	plain.CredentialHelpers, plain.CredentialsStore = nil, ""
	who, err := plain.GetAuthConfig(server)
	who.ServerAddress = ""
	return who, err
}

// askHelper gives what a helper knows of a server.
func (k keychain) askHelper(ctx context.Context, program, server string) (types.AuthConfig, error) {
	begin := time.Now()
	asking, stop := context.WithTimeout(ctx, k.patience)
	defer stop()
	said, err := client.Get(func(args ...string) client.Program {
		return asked{helperCommand(asking, program, args)}
	}, server)
	switch {
	case credentials.IsErrCredentialsNotFound(err):
		return types.AuthConfig{}, nil
	case err != nil && ctx.Err() != nil: // who asked does not wait any more, for which the helper is not to blame
		return types.AuthConfig{}, fmt.Errorf("ask %s for %s: %w", program, server, context.Cause(ctx))
	case err != nil && asking.Err() != nil:
		return types.AuthConfig{}, &HelperError{Helper: program, Server: server, After: time.Since(begin)}
	case err != nil:
		return types.AuthConfig{}, fmt.Errorf("ask %s for %s: %w", program, server, err)
	case said.Username == "<token>": // the protocol's word for a token
		return types.AuthConfig{IdentityToken: said.Secret}, nil
	default:
		return types.AuthConfig{Username: said.Username, Password: said.Secret}, nil
	}
}

// helperCommand is a call of a helper, which ends with ctx, and all that it has started with it.
func helperCommand(ctx context.Context, program string, args []string) *exec.Cmd {
	c := exec.CommandContext(ctx, program, args...) //nolint:gosec // named by the user's own configuration, as for docker
	c.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return unix.Kill(-c.Process.Pid, unix.SIGKILL) }
	c.WaitDelay = time.Second
	return c
}

// asked is a helper as its protocol's library calls it.
type asked struct{ *exec.Cmd }

// Input implements [client.Program].
func (a asked) Input(in io.Reader) { a.Stdin = in }
