// Package registry finds images in registries, and fetches them, by OCI's distribution protocol
// (https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md), without an engine.
//
// A registry names an image by the digest of its manifest, where stores and records have that of its configuration: [Look] leads
// from one to the other. What is fetched is compared with the digests on its way, manifest, configuration and layers.
//
// Who may read is what docker login says: credentials and their helpers are those of docker's configuration file
// ($DOCKER_CONFIG/config.json, else ~/.docker/config.json), and certificates of authorities those that an engine takes
// (/etc/docker/certs.d/HOST:PORT/*.crt, or ~/.config/docker/certs.d). A registry on the loopback is spoken to without TLS if it has none,
// and no other is, whatever its address or name. Credentials go to the registry that they are for, and nowhere else.
//
// A registry has half a minute to say what it has, and may be silent for a minute while it sends. A helper has a quarter of a minute.
package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/images/store"
)

const (
	lookTime = 30 * time.Second // for all that Look asks
	silence  = time.Minute      // without a byte of what a registry was asked for
)

// Found is an image of a registry.
type Found struct {
	From   string // HOST/REPOSITORY@sha256:…, of its manifest for this machine's architecture
	Digest string // of its configuration: that of the image in stores and records
}

// Names reports whether a reference of an image says the registry that it is in, and the digest of what is meant there.
func Names(ref string) bool {
	host, _, ok := strings.Cut(ref, "/")
	_, digest, pinned := strings.Cut(ref, "@")
	return ok && pinned && strings.HasPrefix(digest, "sha256:") && (host == "localhost" || strings.ContainsAny(host, ".:"))
}

// In is the reference of an image in a registry, HOST[:PORT] or HOST[:PORT]/PREFIX, which has images under the names that they have
// here.
func In(registry, ref string) string {
	return strings.TrimSuffix(registry, "/") + "/" + ref
}

// Look asks a registry for an image by a name with a tag or a digest. One that is not there, or that this user may not read, is a
// [*topologies.MissingError].
func Look(ctx context.Context, ref string) (Found, error) {
	ctx, stop := context.WithTimeoutCause(ctx, lookTime, fmt.Errorf("it did not say within %s what it has", lookTime))
	defer stop()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	at, image, err := open(ctx, end, ref)
	if err != nil {
		return Found{}, err
	}
	configuration, err := image.ConfigName()
	if err != nil {
		return Found{}, failed(ctx, ref, err)
	}
	manifest, err := image.Digest()
	if err != nil {
		return Found{}, failed(ctx, ref, err)
	}
	return Found{From: at.Context().Name() + "@" + manifest.String(), Digest: configuration.String()}, nil
}

// Fetch takes an image into a store, without a name, as [store.Store.Adopt] does: of what [Found] says, and nothing else. It is found
// by its digest. Others use the store meanwhile.
func Fetch(ctx context.Context, kept *store.Store, f Found) error {
	if !Names(f.From) {
		return fmt.Errorf("fetch an image: %q names no registry and no digest", f.From)
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	_, image, err := open(ctx, end, f.From)
	if err != nil {
		return err
	}
	configuration, err := image.RawConfigFile()
	if err != nil {
		return failed(ctx, f.From, err)
	}
	if is, err := image.ConfigName(); err != nil || is.String() != f.Digest {
		return errors.Join(err, fmt.Errorf("fetch image %s: it is %s there, and %s is wanted", f.From, is, f.Digest))
	}
	list, err := image.Layers()
	if err != nil {
		return failed(ctx, f.From, err)
	}
	var layers []store.Layer
	for _, l := range list {
		layers = append(layers, l.Uncompressed)
	}
	if _, err := kept.Take(ctx, configuration, layers); err != nil {
		return failed(ctx, f.From, err)
	}
	return nil
}

// open asks for a manifest; of an index, for that of this machine's architecture. A registry that is silent has all that ctx is for end.
func open(ctx context.Context, end context.CancelCauseFunc, ref string) (name.Reference, v1.Image, error) {
	at, err := name.ParseReference(ref)
	if err != nil {
		return nil, nil, fmt.Errorf("read the reference of an image: %w", err)
	}
	through, err := through(at.Context().RegistryStr())
	if err != nil {
		return nil, nil, err
	}
	image, err := remote.Image(at, remote.WithContext(ctx), remote.WithAuthFromKeychain(keychain{helperTime}), remote.WithTransport(&guard{through: through, end: end}),
		remote.WithPlatform(v1.Platform{OS: "linux", Architecture: runtime.GOARCH}))
	if err != nil {
		return nil, nil, failed(ctx, ref, err)
	}
	return at, image, nil
}

// failed says what became of a request: where ctx has ended, why.
func failed(ctx context.Context, ref string, err error) error {
	if _, helper := errors.AsType[*HelperError](err); !helper && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	err = fmt.Errorf("fetch image %s from its registry: %w", ref, err)
	var said *transport.Error
	if !errors.As(err, &said) {
		return err
	}
	switch said.StatusCode {
	case http.StatusNotFound:
		return &topologies.MissingError{What: "image", Name: ref, Hint: "the registry has none of that name or digest"}
	case http.StatusUnauthorized, http.StatusForbidden:
		return &topologies.MissingError{What: "permission", Name: "to read " + ref, Hint: "docker login says who you are to its registry; a worker needs that on its own machine"}
	default:
		return err
	}
}

// through is a transport that believes the authorities which are named for a registry, beside those of the machine.
func through(registry string) (http.RoundTripper, error) {
	ordinary, ok := remote.DefaultTransport.(*http.Transport)
	if !ok {
		return remote.DefaultTransport, nil
	}
	folders := []string{"/etc/docker/certs.d"}
	if config, err := os.UserConfigDir(); err == nil {
		folders = append(folders, filepath.Join(config, "docker", "certs.d"))
	}
	var pool *x509.CertPool
	for _, folder := range folders {
		files, _ := filepath.Glob(filepath.Join(folder, registry, "*.crt")) // a pattern that is none finds nothing
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("read the authority of registry %s: %w", registry, err)
			}
			if pool == nil {
				if pool, err = x509.SystemCertPool(); err != nil {
					return nil, fmt.Errorf("read the authorities of this machine: %w", err)
				}
			}
			if !pool.AppendCertsFromPEM(data) {
				return nil, fmt.Errorf("read the authority of registry %s: %s has no certificate", registry, file)
			}
		}
	}
	if pool == nil {
		return ordinary, nil
	}
	own := ordinary.Clone()
	own.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return own, nil
}
