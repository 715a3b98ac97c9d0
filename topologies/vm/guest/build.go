package guest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// Build makes the guest of a suite, unless it is there by the same recipe. mirror is the
// package mirror; empty means the distribution's own. log receives one line at a time and
// may be nil. Only one process builds a suite at a time; a build that fails or is cancelled
// leaves nothing behind.
func (s *Store) Build(ctx context.Context, suite, mirror string, log func(string)) error {
	if log == nil {
		log = func(string) {}
	}
	if !slices.Contains(Suites(), suite) {
		return fmt.Errorf("unknown suite %q: known are %s", suite, strings.Join(Suites(), ", "))
	}
	if err := buildable(suite); err != nil {
		return err
	}
	parent := filepath.Join(s.dir, suite)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return fmt.Errorf("make a folder for guests: %w", err)
	}
	unlock, err := lock(ctx, filepath.Join(parent, ".lock"), func() { log(suite + ": waiting for another build") })
	if err != nil {
		return err
	}
	defer unlock()
	if g, err := s.Find(Ref(suite)); err == nil && g.Current {
		log(suite + ": up to date")
		return nil
	}
	start := time.Now()
	if err := s.build(ctx, parent, suite, mirror, log); err != nil {
		return fmt.Errorf("build guest %s: %w", Ref(suite), err)
	}
	log(fmt.Sprintf("%s: built in %.0f s", suite, time.Since(start).Seconds()))
	return nil
}

// buildable says what is missing on this machine to build a guest.
func buildable(suite string) error {
	for tool, pkg := range map[string]string{"mmdebstrap": "mmdebstrap", "mke2fs": "e2fsprogs", "qemu-img": "qemu-utils"} {
		if _, err := exec.LookPath(tool); err != nil {
			return &topologies.MissingError{What: "tool", Name: tool, Hint: "run as root: apt-get install " + pkg}
		}
	}
	if os.Geteuid() != 0 {
		return &topologies.MissingError{What: "privilege", Name: "root", Hint: "a guest's files belong to its root: run: sudo reprise images build --guest " + suite}
	}
	return nil
}

// build makes the guest in a folder beside its place and moves it there; older ones go last.
func (s *Store) build(ctx context.Context, parent, suite, mirror string, log func(string)) (err error) {
	left, err := filepath.Glob(filepath.Join(parent, ".new-*"))
	if err != nil {
		return fmt.Errorf("look for unfinished builds: %w", err)
	}
	for _, dir := range left { // of builders that were killed: the lock is ours
		err = errors.Join(err, os.RemoveAll(dir))
	}
	if err != nil {
		return fmt.Errorf("remove an unfinished build: %w", err)
	}
	tmp, err := os.MkdirTemp(parent, ".new-")
	if err != nil {
		return fmt.Errorf("make a temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	if err := os.Chmod(tmp, 0o755); err != nil { // packages are fetched by another user
		return fmt.Errorf("open the temporary folder: %w", err)
	}
	tree := filepath.Join(tmp, "tree")
	log(suite + ": installing packages")
	if err := run(ctx, log, suite, "mmdebstrap", arguments(suite, mirror, tree)...); err != nil {
		return err
	}
	g := Guest{Ref: Ref(suite), Suite: suite, Recipe: recipe(suite), Mirror: mirror, Built: time.Now().UTC().Truncate(time.Second)}
	out := filepath.Join(tmp, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		return fmt.Errorf("make a temporary folder: %w", err)
	}
	if err := g.collect(tree, out); err != nil {
		return err
	}
	log(suite + ": making the disk")
	raw := filepath.Join(tmp, "disk.raw")
	if err := run(ctx, nil, suite, "mke2fs", "-q", "-t", "ext4", "-J", "size=16", "-E", "root_owner=0:0", "-d", tree, raw, diskSize); err != nil {
		return err
	}
	if err := run(ctx, nil, suite, "qemu-img", "convert", "-c", "-O", "qcow2", "-o", "compression_type=zstd", raw, filepath.Join(out, diskFile)); err != nil {
		return err
	}
	if err := g.seal(out); err != nil {
		return err
	}
	place := filepath.Join(parent, g.Recipe[:12])
	if err := os.RemoveAll(place); err != nil {
		return fmt.Errorf("clear the place of the guest: %w", err)
	}
	if err := os.Rename(out, place); err != nil {
		return fmt.Errorf("put the guest in place: %w", err)
	}
	return s.retire(suite)
}

// retire removes the guests of a suite that an older recipe made.
func (s *Store) retire(suite string) error {
	list, err := s.List()
	if err != nil {
		return err
	}
	for _, g := range list {
		if g.Suite == suite && !g.Current {
			err = errors.Join(err, os.RemoveAll(g.Dir))
		}
	}
	return err
}

// collect takes the kernel, the initial ramdisk and the list of packages out of the tree.
func (g *Guest) collect(tree, out string) error {
	for pattern, name := range map[string]string{"vmlinuz-*": kernelFile, "initrd.img-*": initrdFile} {
		found, err := filepath.Glob(filepath.Join(tree, "boot", pattern))
		if err != nil || len(found) != 1 {
			return fmt.Errorf("find the kernel: %d files match boot/%s", len(found), pattern)
		}
		if name == kernelFile {
			g.Kernel = strings.TrimPrefix(filepath.Base(found[0]), "vmlinuz-")
		}
		data, err := os.ReadFile(found[0])
		if err != nil {
			return fmt.Errorf("read the kernel: %w", err)
		}
		if err := os.WriteFile(filepath.Join(out, name), data, 0o644); err != nil {
			return fmt.Errorf("keep the kernel: %w", err)
		}
	}
	list, err := os.ReadFile(filepath.Join(tree, packageList))
	if err != nil {
		return fmt.Errorf("read the list of packages: %w", err)
	}
	g.Packages = map[string]string{}
	for line := range strings.Lines(string(list)) {
		if name, version, ok := strings.Cut(strings.TrimSpace(line), " "); ok && recorded(name) {
			g.Packages[name] = version
		}
	}
	return nil
}

// seal computes the digest and writes what is known of the guest; that file makes the
// folder a guest.
func (g *Guest) seal(out string) error {
	h := sha256.New()
	for _, name := range []string{diskFile, kernelFile, initrdFile} {
		n, err := hashFile(h, filepath.Join(out, name))
		if err != nil {
			return err
		}
		g.Size += n
	}
	g.Digest = "sha256:" + hex.EncodeToString(h.Sum(nil))
	data, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		return fmt.Errorf("describe the guest: %w", err)
	}
	if err := os.WriteFile(filepath.Join(out, metaFile), append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("describe the guest: %w", err)
	}
	return nil
}

// hashFile adds a file to a digest, and brings it to the disk first.
func hashFile(w io.Writer, path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("read the guest: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	if err := f.Sync(); err != nil {
		return 0, fmt.Errorf("keep the guest: %w", err)
	}
	n, err := io.Copy(w, f)
	if err != nil {
		return n, fmt.Errorf("read the guest: %w", err)
	}
	return n, nil
}
