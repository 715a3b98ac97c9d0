package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/topologies/recipe"
)

// Build makes the images of the named Debian suites; none means those of recipe.Suites. It
// takes mmdebstrap and no engine; an ordinary user can, with subordinate ids. A suite whose image
// was made by the same recipe is left alone. An image that is replaced loses its names and
// stays: a lab may run on it. progress receives one line at a time and may be nil. A build that
// is cancelled or fails leaves nothing behind.
func (s *Store) Build(ctx context.Context, names []string, mirror string, progress func(string)) error {
	if progress == nil {
		progress = func(string) {}
	}
	wanted, err := recipe.Choose(names)
	if err != nil {
		return err
	}
	for _, su := range wanted {
		if s.Current(su) {
			progress(su.Name() + ": up to date")
			continue
		}
		if err := s.build(ctx, su, mirror, progress); err != nil {
			return fmt.Errorf("build image %s: %w", recipe.SuiteRef(su.Name()), err)
		}
	}
	return nil
}

// Current reports whether the suite's image is there, made by this program's recipe.
func (s *Store) Current(su recipe.Suite) bool {
	img, err := s.Resolve(recipe.SuiteRef(su.Name()))
	if err != nil || !recipe.Current(img.Labels) {
		return false
	}
	for _, tag := range su.Tags(img.Packages) {
		if !slices.Contains(img.Refs, tag) {
			return false
		}
	}
	return true
}

func (s *Store) build(ctx context.Context, su recipe.Suite, mirror string, progress func(string)) (err error) {
	start := time.Now()
	progress(su.Name() + ": building")
	built, err := recipe.Build(ctx, su, mirror, progress)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, built.Close()) }()
	progress(su.Name() + ": unpacking")
	if _, err := s.Put(ctx, built.Configuration, []Layer{built.Layer}, built.Tags); err != nil {
		return err
	}
	progress(fmt.Sprintf("%s: built in %.0f s", su.Name(), time.Since(start).Seconds()))
	return nil
}
