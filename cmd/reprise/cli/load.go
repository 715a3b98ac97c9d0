package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/all"
	"github.com/reprise-lab/reprise/harness/intake"
	"github.com/reprise-lab/reprise/harness/known"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/scenarios/corpus"
	"github.com/reprise-lab/reprise/topologies/scratch"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Registry names every platform this program drives.
func Registry() (*drivers.Registry, error) { return all.Registry() }

// Lacks tells what a collection or a configuration lacks, as its driver does.
func Lacks(r *drivers.Registry) func(kind intake.Kind, platform, text string) (lacks []string, known bool) {
	return func(kind intake.Kind, platform, text string) ([]string, bool) {
		if kind == intake.Config {
			return r.ConfigLacks(platform, text)
		}
		return r.TechLacks(platform, text)
	}
}

// Products are those that the drivers name, for whoever reads what people and documents wrote.
func Products() (*known.Products, error) {
	r, err := Registry()
	if err != nil {
		return nil, err
	}
	return known.NewProducts(r.Products()), nil
}

// Load reads a scenario: a file, a folder that holds one, or the id of one of the
// corpus that comes with the program. Warnings are printed.
func (a *App) Load(name string, set map[string]string) (*scenarios.Loaded, error) {
	l, err := a.LoadQuiet(name, set)
	if l != nil {
		for _, w := range l.Warnings {
			a.Progress("%s", w)
		}
	}
	return l, err
}

// LoadQuiet is Load without a word about warnings.
func (a *App) LoadQuiet(name string, set map[string]string) (*scenarios.Loaded, error) {
	r, err := Registry()
	if err != nil {
		return nil, err
	}
	path, cleanup, err := locate(name)
	if err != nil {
		return nil, err
	}
	defer cleanup()
	l, err := scenarios.Load(path, scenarios.Options{Platforms: r.Platforms(), Describe: describe(r), Set: set, Template: r.Template, Trust: a.Trust})
	if err != nil && l == nil {
		return nil, WithCode(ExitInput, err)
	}
	return l, err
}

// describe gives what scenarios have to know of the platforms.
func describe(r *drivers.Registry) func(string) (scenarios.Platform, bool) {
	return func(name string) (scenarios.Platform, bool) {
		d, ok := r.Describe(name)
		return scenarios.Platform(d), ok
	}
}

// locate finds a scenario on disk, or takes it out of the corpus into a folder that
// cleanup removes again: a loaded scenario holds all its files.
func locate(name string) (path string, cleanup func(), err error) {
	if _, err := os.Stat(name); err == nil {
		return name, func() {}, nil
	}
	entries, err := corpus.List()
	if err != nil {
		return "", nil, err
	}
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.ID)
		if e.ID != name {
			continue
		}
		dir, err := scratch.Make("corpus")
		if err != nil {
			return "", nil, fmt.Errorf("unpack %s: %w", name, err)
		}
		cleanup = func() { _ = os.RemoveAll(dir) } // a leftover in the temporary folder does no harm
		if err := os.CopyFS(dir, e.Files); err != nil {
			cleanup()
			return "", nil, fmt.Errorf("unpack %s: %w", name, err)
		}
		return filepath.Join(dir, "scenario.yaml"), cleanup, nil
	}
	hint := yamlpos.Suggest(name, ids)
	if hint == "" {
		hint = "reprise scenario list shows those that come with the program"
	}
	return "", nil, InputError("%s: %w, and no scenario of the corpus has this id (%s)", name, fs.ErrNotExist, hint)
}

// SetFlag defines --set, which replaces values of the scenario.
func SetFlag(fl *pflag.FlagSet, to *[]string) {
	fl.StringArrayVar(to, "set", nil, "replace a value: node.image=…, node.config=…, node.platform=…, node.placement=…, node.env.NAME=…, node.files./PATH=…, node.sysctls.NAME=…, stimulus.N.KEY=…")
}

// ParseSet reads --set node.field=value.
func ParseSet(values []string) (map[string]string, error) {
	set := map[string]string{}
	for _, v := range values {
		key, value, ok := strings.Cut(v, "=")
		if !ok || key == "" || value == "" {
			return nil, InputError("--set %s: want node.field=value, as r1.image=reprise/frr:10.3", v)
		}
		set[key] = value
	}
	return set, nil
}
