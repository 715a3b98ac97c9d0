package lab

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/labs"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies/containers/images"
	"github.com/reprise-lab/reprise/topologies/images/store"
	"github.com/reprise-lab/reprise/topologies/recipe"
)

// Images are kept in two places: by a container engine, and in a store of one's own for labs
// without one. What one has the other takes over, byte by byte, before anything is made anew: an
// image then has one digest in both.

// buildImages makes what is missing of these suites where labs of the provider look for it.
func buildImages(ctx context.Context, a *cli.App, suites []string, provider string) error {
	wanted, err := recipe.Choose(suites)
	if err != nil {
		return cli.WithCode(cli.ExitInput, err)
	}
	kept, err := labs.OpenImages()
	if err != nil {
		return err
	}
	own, err := labs.WithoutEngine(ctx, provider)
	if err != nil {
		return err
	}
	say := func(line string) { a.Progress("%s", line) }
	if own {
		if provider == "" && !labs.EngineAnswers(ctx) {
			a.Progress("no container engine answers: images are made for labs of namespaces, which need none")
		}
		for _, su := range wanted {
			if err := takeFromEngine(ctx, a, kept, su); err != nil {
				return err
			}
		}
		return kept.Build(ctx, suites, "", say)
	}
	return labs.WithImages(ctx, func(ctx context.Context, s *images.Store) error {
		for _, su := range wanted {
			if err := takeFromStore(ctx, a, kept, s, su); err != nil {
				return err
			}
		}
		return s.Build(ctx, suites, say)
	})
}

// takeFromEngine takes over the image of a suite that an engine has and the store has not. That
// there is no engine is no error.
func takeFromEngine(ctx context.Context, a *cli.App, kept *store.Store, su recipe.Suite) error {
	if kept.Current(su) {
		return nil
	}
	return ifEngine(ctx, func(ctx context.Context, s *images.Store) error {
		list, err := s.List(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(i images.Image) bool { return i.Suite == su.Name() && i.Current && len(i.Refs) > 0 })
		if i < 0 {
			return nil
		}
		a.Progress("%s: taking it over from the container engine", su.Name())
		return s.Save(ctx, list[i].Refs, func(r io.Reader) error {
			_, err := kept.Import(ctx, r)
			return err
		})
	})
}

// takeFromStore has the engine take the image of a suite that the store has and it has not.
func takeFromStore(ctx context.Context, a *cli.App, kept *store.Store, s *images.Store, su recipe.Suite) error {
	list, err := s.List(ctx)
	if err != nil {
		return err
	}
	if !kept.Current(su) || slices.ContainsFunc(list, func(i images.Image) bool { return i.Suite == su.Name() && i.Current && len(i.Refs) > 0 }) {
		return nil
	}
	a.Progress("%s: taking it over from the store of labs without an engine", su.Name())
	return s.Load(ctx, func(w io.Writer) error { return kept.Export(ctx, recipe.SuiteRef(su.Name()), w) })
}

// ifEngine does something with the engine's images; where no engine answers, nothing.
func ifEngine(ctx context.Context, f func(context.Context, *images.Store) error) error {
	if !labs.EngineAnswers(ctx) {
		return nil
	}
	return labs.WithImages(ctx, f)
}

// keptImage is an image of the store of labs without an engine.
type keptImage struct {
	store.Image
	Suite   string `json:"suite,omitempty"`
	Current bool   `json:"current"` // made by the recipe of this version of the tool
}

func keptImages(s *store.Store) ([]keptImage, error) {
	list, err := s.List()
	if err != nil {
		return nil, err
	}
	var kept []keptImage
	for _, img := range list {
		suite := img.Labels[recipe.LabelSuite]
		kept = append(kept, keptImage{Image: img, Suite: suite, Current: recipe.Current(img.Labels) || suite == ""})
	}
	return kept, nil
}

// removeKept removes images of the store by name, digest or suite, and returns the names that it
// does not have.
func removeKept(ctx context.Context, s *store.Store, refs []string) (rest []string, err error) {
	list, err := keptImages(s)
	if err != nil {
		return nil, err
	}
	for _, ref := range refs {
		var targets []string
		for _, img := range list {
			if img.Suite == ref || img.Digest == ref {
				targets = append(targets, img.Digest)
			} else if slices.Contains(img.Refs, ref) {
				targets = append(targets, ref)
			}
		}
		if len(targets) == 0 {
			rest = append(rest, ref)
			continue
		}
		err = errors.Join(err, s.Remove(ctx, targets))
	}
	return rest, err
}

// runExport writes an image as docker save does.
func runExport(ctx context.Context, o *exportOptions) (err error) {
	s, err := labs.OpenImages()
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return s.Export(ctx, o.ref, w) }
	if o.output != "" {
		return evidence.WriteBy(o.output, write)
	}
	if _, tty := cli.Terminal(o.Out); tty {
		return cli.InputError("an image is nothing for a screen: give -o FILE, or write it into a pipe")
	}
	return write(o.Document())
}
