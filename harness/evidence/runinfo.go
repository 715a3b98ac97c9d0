package evidence

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// Format is the version of the directory's format.
const Format = "evidence/v1"

// Variant of a scenario that a run executes.
type Variant string

// Variants.
const (
	VariantMain    Variant = "main"
	VariantControl Variant = "control"
)

// RunInfo is run.json: everything that was known before the first trial.
type RunInfo struct {
	Reprise  string            `json:"reprise"`
	Rules    Rules             `json:"rules,omitempty"` // that judge the trials; see JudgedBy
	ID       string            `json:"id"`
	Variant  Variant           `json:"variant"`
	Started  time.Time         `json:"started"`
	Tool     Tool              `json:"tool"`
	Host     HostInfo          `json:"host"`
	Provider string            `json:"provider"`
	Fidelity string            `json:"fidelity"`
	Trials   int               `json:"trials"`
	Labs     int               `json:"labs"`
	Reset    string            `json:"reset"`
	Clock    Clock             `json:"clock,omitzero"`      // how time passes in the lab
	RealTime []string          `json:"real-time,omitempty"` // what of the scenario does not follow the lab's clocks
	Expected Verdict           `json:"expected"`
	Set      map[string]string `json:"set,omitempty"` // overrides from the command line
	Without  []string          `json:"without,omitempty"`
	Inputs   []InputInfo       `json:"inputs"`
	Scenario ScenarioInfo      `json:"scenario"`
	Nodes    []NodeInfo        `json:"nodes"`
	Links    []LinkInfo        `json:"links"`
}

// Tool is the program that made the run.
type Tool struct {
	Name     string `json:"name"`
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of its sources; ends in +dirty where they were changed
	Go       string `json:"go"`
}

// HostInfo is the machine that the lab ran on. Of a run of many machines it is [FleetHost].
type HostInfo struct {
	Name   string `json:"name"`
	OS     string `json:"os"`
	Kernel string `json:"kernel"`
	Arch   string `json:"arch"`
	CPUs   int    `json:"cpus"`
	Engine string `json:"engine,omitempty"`
}

// FleetHost stands for the machine of a run whose trials the workers of a fleet executed. [HostFile] is beside each trial.
func FleetHost() HostInfo { return HostInfo{OS: "workers of a fleet"} }

// String names a machine by what is known of it.
func (h HostInfo) String() string {
	if h == FleetHost() {
		return h.OS + " (each trial's " + HostFile + ")"
	}
	cpus := fmt.Sprintf("%d CPUs", h.CPUs)
	if h.CPUs == 1 {
		cpus = "1 CPU"
	}
	return fmt.Sprintf("%s, kernel %s, %s, %s", h.OS, h.Kernel, h.Arch, cpus)
}

// CheckInputs holds the files of input/ against what the run was begun with: a verdict is of that scenario, and of no other.
// Of a run that came out of a bundle some are redacted.
func (d Dir) CheckInputs(info RunInfo) error {
	var errs []error
	for _, in := range info.Inputs {
		data, err := readFile(d.File("input", filepath.FromSlash(in.Path)))
		if err == nil && SHA256(data) != in.SHA256 {
			err = errors.New("it is not the file that the run was begun with")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("input/%s: %w", in.Path, err))
		}
	}
	return errors.Join(errs...)
}

// InputInfo is one file of input/.
type InputInfo struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Size   int    `json:"size"`
}

// ScenarioInfo is what a report shows of the scenario.
type ScenarioInfo struct {
	File       string          `json:"file"` // within input/
	ID         string          `json:"id"`
	Title      string          `json:"title"`
	Labels     []string        `json:"labels,omitempty"`
	What       string          `json:"what,omitempty"`
	When       string          `json:"when,omitempty"`
	How        string          `json:"how,omitempty"`
	Impact     string          `json:"impact,omitempty"`
	Severity   int             `json:"severity,omitempty"`
	Product    string          `json:"product,omitempty"`
	Expected   string          `json:"expected,omitempty"`
	References []string        `json:"references,omitempty"`
	Reset      string          `json:"reset,omitempty"` // that it declares, or the one that holds without; empty in older records
	Speed      float64         `json:"speed,omitempty"` // that it declares for the lab's clocks; 0 is 1
	Conditions []ConditionInfo `json:"conditions"`
	Steps      []StepInfo      `json:"steps"`
}

