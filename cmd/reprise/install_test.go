package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// TestInstall installs as a packager does, runs what was installed, and removes it.
func TestInstall(t *testing.T) {
	livetest.Long(t, "builds the program")
	t.Parallel()
	if _, err := exec.LookPath("make"); err != nil {
		livetest.Missing(t, "make", err)
	}
	root := t.TempDir()
	makeTarget := func(args ...string) {
		t.Helper()
		c := exec.Command("make", append([]string{"-C", "../..", "DESTDIR=" + root, "PREFIX=/usr"}, args...)...)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("make %v: %v\n%s", args, err, out)
		}
	}
	foreign := filepath.Join(root, "usr/share/man/man1/reprisal.1")
	if err := os.MkdirAll(filepath.Dir(foreign), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(foreign, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	makeTarget("BIN="+filepath.Join(root, "built"), "VERSION=v7.8.9", "install")
	files := filesBelow(t, filepath.Join(root, "usr"))
	for _, want := range []string{
		"bin/reprise", "share/man/man1/reprise.1", "share/man/man1/reprise-bundle-create.1",
		"share/bash-completion/completions/reprise", "share/zsh/site-functions/_reprise", "share/fish/vendor_completions.d/reprise.fish",
	} {
		if !slices.Contains(files, want) {
			t.Errorf("%s was not installed", want)
		}
	}
	if got := versionOf(t, filepath.Join(root, "usr/bin/reprise")); got.Version != "v7.8.9" {
		t.Errorf("the installed program is %+v, want v7.8.9", got)
	}
	makeTarget("uninstall")
	if left := filesBelow(t, filepath.Join(root, "usr")); !slices.Equal(left, []string{"share/man/man1/reprisal.1"}) {
		t.Errorf("left are %q, want somebody else's page alone", left)
	}
}

// TestGoInstall publishes the module in a folder and installs it from there, as anybody
// would: with what is embedded, without a clone, and with the version in the program.
func TestGoInstall(t *testing.T) {
	livetest.Long(t, "compiles the program as a module of somebody else's")
	t.Parallel()
	const path = "github.com/reprise-lab/reprise"
	version := fmt.Sprintf("v1.999.%d-test", time.Now().Unix()) // of its own: the cache is everybody's
	proxy := t.TempDir()
	publish(t, filepath.Join(proxy, path, "@v"), module.Version{Path: path, Version: version})
	var env struct{ GOPROXY, GOMODCACHE string }
	out, err := exec.Command("go", "env", "-json", "GOPROXY", "GOMODCACHE").Output()
	if err == nil {
		err = json.Unmarshal(out, &env)
	}
	if err != nil {
		livetest.Missing(t, "a go command", err)
	}
	t.Cleanup(func() { uncache(t, env.GOMODCACHE, path, version) })
	bin := t.TempDir()
	install := exec.Command("go", "install", path+"/cmd/reprise@latest")
	install.Dir = bin // in no module
	// All else is in the cache, held against go.sum when it came there. Not optimised, it
	// compiles in half of the time.
	install.Env = append(os.Environ(), "GOBIN="+bin, "GOPROXY=file://"+proxy+","+env.GOPROXY, "GOSUMDB=off", "GONOPROXY=none",
		"GOFLAGS=-mod=mod -modcacherw -trimpath -ldflags=-w '-gcflags="+path+"/...=-N -l'", "GOWORK=off", "CGO_ENABLED=0")
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("go install: %v\n%s", err, out)
	}
	program := filepath.Join(bin, "reprise")
	if got := versionOf(t, program); got.Version != version {
		t.Errorf("the installed program is %+v, want version %s", got, version)
	}
	run := exec.Command(program, "scenario", "validate", "exos-lag-member-down")
	run.Dir = bin
	if out, err := run.CombinedOutput(); err != nil {
		t.Errorf("it does not find its scenarios: %v\n%s", err, out)
	}
}

// uncache takes a version of a module out of the cache, which is everybody's.
func uncache(t *testing.T, cache, path, version string) {
	t.Helper()
	versions := filepath.Join(cache, "cache/download", path, "@v")
	rest, err := filepath.Glob(filepath.Join(versions, version+".*"))
	if err != nil {
		t.Error(err)
	}
	for _, file := range append(rest, filepath.Join(versions, "list"), filepath.Join(cache, path+"@"+version)) {
		if err := os.RemoveAll(file); err != nil {
			t.Error(err)
		}
	}
}

// publish writes a version of this module, of what git knows of the work tree, as a module
// proxy serves it.
func publish(t *testing.T, dir string, m module.Version) {
	t.Helper()
	list := exec.Command("git", "ls-files", "-z")
	list.Dir = "../.."
	out, err := list.Output()
	if err != nil {
		livetest.Missing(t, "a clone and git", err)
	}
	var files []modzip.File
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if _, err := os.Lstat(filepath.Join("../..", name)); !errors.Is(err, fs.ErrNotExist) {
			files = append(files, tracked(name))
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	archive, err := os.Create(filepath.Join(dir, m.Version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(modzip.Create(archive, m, files), archive.Close()); err != nil {
		t.Fatal(err)
	}
	goMod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{m.Version + ".mod": string(goMod), m.Version + ".info": `{"Version":"` + m.Version + `"}`, "list": m.Version + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// tracked is a file of the repository, by its path there.
type tracked string

func (f tracked) Path() string                 { return string(f) }
func (f tracked) Lstat() (fs.FileInfo, error)  { return os.Lstat(filepath.Join("../..", string(f))) }
func (f tracked) Open() (io.ReadCloser, error) { return os.Open(filepath.Join("../..", string(f))) }

// versionOf asks a program.
func versionOf(t *testing.T, program string) evidence.Tool {
	t.Helper()
	out, err := exec.Command(program, "version", "--json").Output()
	var got cli.Built
	if err == nil {
		err = json.Unmarshal(out, &got)
	}
	if err != nil {
		t.Fatalf("%s version: %v\n%s", program, err, out)
	}
	return got.Tool
}

// filesBelow lists the files in a folder.
func filesBelow(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}
