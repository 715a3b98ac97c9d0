package labworker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/fleet/parcel"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies/origin"
	"github.com/reprise-lab/reprise/topologies/scratch"
)

// payloadBounds are those of run.json with its inputs, which [scenarios.Load] bounds on its own.
func payloadBounds() parcel.Bounds {
	const files, more = 1001, 8 << 20
	return parcel.Bounds{Files: files, Size: scenarios.MaxInputs + more, Packed: scenarios.MaxInputs + more}
}

// inPayload are the files of a run directory that make its plan.
func inPayload(name string) bool { return name == "run.json" || strings.HasPrefix(name, "input/") }

// Payload packs the plan of a run directory: run.json and what is in input/.
func Payload(ctx context.Context, dir evidence.Dir) ([]byte, error) {
	return parcel.Pack(ctx, dir.Path, payloadBounds(), inPayload)
}

// runID is how runs are called: a name of a folder, and nothing more.
var runID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$`)

// openPayload makes a run directory of a payload, below a folder of the worker's that holds nothing
// else, and marks it as foreign. It has the name of the run that it came from.
func openPayload(ctx context.Context, payload []byte, parent string) (evidence.Dir, error) {
	part := filepath.Join(parent, "run")
	if err := parcel.Unpack(ctx, payload, part, payloadBounds(), inPayload); err != nil {
		return evidence.Dir{}, err
	}
	_, info, err := evidence.OpenDir(part)
	if err != nil {
		return evidence.Dir{}, err
	}
	if !runID.MatchString(info.ID) || info.ID == filepath.Base(part) {
		return evidence.Dir{}, fmt.Errorf("the run has the id %q, which is no name of one", info.ID)
	}
	if !fs.ValidPath(info.Scenario.File) {
		return evidence.Dir{}, fmt.Errorf("the run's scenario is %q, which is no file of it", info.Scenario.File)
	}
	if err := origin.Write(part, evidence.SHA256(payload)); err != nil {
		return evidence.Dir{}, err
	}
	dir := evidence.Dir{Path: filepath.Join(parent, info.ID)}
	return dir, os.Rename(part, dir.Path)
}

// Asks is what the scenario of a payload asks for beyond what one of somebody else's may have, which it is on a
// worker: every [scenarios.Ask.Token] has to be named there. A scenario that takes values of the environment is an
// [*EnvironmentError]: a worker has others, or none.
func Asks(ctx context.Context, payload []byte) ([]scenarios.Ask, error) {
	parent, err := scratch.Make("plan")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(parent) //nolint:errcheck // a leftover in the temporary folder does no harm
	dir, err := openPayload(ctx, payload, parent)
	if err != nil {
		return nil, err
	}
	p, _, _, err := plan.OpenRunHere(dir.Path, nil)
	var asks []scenarios.Ask
	if foreign, ok := errors.AsType[*scenarios.ForeignError](err); ok {
		asks, err = foreign.Asks, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the plan as a worker does: %w", err)
	}
	var names []string
	for _, name := range p.Loaded.Foreign.Withheld() {
		if _, set := os.LookupEnv(name); set {
			names = append(names, name)
		}
	}
	for _, a := range asks {
		if name, ok := strings.CutPrefix(a.Token, "env."); ok {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		return nil, &EnvironmentError{Names: names}
	}
	return asks, nil
}

// EnvironmentError says that a topology takes values of the environment of the machine that it is run on.
type EnvironmentError struct{ Names []string }

func (e *EnvironmentError) Error() string {
	return fmt.Sprintf("the topology takes %s from the environment of this machine, and a worker of a fleet has another: write the values down, or give them with --set", strings.Join(e.Names, ", "))
}
