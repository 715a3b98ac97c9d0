package images

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/topologies"
)

const (
	parallel     = 2                // builds at once: they are bound by the processor and the mirror
	stopGrace    = 20 * time.Second // for mmdebstrap to take its tree away when cancelled
	undoTimeout  = 20 * time.Second
	stderrLines  = 12 // of mmdebstrap, kept for the error
	progressTail = 100
)

// Build makes the images of the named suites; none means those of Suites. A suite whose image
// was made by the same recipe is left alone. progress receives one line at a time,
// from several goroutines, and may be nil. A build that is cancelled or fails leaves
// nothing behind.
func (s *Store) Build(ctx context.Context, names []string, progress func(string)) error {
	if progress == nil {
		progress = func(string) {}
	}
	wanted, err := choose(names)
	if err != nil {
		return err
	}
	have, err := s.List(ctx)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, su := range wanted {
		if slices.ContainsFunc(have, func(i Image) bool { return s.satisfies(i, su) }) {
			progress(su.name + ": up to date")
			continue
		}
		group.Go(func() error {
			err := ctx.Err()
			if err == nil {
				err = s.build(ctx, su, progress)
			}
			if err != nil {
				return fmt.Errorf("build image %s: %w", SuiteRef(su.name), err)
			}
			return nil
		})
	}
	return group.Wait()
}

// satisfies says whether an image is what building the suite would give: the same
// recipe, and all tags in place.
func (s *Store) satisfies(i Image, su suite) bool {
	sameRecipe := i.Recipe == su.digest(s.mirror) || s.mirror == "" && i.Current // whatever mirror was named then
	if i.Suite != su.name || !sameRecipe {
		return false
	}
	for _, tag := range su.tags(i.Packages) {
		if !slices.Contains(i.Refs, tag) {
			return false
		}
	}
	return true
}

func choose(names []string) ([]suite, error) {
	if len(names) == 0 {
		names = Suites()
	}
	var chosen []suite
	for _, name := range names {
		i := slices.IndexFunc(suites(), func(s suite) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("unknown suite %q: known are %s", name, strings.Join(Buildable(), ", "))
		}
		chosen = append(chosen, suites()[i])
	}
	return chosen, nil
}

// build makes one image: the tree, its import, the tags; the old image goes last.
func (s *Store) build(ctx context.Context, su suite, progress func(string)) (err error) {
	if err := buildable(su.name); err != nil {
		return err
	}
	start := time.Now()
	progress(su.name + ": building")
	id, versions, err := s.bootstrap(ctx, su, progress)
	defer func() {
		if err != nil && id != "" {
			undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
			defer cancel()
			err = errors.Join(err, s.discard(undo, id))
		}
	}()
	if err != nil {
		return err
	}
	old := s.digests(ctx, su.name)
	for _, tag := range su.tags(versions) {
		if _, err := s.engine.ImageTag(ctx, client.ImageTagOptions{Source: id, Target: tag}); err != nil {
			return fmt.Errorf("tag %s: %w", tag, err)
		}
	}
	for _, d := range old {
		if d != id {
			// An old image that a container still uses stays, without its tags.
			_, _ = s.engine.ImageRemove(ctx, d, client.ImageRemoveOptions{PruneChildren: true})
		}
	}
	progress(fmt.Sprintf("%s: built in %.0f s", su.name, time.Since(start).Seconds()))
	return nil
}

// digests lists the images of a suite that exist now.
func (s *Store) digests(ctx context.Context, suiteName string) []string {
	have, err := s.List(ctx)
	if err != nil {
		return nil
	}
	var ids []string
	for _, i := range have {
		if i.Suite == suiteName {
			ids = append(ids, i.Digest)
		}
	}
	return ids
}

func (s *Store) discard(ctx context.Context, id string) error {
	_, err := s.engine.ImageRemove(ctx, id, client.ImageRemoveOptions{Force: true, PruneChildren: true})
	if err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("remove unfinished image: %w", err)
	}
	return nil
}

// buildable says what is missing on this machine to build an image.
func buildable(suiteName string) error {
	if _, err := exec.LookPath("mmdebstrap"); err != nil {
		return &topologies.MissingError{
			What: "tool", Name: "mmdebstrap",
			Hint: "run as root: apt-get install mmdebstrap; or bring the image from another machine: docker save " + SuiteRef(suiteName) + " | docker load",
		}
	}
	if os.Geteuid() == 0 {
		return nil
	}
	if _, err := exec.LookPath("newuidmap"); err != nil {
		return &topologies.MissingError{
			What: "privilege", Name: "root",
			Hint: "run: sudo reprise images build " + suiteName + "; or as root: apt-get install uidmap",
		}
	}
	return nil
}

// bootstrap runs mmdebstrap and imports what it writes. The image's id may come with
// an error, for the caller to discard.
func (s *Store) bootstrap(ctx context.Context, su suite, progress func(string)) (id string, versions map[string]string, err error) {
	tmp, err := os.MkdirTemp("", "reprise-image-")
	if err != nil {
		return "", nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	if err := os.Chmod(tmp, 0o755); err != nil {
		return "", nil, fmt.Errorf("open the temporary folder: %w", err)
	}
	cmd := exec.CommandContext(ctx, "mmdebstrap", su.arguments(s.mirror)...) //nolint:gosec // arguments are a fixed recipe
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp, "LC_ALL=C.UTF-8")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = stopGrace
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, fmt.Errorf("connect to mmdebstrap: %w", err)
	}
	listed := make(chan map[string]string, 1)
	log := &buildLog{suite: su.name, progress: progress, listed: listed, versions: map[string]string{}}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("start mmdebstrap: %w", err)
	}
	tree := &treeReader{ctx: ctx, stdout: bufio.NewReaderSize(stdout, 1<<20), cmd: cmd, log: log}
	if _, err := tree.stdout.Peek(1); err != nil { // the tree begins after the last hook
		if err := tree.finish(); err != nil {
			return "", nil, err
		}
		return "", nil, errors.New("mmdebstrap wrote no tree")
	}
	select {
	case versions = <-listed:
	case <-ctx.Done():
		return "", nil, tree.finish()
	}
	progress(su.name + ": importing")
	id, err = s.load(ctx, tree, su.changes(s.mirror, versions))
	return id, versions, errors.Join(err, tree.finish())
}

// load imports a root tree and returns the new image's id.
func (s *Store) load(ctx context.Context, tree io.Reader, changes []string) (string, error) {
	resp, err := s.engine.ImageImport(ctx, client.ImageImportSource{Source: tree, SourceName: "-"}, "",
		client.ImageImportOptions{Message: "made by reprise", Changes: changes})
	if err != nil {
		return "", fmt.Errorf("import the tree: %w", err)
	}
	defer func() { _ = resp.Close() }() // read to its end below
	id := ""
	for dec := json.NewDecoder(resp); ; {
		var line struct {
			Status string `json:"status"`
			Error  string `json:"error"`
		}
		if err := dec.Decode(&line); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return id, fmt.Errorf("read the import's answer: %w", err)
		}
		if line.Error != "" {
			return id, fmt.Errorf("import the tree: %s", line.Error)
		}
		if strings.HasPrefix(line.Status, "sha256:") {
			id = line.Status
		}
	}
	if id == "" {
		return "", errors.New("import the tree: the engine named no image")
	}
	return id, nil
}
