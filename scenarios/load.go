package scenarios

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/scenarios/spec"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/plain"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Loaded is a scenario with everything it refers to.
type Loaded struct {
	Scenario Scenario
	File     string              // as given to Load
	Dir      string              // its folder; nothing outside it is read
	Topology topologies.Topology // resolved
	Spec     []spec.Requirement  // that the scenario names
	Inputs   []Input             // every file read, the scenario first
	Warnings yamlpos.Problems
	Foreign  *Foreign // nil for one's own; see Permit
	lines    map[string]int
}

// Input is one file that was read.
type Input struct {
	Path string // relative to the scenario's folder, with slashes
	Data []byte
}

// MaxInput bounds one file that a scenario names, in bytes.
const MaxInput = 16 << 20

// MaxInputs bounds all of them together, in bytes; maxInputFiles bounds their number.
const (
	MaxInputs     = 64 << 20
	maxInputFiles = 1000
)

// Options of Load.
type Options struct {
	// Platforms are the names a node may take as its platform; empty skips the check.
	Platforms []string
	// Describe says what is known of a platform by its name; nil skips what depends on it.
	Describe func(platform string) (Platform, bool)
	// Recorded says that the scenario was valid to the program that recorded it: what only newer
	// programs refuse is then a warning.
	Recorded bool
	// Set are overrides from the command line, node.field → value, checked as those of a control.
	Set map[string]string
	// Template gives a platform's own TextFSM template, by PLATFORM:NAME; nil knows none. One
	// that a scenario uses is kept with its inputs, and is taken from there ever after.
	Template func(name string) ([]byte, error)
	// Getenv looks up variables of the topology file; nil means the process environment.
	Getenv func(string) (string, bool)
	// WithoutExternal leaves out of a topology what would leave the lab, as the key of a
	// scenario does.
	WithoutExternal bool
	// Trust names what a foreign scenario may have beyond the list, as Ask.Token.
	Trust []string
}

// Line tells in which line of the scenario file a part stands, such as symptom[0].
func (l *Loaded) Line(part string) int { return l.lines[part] }

// Input finds a file that was read.
func (l *Loaded) Input(name string) ([]byte, bool) {
	for _, in := range l.Inputs {
		if in.Path == path.Clean(name) {
			return in.Data, true
		}
	}
	return nil, false
}

// Text resolves a value that is either a file beside the scenario or, when it spans
// lines, the text itself.
func (l *Loaded) Text(value string) ([]byte, error) {
	if isInline(value) {
		return []byte(value), nil
	}
	if data, ok := l.Input(value); ok {
		return data, nil
	}
	return nil, fmt.Errorf("%s was not read with the scenario", value)
}

func isInline(value string) bool { return strings.Contains(value, "\n") }

// Load reads a scenario and all it refers to. The error is a yamlpos.Problems with
// every fault found, or the reason why the file cannot be read at all.
func Load(file string, o Options) (*Loaded, error) {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		file = filepath.Join(file, fileName)
	}
	if o.Getenv == nil {
		o.Getenv = os.LookupEnv
	}
	l := &Loaded{File: file, Dir: filepath.Dir(file), lines: map[string]int{}}
	var err error
	if l.Foreign, err = foreignOf(file, o.Trust); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(l.Dir)
	if err != nil {
		return nil, fmt.Errorf("read scenario: %w", err)
	}
	defer root.Close() //nolint:errcheck // read only
	data, err := readBounded(root, filepath.Base(file), yamlpos.MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("read scenario %s: %w", file, err)
	}
	d := yamlpos.Parse(file, data)
	l.Inputs = []Input{{Path: filepath.ToSlash(filepath.Base(file)), Data: data}}
	if what, hint := topologies.Stranger(d); what != "" {
		d.Faultf("", hint, "this is %s, and neither a scenario nor a containerlab file", what)
		d.Root = nil
	} else if topologies.IsFile(d) {
		d.Faultf("", "a scenario names it: topology: "+filepath.Base(file)+"; the topology verbs take it by itself", "this is a topology (a containerlab file), and no scenario")
		d.Root = nil
	}
	if d.Root != nil {
		d.Decode(&l.Scenario)
		l.Scenario.settleFrames()
		c := &checker{Doc: d, loaded: l, s: &l.Scenario, root: root, opts: o}
		c.topology()
		c.scenario()
	}
	d.Problems.Sort()
	d.Problems = slices.Compact(d.Problems)
	l.Warnings = d.Problems.Warnings()
	if faults := d.Problems.Faults(); faults != nil {
		return l, faults
	}
	return l, nil
}

