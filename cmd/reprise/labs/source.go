package labs

import (
	"context"
	"errors"
	"slices"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/topologies"
)

// OfSource is an error where a lab of a run is up that was built of something else than source, as [cli.SourceOf] names it.
// What a provider that is not there has built is no matter, nor is a lab that does not say what it was built of.
func OfSource(ctx context.Context, run, source string) error {
	spaces, err := openSpaces()
	if err != nil {
		return err
	}
	boxes, err := openBoxes()
	if err != nil {
		return errors.Join(err, spaces.Close())
	}
	for _, p := range []cli.Provider{spaces, boxes} {
		if err = ofSource(ctx, p, run, source); isMissing(err) {
			err = nil
		}
		if err != nil {
			break
		}
	}
	return errors.Join(err, spaces.Close(), boxes.Close())
}

// ofSource is OfSource for what one provider has built.
func ofSource(ctx context.Context, p topologies.Provider, run, source string) error {
	t, ok := topologies.As[topologies.SourceTeller](p)
	if !ok {
		return nil
	}
	sources, err := t.Sources(ctx, run)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(sources, func(s string) bool { return s != "" && s != source }); i >= 0 && source != "" {
		return cli.InputError("the lab of run %s was built of %s, and not of %s: name that one, or give this one another name; reprise gc --run %[1]s takes the lab down whatever it was built of", run, sources[i], source)
	}
	return nil
}

// isMissing says that an error is of something that the machine lacks.
func isMissing(err error) bool {
	_, missing := errors.AsType[*topologies.MissingError](err)
	return missing
}
