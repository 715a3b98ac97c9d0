package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	oci "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies/images/store"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// onlyThere puts an image into a registry that no store has: a shell out of one of this machine's. It gives the name of its manifest
// there, and its digest in stores.
func onlyThere(t *testing.T, registry, of string) (pinned, digest string) {
	t.Helper()
	kept, err := store.Open("")
	if err != nil {
		t.Fatal(err)
	}
	whole, err := kept.Resolve(of)
	if err != nil {
		livetest.Missing(t, "the image "+of, err)
	}
	shell, err := elf.Open(filepath.Join(whole.Tree, "usr/bin/dash"))
	if err != nil {
		t.Fatal(err)
	}
	interpreter, err := shell.Section(".interp").Data()
	libc, _ := filepath.Glob(filepath.Join(whole.Tree, "usr/lib/*/libc.so.6"))
	if err = errors.Join(err, shell.Close()); err != nil || len(libc) != 1 {
		t.Fatal(err, libc)
	}
	loader := string(bytes.Trim(interpreter, "\x00/"))
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	for _, dir := range []string{"bin", "dev", "etc", "lib", "proc", "sys", "tmp", "run", filepath.Dir(loader)} {
		if err := w.WriteHeader(&tar.Header{Name: dir + "/", Typeflag: tar.TypeDir, Mode: 0o755}); err != nil {
			t.Fatal(err)
		}
	}
	for to, from := range map[string]string{"bin/sh": filepath.Join(whole.Tree, "usr/bin/dash"), "lib/libc.so.6": libc[0], loader: filepath.Join(whole.Tree, "usr", loader)} {
		data, err := os.ReadFile(from)
		if err == nil {
			err = w.WriteHeader(&tar.Header{Name: to, Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(data))})
		}
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(empty.Image, static.NewLayer(layer.Bytes(), types.DockerUncompressedLayer))
	if err == nil {
		image, err = mutate.Config(image, v1.Config{Env: []string{"PATH=/bin", "OF=" + registry}})
	}
	var to name.Reference
	if err == nil {
		to, err = name.ParseReference(registry + "/of/the/lab:1")
	}
	if err == nil {
		err = remote.Write(to, image, remote.WithContext(t.Context()))
	}
	if err != nil {
		t.Fatal(err)
	}
	at, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	is, err := image.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	return to.Context().Name() + "@" + at.String(), is.String()
}

// TestFleetRegistry: an image that a scenario names by registry and digest, and that no machine has, is fetched by the worker that was
// told of the registry; another says what it lacks, and nothing is begun on it. Who gives trials has to name the registry too.
func TestFleetRegistry(t *testing.T) {
	t.Parallel()
	livetest.Long(t, "a worker that fetches an image")
	needSpaces(t)
	s := httptest.NewServer(oci.New(oci.Logger(log.New(io.Discard, "", 0))))
	defer s.Close()
	host := strings.TrimPrefix(s.URL, "http://")
	pinned, digest := onlyThere(t, host, "reprise/debian:bookworm")
	dir, ctx := t.TempDir(), t.Context()
	scenario := filepath.Join(dir, "short.yaml")
	if err := os.WriteFile(scenario, []byte(`reprise: v1
id: short
title: An image of a registry
topology: {nodes: {r1: {image: "`+pinned+`"}}}
baseline: [{name: it is the one of the registry, node: r1, exec: sh -c 'echo $OF', expect: 'text startsWith "`+host+`"', eventually: 5s}]
stimulus: [{node: r1, exec: sh -c '>/tmp/there'}]
symptom: [{name: it is there, node: r1, exec: sh -c 'echo /tmp/*', expect: 'text contains "there"', eventually: 5s}]
`), 0o600); err != nil {
		t.Fatal(err)
	}
	server := &member{name: "server", dir: dir, args: []string{"fleet", "serve", "--listen", "127.0.0.1:0", "--advertise", "127.0.0.1", "--renewal", "500ms", "--json"}}
	server.start(ctx, t)
	defer server.kill()
	join, at, _ := server.urls(ctx, t)
	bare := &member{name: "bare", dir: dir, args: []string{"worker", "--join", join, "--name", "bare"}, env: []string{"XDG_CACHE_HOME=" + filepath.Join(dir, "bare")}}
	bare.start(ctx, t)
	defer bare.kill()
	roster(t, at, dir, "bare")
	run := func(name, registries string) *member {
		t.Helper()
		m := &member{name: name, dir: dir, args: []string{"run", scenario, "-n", "1", "--json", "--fleet", at, "--dir", filepath.Join(dir, name+"-runs")}, env: []string{"REPRISE_REGISTRY=" + registries}}
		m.start(ctx, t)
		<-m.over
		return m
	}
	if m := run("unasked", "lab.example:5000"); m.cmd.ProcessState.ExitCode() != 5 || !strings.Contains(string(m.told()), "REPRISE_REGISTRY=lab.example:5000,"+host) {
		t.Errorf("%s: %s", m.cmd.ProcessState, m.told())
	}
	if m := run("refused", host); m.cmd.ProcessState.ExitCode() != 5 || !strings.Contains(string(m.told()), "start it with reprise worker --registry "+host) {
		t.Errorf("%s: %s", m.cmd.ProcessState, m.told())
	}
	fetches := &member{name: "fetches", dir: dir, args: []string{"worker", "--join", join, "--name", "fetches", "--registry", host}, env: []string{"XDG_CACHE_HOME=" + filepath.Join(dir, "fetches")}}
	fetches.start(ctx, t)
	defer fetches.kill()
	roster(t, at, dir, "bare", "fetches")
	m := run("fetched", host)
	entries, _ := filepath.Glob(filepath.Join(dir, "fetched-runs", "*", "ledger.ndjson"))
	if m.cmd.ProcessState.ExitCode() != 0 || len(entries) != 1 {
		t.Fatalf("%s, %v: %s\n%s", m.cmd.ProcessState, entries, m.told(), fetches.told())
	}
	run1 := evidence.Dir{Path: filepath.Dir(entries[0])}
	ledger, err := run1.Ledger()
	_, info, ierr := evidence.OpenDir(run1.Path)
	if err != nil || ierr != nil || len(ledger) != 1 || ledger[0].Host != "fetches" || info.Nodes[0].Digest != digest {
		t.Errorf("%+v, %+v, %v, %v", ledger, info.Nodes, err, ierr)
	}
	if !strings.Contains(string(fetches.told()), "fetching the image "+pinned) || strings.Contains(string(m.told()), "sending it") {
		t.Errorf("the worker said: %s\n%s", fetches.told(), m.told())
	}
}
