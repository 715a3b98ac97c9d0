package scenarios

import (
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// Step is one action of a stimulus or workaround, exactly one of those of [ActionKinds]. It is
// carried out once, or as its Repeat says.
type Step struct {
	Name string `yaml:"name" json:"name,omitempty" jsonschema_description:"What the step does, for the timeline."`
	Node string `yaml:"node" json:"node,omitempty" jsonschema_description:"The node to act on."`

	Configure []string `yaml:"configure" json:"configure,omitempty" jsonschema_description:"Configuration lines in the platform's language; a line that the device refuses makes the trial inconclusive."`
	Run       string   `yaml:"run" json:"run,omitempty" jsonschema_description:"A command for the node's command line."`
	Exec      string   `yaml:"exec" json:"exec,omitempty" jsonschema_description:"A command for the shell beneath the platform."`
	Exit      Statuses `yaml:"exit" json:"exit,omitempty" jsonschema_description:"Exit status that exec may end with, or a list of them, and run where the platform has statuses; default 0. Any other makes the trial inconclusive. any takes every status of a command that could be run."`
	MayFail   bool     `yaml:"may-fail" json:"may-fail,omitempty" jsonschema_description:"For run and exec: the step has taken place whatever comes of the command, a refusal, another status, or a connection that broke. For what ends the very program that it asks."`

	Timeout Duration `yaml:"timeout" json:"timeout,omitempty" jsonschema_description:"For run and exec: the command is given up after this time of the lab; default 60s of this machine's."`

	Link        string                `yaml:"link" json:"link,omitempty" jsonschema_description:"Endpoint node:interface that a fault acts on."`
	Fault       Fault                 `yaml:"fault" json:"fault,omitempty" jsonschema_description:"On a link: down, up, flap, replug, and on its frames drop, delay, duplicate, corrupt, reorder, truncate, rate, mtu, hold. On a node: kill, restart, pause."`
	Process     string                `yaml:"process" json:"process,omitempty" jsonschema_description:"Daemon that a fault on a node acts on; restart without one restarts the node."`
	Signal      string                `yaml:"signal" json:"signal,omitempty" jsonschema_description:"Signal of kill; default SIGKILL."`
	Ends        string                `yaml:"ends" json:"ends,omitempty" jsonschema_description:"For up: the fault that it ends, by the name of its step or as stimulus.N; without it, the first that is in force on the link."`
	For         Duration              `yaml:"for" json:"for,omitempty" jsonschema_description:"The fault is taken back after this time, and the next step waits for that; without it, at the end of the trial."`
	Background  bool                  `yaml:"background" json:"background,omitempty" jsonschema_description:"With for: the next steps, and the symptom, do not wait for the end of the fault. It is taken back after its time, at the latest at the end of the trial."`
	Arm         *Condition            `yaml:"arm" json:"arm,omitempty" jsonschema_description:"The fault takes force when this condition holds, or with {step: NAME} when that later step begins; the next steps, and the symptom, do not wait for it. One that never took force by when the symptom is decided makes the trial inconclusive."`
	Disarm      *Condition            `yaml:"disarm" json:"disarm,omitempty" jsonschema_description:"The fault is taken back when this condition holds, looked at from when the fault took force, or with {step: NAME} when that later step begins, at the latest at the end of the trial. Lines of a log and frames count from when it took force. The next steps, and the symptom, do not wait for it."`
	Times       int                   `yaml:"times" json:"times,omitempty" jsonschema:"minimum=1,maximum=1000" jsonschema_description:"Number of flaps; default 1."`
	Every       Duration              `yaml:"every" json:"every,omitempty" jsonschema_description:"Time up between two flaps; default 1s."`
	Direction   Direction             `yaml:"direction" json:"direction,omitempty" jsonschema_description:"Frames that a fault acts on, seen from the link's endpoint: in, those that would arrive there; out, those it sends; both. Default in."`
	Match       topologies.FrameMatch `yaml:"match" json:"match,omitzero" jsonschema_description:"Frames that a fault acts on; empty means all. Fields of IP are looked for behind VLAN tags."`
	Probability float64               `yaml:"probability" json:"probability,omitempty" jsonschema:"exclusiveMinimum=0,maximum=1" jsonschema_description:"Share of the matching frames that are acted on; default 1."`
	MayMiss     bool                  `yaml:"may-miss" json:"may-miss,omitempty" jsonschema_description:"A fault on frames that met none is fine; without this the trial is then inconclusive."`
	Filter      string                `yaml:"filter" json:"filter,omitempty" jsonschema_description:"Frames that a fault acts on, in tcpdump's syntax; beside match, both must hold."`
	Nth         int                   `yaml:"nth" json:"nth,omitempty" jsonschema:"minimum=1" jsonschema_description:"The first frame that is acted on, of those that match since the fault took force, from 1. Without count it is the only one. Each direction counts for itself."`
	Count       int                   `yaml:"count" json:"count,omitempty" jsonschema:"minimum=1" jsonschema_description:"How many frames are acted on, from nth; default 1 with nth, else all."`
	EveryNth    int                   `yaml:"every-nth" json:"every-nth,omitempty" jsonschema:"minimum=2" jsonschema_description:"Of the frames that match, every so manieth is acted on, the first of them at nth, or else the so manieth."`
	Seed        int64                 `yaml:"seed" json:"seed,omitempty" jsonschema:"minimum=1" jsonschema_description:"Of probability and jitter: with the same seed, the same frames are picked in their order. Without one it is drawn, and recorded where that is possible."`
	Sent        Sent                  `yaml:"transmission" json:"transmission,omitempty" jsonschema_description:"Frames that a fault acts on, by whether their message has been sent since the fault took force: first, those that have something new, or again, those that only repeat. LSAs, LSPs and data of TCP are told apart as their protocols do, other messages by their bytes."`
	Expect      *FaultExpect          `yaml:"expect" json:"expect,omitempty" jsonschema_description:"How often a fault on frames has to act; otherwise the trial is inconclusive."`
	Delay       Duration              `yaml:"delay" json:"delay,omitempty" jsonschema_description:"Of delay: how much later frames arrive."`
	Jitter      Duration              `yaml:"jitter" json:"jitter,omitempty" jsonschema_description:"Of delay: so much more or less, each as likely."`
	Reorder     bool                  `yaml:"reorder" json:"reorder,omitempty" jsonschema_description:"Of delay: frames that have less of it overtake others; without this they keep their order."`
	Offset      int                   `yaml:"offset" json:"offset,omitempty" jsonschema:"minimum=0" jsonschema_description:"Of corrupt: the byte that is changed, from the begin of the frame. No checksum is made right."`
	XOR         int                   `yaml:"xor" json:"xor,omitempty" jsonschema:"minimum=1,maximum=255" jsonschema_description:"Of corrupt: the bits of the byte that are turned over; default 255."`
	After       int                   `yaml:"after" json:"after,omitempty" jsonschema:"minimum=1" jsonschema_description:"Of reorder: how many frames that match overtake; default 1."`
	Size        int                   `yaml:"size" json:"size,omitempty" jsonschema_description:"Of truncate: the bytes of a frame that are left. Of mtu: the longest packet, header and all, that the link carries."`
	Rate        int64                 `yaml:"rate" json:"rate,omitempty" jsonschema:"minimum=1" jsonschema_description:"Of rate: bits a second."`
	Queue       int                   `yaml:"queue" json:"queue,omitempty" jsonschema:"minimum=1" jsonschema_description:"Of rate: bytes that may wait, more are lost; default 65536."`

	Hold Duration `yaml:"hold" json:"hold,omitempty" jsonschema_description:"Wait this long. Prefer wait-for."`
	Why  string   `yaml:"why" json:"why,omitempty" jsonschema_description:"Why a hold is needed and no condition can be waited for."`

	Steps    []Step  `yaml:"steps" json:"steps,omitempty" jsonschema_description:"A group of steps, one after the other; with repeat, all of them time and again."`
	Together []Step  `yaml:"together" json:"together,omitempty" jsonschema_description:"A group of steps that begin at the same time, side by side. It ends when all have; one that does not work makes the trial inconclusive."`
	Repeat   *Repeat `yaml:"repeat" json:"repeat,omitempty" jsonschema_description:"The step, or the group, is carried out so often, each beginning so long after the one before. One that begins late is told, and makes the trial inconclusive."`

	WaitFor *Condition `yaml:"wait-for" json:"wait-for,omitempty" jsonschema_description:"Go on when this condition holds; when it does not, the trial is inconclusive."`
}

// Lane is where the step acts: a link's end, or a node; empty for what acts nowhere.
func (s Step) Lane() string {
	if s.Link != "" {
		return s.Link
	}
	return s.Node
}

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
		{ActSteps, stepsStep},
		{ActTogether, togetherStep},
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
