package scenarios

import (
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// Step is one action of a stimulus or workaround: exactly one of configure, run, exec,
// fault, hold and wait-for.
type Step struct {
	Name string `yaml:"name" json:"name,omitempty" jsonschema_description:"What the step does, for the timeline."`
	Node string `yaml:"node" json:"node,omitempty" jsonschema_description:"The node to act on."`

	Configure []string `yaml:"configure" json:"configure,omitempty" jsonschema_description:"Configuration lines in the platform's language; a line that the device refuses makes the trial inconclusive."`
	Run       string   `yaml:"run" json:"run,omitempty" jsonschema_description:"A command for the node's command line."`
	Exec      string   `yaml:"exec" json:"exec,omitempty" jsonschema_description:"A command for the shell beneath the platform."`
	Exit      []int    `yaml:"exit" json:"exit,omitempty" jsonschema_description:"Exit statuses that exec may end with, and run where the platform has statuses; default 0. Any other makes the trial inconclusive."`
	MayFail   bool     `yaml:"may-fail" json:"may-fail,omitempty" jsonschema_description:"For run and exec: the step has taken place whatever comes of the command, a refusal, another status, or a connection that broke. For what ends the very program that it asks."`

	Link        string                `yaml:"link" json:"link,omitempty" jsonschema_description:"Endpoint node:interface that a fault acts on."`
	Fault       Fault                 `yaml:"fault" json:"fault,omitempty" jsonschema_description:"On a link: down, up, flap, drop, replug. On a node: kill, restart, pause."`
	Process     string                `yaml:"process" json:"process,omitempty" jsonschema_description:"Daemon that a fault on a node acts on; restart without one restarts the node."`
	Signal      string                `yaml:"signal" json:"signal,omitempty" jsonschema_description:"Signal of kill; default SIGKILL."`
	For         Duration              `yaml:"for" json:"for,omitempty" jsonschema_description:"The fault is taken back after this time, and the next step waits for that; without it, at the end of the trial."`
	Background  bool                  `yaml:"background" json:"background,omitempty" jsonschema_description:"With for: the next steps, and the symptom, do not wait for the end of the fault. It is taken back after its time, at the latest at the end of the trial."`
	Times       int                   `yaml:"times" json:"times,omitempty" jsonschema:"minimum=1,maximum=1000" jsonschema_description:"Number of flaps; default 1."`
	Every       Duration              `yaml:"every" json:"every,omitempty" jsonschema_description:"Time up between two flaps; default 1s."`
	Direction   Direction             `yaml:"direction" json:"direction,omitempty" jsonschema_description:"Frames that drop acts on, seen from the link's endpoint: in, those that would arrive there; out, those it sends; both. Default in."`
	Match       topologies.FrameMatch `yaml:"match" json:"match,omitzero" jsonschema_description:"Frames that drop acts on; empty means all. Fields of IP are looked for behind VLAN tags."`
	Probability float64               `yaml:"probability" json:"probability,omitempty" jsonschema:"exclusiveMinimum=0,maximum=1" jsonschema_description:"Share of the matching frames that are dropped; default 1."`
	MayMiss     bool                  `yaml:"may-miss" json:"may-miss,omitempty" jsonschema_description:"A drop that met no frame is fine; without this the trial is then inconclusive."`

	Hold Duration `yaml:"hold" json:"hold,omitempty" jsonschema_description:"Wait this long. Prefer wait-for."`
	Why  string   `yaml:"why" json:"why,omitempty" jsonschema_description:"Why a hold is needed and no condition can be waited for."`

	WaitFor *Condition `yaml:"wait-for" json:"wait-for,omitempty" jsonschema_description:"Go on when this condition holds; when it does not, the trial is inconclusive."`
}

// Lane is where the step acts: a link's end, or a node; empty for what acts nowhere.
func (s Step) Lane() string {
	if s.Link != "" {
		return s.Link
	}
	return s.Node
}

// Longest is the longest time the step can take by itself, the device's own time aside.
func (s Step) Longest() time.Duration { return s.Action().Effect().Longest }

// Action is what a step does. There is one type for each kind, in a file of its own: the step
// itself, under the name of what it does.
type Action interface {
	Kind() ActionKind
	// Title says in a few words what is done.
	Title() string
	// Words say on one line what is done, all of it that makes a difference.
	Words() string
	// Describe says in full what is done, for who wants to do it by hand.
	Describe() string
	Effect() Effect
	// takes reports whether a key that not every step has belongs to the action.
	takes(c *checker, key string) bool
	// check reports what is wrong with a step that stands at where.
	check(c *checker, where string)
}

// ActionKind names a kind of action by its key in a step.
type ActionKind string

// actionTable lists the kinds in the order of the reference. Each row takes a step for one of
// its kind; ok is false for a step that does something else.
func actionTable() []actionRow {
	return []actionRow{
		{ActConfigure, configureStep},
		{ActRun, runStep},
		{ActExec, execStep},
		{ActFault, faultStep},
		{ActHold, holdStep},
		{ActWaitFor, waitStep},
	}
}

type actionRow struct {
	kind ActionKind
	of   func(Step) (a Action, ok bool)
}

// ActionKinds lists the kinds of action that there are.
func ActionKinds() []ActionKind {
	var kinds []ActionKind
	for _, row := range actionTable() {
		kinds = append(kinds, row.kind)
	}
	return kinds
}

// Action returns what the step does. It is never nil: one that does nothing, which no valid
// file has, has an action of no kind.
func (s Step) Action() Action {
	if all := s.actions(); len(all) > 0 {
		return all[0]
	}
	return noAction{}
}

// actions lists what the step does: exactly one thing where its file is valid.
func (s Step) actions() []Action {
	var all []Action
	for _, row := range actionTable() {
		if a, ok := row.of(s); ok {
			all = append(all, a)
		}
	}
	return all
}

// Effect is what an action does to a lab, as far as others have to know.
type Effect struct {
	Acts      bool // it does something; else it only waits
	TakenBack bool // it has an inverse, which is carried out at the end of the trial at the latest
	Counted   bool // its record says how often it acted, and never is no stimulus
	// Nodes are those that it acts on or looks at, those of a link aside.
	Nodes []string
	// Lines are the commands that it gives its node, by Channel.
	Lines   []string
	Channel Channel
	// Longest is the longest time it can take by itself, the device's own time aside.
	Longest time.Duration
}

// named is the list of a node, empty where none is named.
func named(node string) []string {
	if node == "" {
		return nil
	}
	return []string{node}
}

func orDefault(d, def Duration) Duration {
	if d > 0 {
		return d
	}
	return def
}

// noAction is that of a step that does nothing.
type noAction struct{}

// Kind implements Action.
func (noAction) Kind() ActionKind { return "" }

// Title implements Action.
func (noAction) Title() string { return "" }

// Words implements Action.
func (noAction) Words() string { return "" }

// Describe implements Action.
func (noAction) Describe() string { return "" }

// Effect implements Action.
func (noAction) Effect() Effect { return Effect{Acts: true} }

func (noAction) takes(*checker, string) bool { return false }

func (noAction) check(*checker, string) {}
