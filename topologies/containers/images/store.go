package images

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/recipe"
)

// Image is one image of ours that the engine holds.
type Image struct {
	Refs     []string          `json:"refs"`
	Suite    string            `json:"suite"`
	Digest   string            `json:"digest"`
	Size     int64             `json:"size"` // bytes
	Recipe   string            `json:"recipe"`
	Current  bool              `json:"current"` // made by the recipe of this version of the tool
	Packages map[string]string `json:"packages"`
}

// Store is the engine's images. It is safe for use by several goroutines.
type Store struct {
	engine client.APIClient
	mirror string
}

// New makes a store over an engine. mirror is the package mirror to build from;
// empty means the distribution's own.
func New(engine client.APIClient, mirror string) *Store {
	return &Store{engine: engine, mirror: mirror}
}

// List gives the images that this tool made, the oldest suite first. What somebody else made on
// top of one has its labels and is not among them.
func (s *Store) List(ctx context.Context) ([]Image, error) {
	found, err := s.engine.ImageList(ctx, client.ImageListOptions{Filters: make(client.Filters).Add("label", recipe.LabelRecipe)})
	if err != nil {
		return nil, fmt.Errorf("list images: %w", err)
	}
	var list []Image
	for _, i := range found.Items {
		if derived(i.RepoTags) || len(named(i.RepoTags)) == 0 && !s.plain(ctx, i.ID) {
			continue
		}
		img := Image{
			Refs: named(i.RepoTags), Suite: i.Labels[recipe.LabelSuite], Digest: i.ID, Size: i.Size,
			Recipe: i.Labels[recipe.LabelRecipe], Current: recipe.Current(i.Labels), Packages: recipe.Packages(i.Labels),
		}
		list = append(list, img)
	}
	age := recipe.Buildable()
	slices.SortFunc(list, func(a, b Image) int { return slices.Index(age, a.Suite) - slices.Index(age, b.Suite) })
	return list, nil
}

// plain reports whether an image without a name is as recipes make them, of one layer. A step of
// somebody's build on top of ours has its labels too.
func (s *Store) plain(ctx context.Context, id string) bool {
	i, err := s.engine.ImageInspect(ctx, id)
	return err == nil && len(i.RootFS.Layers) == 1
}

// Refs lists the references of every image that the engine holds, ours or not.
func (s *Store) Refs(ctx context.Context) ([]string, error) {
	found, err := s.engine.ImageList(ctx, client.ImageListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list images: %w", err)
	}
	var refs []string
	for _, i := range found.Items {
		refs = append(refs, named(i.RepoTags)...)
	}
	slices.Sort(refs)
	return refs, nil
}

// Describe tells what an image holds, ours or not. One that the engine does not have
// is a *topologies.MissingError.
func (s *Store) Describe(ctx context.Context, ref string) (topologies.ImageInfo, error) {
	i, err := s.engine.ImageInspect(ctx, ref)
	if errdefs.IsNotFound(err) {
		return topologies.ImageInfo{}, Missing(ref)
	}
	if err != nil {
		return topologies.ImageInfo{}, fmt.Errorf("inspect image %s: %w", ref, err)
	}
	info := topologies.ImageInfo{Ref: ref, Digest: i.ID}
	if i.Config != nil {
		info.Packages = recipe.Packages(i.Config.Labels)
	}
	return info, nil
}

// Identity is [recipe.Identity] of an image. One that the engine does not have is a
// *topologies.MissingError.
func (s *Store) Identity(ctx context.Context, ref string) (string, error) {
	i, err := s.engine.ImageInspect(ctx, ref)
	if errdefs.IsNotFound(err) {
		return "", Missing(ref)
	}
	if err != nil {
		return "", fmt.Errorf("inspect image %s: %w", ref, err)
	}
	if i.Config == nil {
		return i.ID, nil
	}
	return recipe.Identity(i.ID, i.Config.Labels, len(i.RootFS.Layers)), nil
}

// Remove takes images away by reference or, for a suite's name, the suite's image
// with all its tags. A reference that does not exist is a *topologies.MissingError;
// the others are removed all the same.
func (s *Store) Remove(ctx context.Context, refs []string) error {
	list, err := s.List(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, ref := range refs {
		targets := []string{ref}
		for _, img := range list {
			if img.Suite == ref {
				targets = append(slices.Clone(img.Refs), img.Digest)
			}
		}
		for _, target := range targets {
			_, err := s.engine.ImageRemove(ctx, target, client.ImageRemoveOptions{PruneChildren: true})
			switch {
			case errdefs.IsNotFound(err) && len(targets) > 1: // gone with its last tag
			case errdefs.IsNotFound(err):
				errs = append(errs, Missing(ref))
			case err != nil:
				errs = append(errs, fmt.Errorf("remove image %s: %w", target, err))
			}
		}
	}
	return errors.Join(errs...)
}

// Missing is the error for an image that the engine does not hold.
func Missing(ref string) error {
	hint := "load it with: docker load; images that can be built here (reprise images build SUITE): " + strings.Join(recipe.KnownRefs(), " ")
	if name, ok := recipe.Known(ref); ok {
		hint = "run: reprise images build " + name
	} else if strings.HasPrefix(ref, recipe.Repository) {
		hint = "run: reprise images build SUITE; known are " + strings.Join(recipe.KnownRefs(), " ")
	}
	return &topologies.MissingError{What: "image", Name: ref, Hint: hint}
}

// named drops the placeholder of an image without a tag.
// derived reports whether an image with our labels is one that was built on ours: it has names,
// and none that we give. One of ours that lost its names to a newer one has none.
func derived(tags []string) bool {
	tags = named(tags)
	return len(tags) > 0 && !slices.ContainsFunc(tags, func(t string) bool { return strings.HasPrefix(t, recipe.Repository) })
}

func named(tags []string) []string {
	return slices.DeleteFunc(slices.Clone(tags), func(t string) bool { return strings.HasPrefix(t, "<none>") })
}
