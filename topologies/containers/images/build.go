package images

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/topologies/recipe"
)

const (
	parallel    = 2 // builds at once: they are bound by the processor and the mirror
	undoTimeout = 20 * time.Second
)

// Build makes the images of the named suites; none means those of Suites. A suite whose image
// was made by the same recipe is left alone. progress receives one line at a time,
// from several goroutines, and may be nil. A build that is cancelled or fails leaves
// nothing behind.
func (s *Store) Build(ctx context.Context, names []string, progress func(string)) error {
	if progress == nil {
		progress = func(string) {}
	}
	wanted, err := recipe.Choose(names)
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
			progress(su.Name() + ": up to date")
			continue
		}
		group.Go(func() error {
			err := ctx.Err()
			if err == nil {
				err = s.build(ctx, su, progress)
			}
			if err != nil {
				return fmt.Errorf("build image %s: %w", recipe.SuiteRef(su.Name()), err)
			}
			return nil
		})
	}
	return group.Wait()
}

// satisfies says whether an image is what building the suite would give: the same
// recipe, and all tags in place.
func (s *Store) satisfies(i Image, su recipe.Suite) bool {
	sameRecipe := i.Recipe == su.Digest(s.mirror) || s.mirror == "" && i.Current // whatever mirror was named then
	if i.Suite != su.Name() || !sameRecipe {
		return false
	}
	for _, tag := range su.Tags(i.Packages) {
		if !slices.Contains(i.Refs, tag) {
			return false
		}
	}
	return true
}

// build makes one image: the tree, its import, the tags; the old image goes last.
func (s *Store) build(ctx context.Context, su recipe.Suite, progress func(string)) (err error) {
	start := time.Now()
	progress(su.Name() + ": building")
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
	old := s.digests(ctx, su.Name())
	for _, tag := range su.Tags(versions) {
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
	progress(fmt.Sprintf("%s: built in %.0f s", su.Name(), time.Since(start).Seconds()))
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

// bootstrap makes a suite's tree and imports it. The image's id may come with an error, for
// the caller to discard.
func (s *Store) bootstrap(ctx context.Context, su recipe.Suite, progress func(string)) (id string, versions map[string]string, err error) {
	tree, err := recipe.Make(ctx, su, s.mirror, progress)
	if err != nil {
		return "", nil, err
	}
	defer func() { err = errors.Join(err, tree.Close()) }()
	progress(su.Name() + ": importing")
	id, err = s.load(ctx, tree, changes(su.Labels(s.mirror, tree.Versions)))
	return id, tree.Versions, err
}

// changes are the instructions that the engine applies to the imported tree.
func changes(labels map[string]string) []string {
	list := recipe.Instructions()
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		list = append(list, fmt.Sprintf("LABEL %s=%q", name, labels[name]))
	}
	return list
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