// IsTopology reports whether a file is a topology alone: by its name (*.clab.yml, *.clab.yaml) or,
// where it can be read, by its content.
func IsTopology(file string) bool {
	if strings.HasSuffix(file, ".clab.yml") || strings.HasSuffix(file, ".clab.yaml") {
		return true
	}
	data, err := plain.Read(file, yamlpos.MaxBytes)
	return err == nil && topologies.IsFile(yamlpos.Parse(file, data))
}

// LoadTopology reads a topology alone, a containerlab file, as Load reads one that a scenario
// names: what comes back has no scenario, and Permit decides on it like on any other.
func LoadTopology(file string, o Options) (*Loaded, error) {
	if o.Getenv == nil {
		o.Getenv = os.LookupEnv
	}
	l := &Loaded{File: file, Dir: filepath.Dir(file), lines: map[string]int{}}
	var err error
	if l.Foreign, err = foreignOf(file, o.Trust); err != nil {
		return nil, err
	}
	data, err := plain.Read(file, yamlpos.MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("read topology: %w", err)
	}
	c := &checker{Doc: yamlpos.Parse(file, data), loaded: l, s: &l.Scenario, opts: o}
	l.Topology = topologies.FromDoc(c.Doc, l.Dir, c.environ())
	c.ignored(c.Ignored)
	if l.Foreign == nil { // it does not learn which files this machine has
		c.startupConfigs()
	}
	c.Problems.Sort()
	l.Warnings = c.Problems.Warnings()
	if faults := c.Problems.Faults(); faults != nil {
		return l, faults
	}
	return l, nil
}

// startupConfigs warns of start-up configurations of a topology alone that are not there.
func (c *checker) startupConfigs() {
	for _, n := range c.loaded.Topology.Nodes {
		file := n.StartupConfig
		if file == "" || isInline(file) || n.IsSegment() {
			continue
		}
		if !filepath.IsAbs(file) {
			file = filepath.Join(c.loaded.Dir, file)
		}
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			c.Warnf(yamlpos.Join("topology.nodes", n.Name)+".startup-config", "", "there is no file %s", n.StartupConfig)
		}
	}
}

func readBounded(root *os.Root, name string, limit int64) ([]byte, error) {
	return plain.ReadBy(root.OpenFile, name, limit)
}

// input reads a file that the scenario names at a path of the document.
func (c *checker) input(where, name string) ([]byte, bool) {
	if data, ok := c.loaded.Input(name); ok {
		return data, true
	}
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		c.Faultf(where, "copy it beside the scenario, so that the scenario can be handed on", "%q is outside the scenario's folder", name)
		return nil, false
	}
	room := int64(MaxInputs)
	for _, in := range c.loaded.Inputs {
		room -= int64(len(in.Data))
	}
	if room < 0 || len(c.loaded.Inputs) >= maxInputFiles {
		c.Faultf(where, "", "the scenario reads more than %d files, or %d bytes", maxInputFiles, MaxInputs)
		return nil, false
	}
	data, err := readBounded(c.root, filepath.FromSlash(name), MaxInput)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		hint := yamlpos.Suggest(name, c.neighbours())
		if strings.ContainsAny(name, " \t;{}") { // no name of a file, but a line of what one holds
			hint = "text that is meant as the content spans lines: write | after the key, and the text below it"
		}
		c.Faultf(where, hint, "there is no file %q beside the scenario", name)
	case err != nil:
		c.Faultf(where, "", "%q cannot be read: %v", name, pathless(err))
	default:
		c.loaded.Inputs = append(c.loaded.Inputs, Input{Path: path.Clean(name), Data: data})
		return data, true
	}
	return nil, false
}

