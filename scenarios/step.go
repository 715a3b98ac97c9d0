package scenarios

import (
	"fmt"
	"strings"
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

// Action names what a step does.
type Action string

// Actions of a step.
const (
	ActConfigure Action = "configure"
	ActRun       Action = "run"
	ActExec      Action = "exec"
	ActFault     Action = "fault"
	ActHold      Action = "hold"
	ActWaitFor   Action = "wait-for"
)

// Action tells what the step does; "" when the file was not valid.
func (s Step) Action() Action {
	if a := s.actions(); len(a) > 0 {
		return a[0]
	}
	return ""
}

func (s Step) actions() []Action {
	var out []Action
	for _, a := range []struct {
		action Action
		set    bool
	}{
		{ActConfigure, len(s.Configure) > 0},
		{ActRun, s.Run != ""},
		{ActExec, s.Exec != ""},
		{ActFault, s.Fault != ""},
		{ActHold, s.Hold > 0},
		{ActWaitFor, s.WaitFor != nil},
	} {
		if a.set {
			out = append(out, a.action)
		}
	}
	return out
}

// Longest is the longest time the step can take by itself, the device's own time aside.
func (s Step) Longest() time.Duration {
	switch s.Action() {
	case ActHold:
		return time.Duration(s.Hold)
	case ActWaitFor:
		return s.WaitFor.Longest()
	case ActFault:
		if s.Background {
			return 0
		}
		if s.Fault == FaultFlap {
			return time.Duration(max(s.Times, 1)) * time.Duration(s.FlapDown()+s.FlapUp())
		}
		return time.Duration(s.For)
	default:
		return 0
	}
}

// Describe gives a fault in one line, for people.
func (s Step) Describe() string {
	words := []string{string(s.Fault)}
	if s.Process != "" {
		words = append(words, s.Process)
	}
	if s.Signal != "" {
		words = append(words, "with "+s.Signal)
	}
	if s.Direction != "" {
		words = append(words, "direction "+string(s.Direction))
	}
	for _, m := range []struct{ key, value string }{
		{"src-mac", s.Match.SrcMAC},
		{"dst-mac", s.Match.DstMAC},
		{"ethertype", s.Match.EtherType},
		{"proto", s.Match.Proto},
		{"src-ip", s.Match.SrcIP},
		{"dst-ip", s.Match.DstIP},
	} {
		if m.value != "" {
			words = append(words, m.key+" "+m.value)
		}
	}
	if s.Match.SrcPort != 0 {
		words = append(words, fmt.Sprintf("src-port %d", s.Match.SrcPort))
	}
	if s.Match.DstPort != 0 {
		words = append(words, fmt.Sprintf("dst-port %d", s.Match.DstPort))
	}
	if s.Probability != 0 {
		words = append(words, fmt.Sprintf("with probability %g", s.Probability))
	}
	if s.Fault == FaultFlap {
		words = append(words, fmt.Sprintf("%d times, down %s, up %s", max(s.Times, 1), s.FlapDown(), s.FlapUp()))
	} else if s.For > 0 {
		words = append(words, "for "+s.For.String())
	}
	if s.Background {
		words = append(words, "in the background")
	}
	return strings.Join(words, " ")
}

// FlapDown is how long a flapping link is down each time.
func (s Step) FlapDown() Duration { return orDefault(s.For, Duration(time.Second)) }

// FlapUp is how long a flapping link is up between two flaps.
func (s Step) FlapUp() Duration { return orDefault(s.Every, Duration(time.Second)) }

func orDefault(d, def Duration) Duration {
	if d > 0 {
		return d
	}
	return def
}