// ConditionInfo describes one condition to a reader.
type ConditionInfo struct {
	Ref    string `json:"ref"`
	Name   string `json:"name"`
	Node   string `json:"node"`
	Probe  string `json:"probe"`  // run: show ip ospf neighbor
	Expect string `json:"expect"` // the expression
	Window string `json:"window"` // within 20s, consistently 10s
	Line   int    `json:"line,omitempty"`
}

// StepInfo describes one step to a reader.
type StepInfo struct {
	Ref     string `json:"ref"`
	Name    string `json:"name"`
	Action  string `json:"action"` // what is done, in full: configure, with its lines
	Lane    string `json:"lane"`
	Left    bool   `json:"left-out,omitempty"` // by the control
	MayMiss bool   `json:"may-miss,omitempty"`
	Line    int    `json:"line,omitempty"`
}

// NodeInfo describes one node.
type NodeInfo struct {
	Name     string            `json:"name"`
	Role     string            `json:"role,omitempty"`
	Platform string            `json:"platform"`
	Kind     string            `json:"kind"`
	Segment  bool              `json:"segment,omitempty"`
	Image    string            `json:"image,omitempty"`
	Digest   string            `json:"digest,omitempty"`
	Packages map[string]string `json:"packages,omitempty"`
	// Exceptions say what the node might do beyond its lab (topologies.Node.Exceptions).
	Exceptions []string `json:"exceptions,omitempty"`
}

// LinkInfo describes one link.
type LinkInfo struct {
	A   string `json:"a"` // node:interface
	B   string `json:"b"`
	MTU int    `json:"mtu,omitempty"`
	// AliasA and AliasB are the interfaces as the topology's file calls them, where it uses a
	// vendor's names.
	AliasA string `json:"alias-a,omitempty"`
	AliasB string `json:"alias-b,omitempty"`
	// Standing is what the link does to frames all the time, in words.
	Standing []string `json:"standing,omitempty"`
}

// Entry is one line of ledger.ndjson: one attempt at a trial, hits, misses and
// inconclusive ones alike.
type Entry struct {
	Reprise  string        `json:"reprise"`
	Prev     string        `json:"prev"` // SHA-256 of the line before, hex; of nothing for the first
	Trial    int           `json:"trial"`
	Attempt  int           `json:"attempt"` // from 1
	Lab      int           `json:"lab"`
	Cold     bool          `json:"cold"` // first trial on a freshly built lab
	Started  time.Time     `json:"started"`
	Took     time.Duration `json:"took"` // in real time
	Verdict  Verdict       `json:"verdict"`
	Reason   string        `json:"reason,omitempty"`
	Digest   string        `json:"digest"`              // SHA-256 over the trial's timeline and observations
	Seals    *Seals        `json:"seals,omitempty"`     // of the rest of it, and of run.json; nil in older records
	Other    []string      `json:"other,omitempty"`     // failures that no symptom asks about, in sentences
	Failures []Failure     `json:"failures,omitempty"`  // and in fields; see [Entry.Failed]
	ResetHow string        `json:"reset-how,omitempty"` // what was done to the lab before this trial
	// Host is the worker of a fleet that executed the trial; empty: the machine of the run.
	Host string `json:"host,omitempty"`
	// Uncounted says why this attempt is no trial of its own: it came a second time, or nobody wanted it
	// any more. Empty for those that count.
	Uncounted string `json:"uncounted,omitempty"`
}