// TemplatePath is where a platform's own template lies among a scenario's inputs:
// templates/exos/sharing.textfsm for exos:sharing. ok is false for the name of a file.
func TemplatePath(name string) (file string, ok bool) {
	i := strings.LastIndexByte(name, ':')
	if i <= 0 {
		return name, false
	}
	return path.Join("templates", strings.ReplaceAll(name[:i], ":", "-"), name[i+1:]+".textfsm"), true
}

// template reads a condition's template: a file beside the scenario, or a platform's own. A
// file at the latter's place beside the scenario wins: that of an earlier run, or the user's.
func (c *checker) template(where, name string) ([]byte, bool) {
	file, own := TemplatePath(name)
	if !own {
		return c.input(where, name)
	}
	if data, ok := c.loaded.Input(file); ok {
		return data, true
	}
	data, err := readBounded(c.root, filepath.FromSlash(file), MaxInput)
	if errors.Is(err, fs.ErrNotExist) {
		if c.opts.Template == nil {
			c.Faultf(where, "", "%s is a platform's own template, and none is known here", name)
			return nil, false
		}
		data, err = c.opts.Template(name)
	}
	if err != nil {
		c.Faultf(where, "PLATFORM:NAME of a template that comes with the platform, or a file beside the scenario", "%v", err)
		return nil, false
	}
	c.loaded.Inputs = append(c.loaded.Inputs, Input{Path: file, Data: data})
	return data, true
}

// pathless drops the path from a file error, which the message names already.
func pathless(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

func (c *checker) neighbours() []string {
	var names []string
	entries, _ := fs.ReadDir(c.root.FS(), ".")
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func (c *checker) topology() {
	ref := c.s.Topology
	switch {
	case ref.inline != nil:
		c.loaded.Topology = topologies.FromNode(c.Doc, ref.inline, c.s.ID, c.loaded.Dir, c.environ())
		c.ignored(c.Ignored)
	case ref.File != "":
		data, ok := c.input("topology", ref.File)
		if !ok {
			return
		}
		d := yamlpos.Parse(filepath.Join(c.loaded.Dir, ref.File), data)
		if c.loaded.Foreign == nil { // one's own scenario of a foreign topology
			var err error
			if c.loaded.Foreign, err = foreignOf(filepath.Join(c.loaded.Dir, ref.File), c.opts.Trust); err != nil {
				c.Faultf("topology", "", "%v", err)
				return
			}
		}
		c.loaded.Topology = topologies.FromDoc(d, c.loaded.Dir, c.environ())
		c.Problems = append(c.Problems, d.Problems...)
		c.ignored(d.Ignored)
	default:
		if !c.Has("topology") {
			c.Faultf("", "write topology: lab.clab.yml", "the scenario has no topology")
		}
		return
	}
	for i := range c.loaded.Topology.Nodes {
		n := &c.loaded.Topology.Nodes[i]
		if n.StartupConfig != "" && !isInline(n.StartupConfig) && !n.IsSegment() {
			c.input("topology", n.StartupConfig)
		}
	}
}

// environ is what the topology file may learn of this machine.
func (c *checker) environ() topologies.Environ {
	env := topologies.Environ{Getenv: c.opts.Getenv, WithoutExternal: c.opts.WithoutExternal || c.s.WithoutExternal}
	if f := c.loaded.Foreign; f != nil {
		env.Ask = f.may
	}
	return env
}

// ignored notes what a foreign topology says and nobody reads.
func (c *checker) ignored(keys []string) {
	f := c.loaded.Foreign
	if f == nil {
		return
	}
	f.keys = append(f.keys, keys...)
	for _, name := range f.Withheld() {
		c.Warnf("topology", "--trust env."+name+" takes it from here", "the scenario is foreign: %s is not taken from this machine's environment, the file's own default stands", name)
	}
}
