package images

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/topologies/recipe"
)

const parallel = 2 // builds at once: they are bound by the processor and the mirror

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

// build makes one image and has the engine load it, tags and all; the old image goes last.
func (s *Store) build(ctx context.Context, su recipe.Suite, progress func(string)) (err error) {
	start := time.Now()
	progress(su.Name() + ": building")
	built, err := recipe.Build(ctx, su, s.mirror, progress)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, built.Close()) }()
	old := s.digests(ctx, su.Name())
	progress(su.Name() + ": loading into the engine")
	if err := s.Load(ctx, built.Archive); err != nil {
		return err
	}
	loaded, err := s.Describe(ctx, recipe.SuiteRef(su.Name()))
	if err != nil {
		return err
	}
	for _, d := range old {
		if d != loaded.Digest {
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

// Load has the engine take what write writes, an archive in the form of `docker save`. The engine
// names an image when it has all of it: what is broken off leaves nothing behind.
func (s *Store) Load(ctx context.Context, write func(io.Writer) error) error {
	r, w := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := write(w)
		_ = w.CloseWithError(err) // it never fails
		written <- err
	}()
	resp, err := s.engine.ImageLoad(ctx, r)
	if err == nil {
		err = errors.Join(loaded(resp), resp.Close())
	}
	_ = r.Close() // so that the writer ends, whatever the engine read
	if wrote := <-written; err == nil && wrote != nil && !errors.Is(wrote, io.ErrClosedPipe) {
		err = wrote
	}
	if err != nil {
		return fmt.Errorf("load the image into the engine: %w", err)
	}
	return nil
}

// Save has read read what the engine writes of images, an archive in the form of `docker save`.
func (s *Store) Save(ctx context.Context, refs []string, read func(io.Reader) error) error {
	r, err := s.engine.ImageSave(ctx, refs)
	if err != nil {
		return fmt.Errorf("read images of the engine: %w", err)
	}
	return errors.Join(read(r), r.Close())
}

// loaded reads the engine's answer to its end.
func loaded(answer io.Reader) error {
	for dec := json.NewDecoder(answer); ; {
		var line struct {
			Error string `json:"error"`
		}
		switch err := dec.Decode(&line); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read the answer: %w", err)
		case line.Error != "":
			return errors.New(line.Error)
		}
	}
}
