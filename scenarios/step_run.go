package scenarios

import (
	"strings"
	"time"
)

// ActRun is the kind of [RunStep].
const ActRun ActionKind = "run"

// RunStep gives a node's command line a command.
type RunStep Step

func runStep(s Step) (Action, bool) { return RunStep(s), s.Run != "" }

// Kind implements Action.
func (RunStep) Kind() ActionKind { return ActRun }

// Title implements Action.
func (s RunStep) Title() string { return s.Run }

// Words implements Action.
func (s RunStep) Words() string { return strings.Join(strings.Fields(s.Run), " ") }

// Describe implements Action.
func (s RunStep) Describe() string { return "run: " + s.Run }

// Effect implements Action.
func (s RunStep) Effect() Effect {
	return Effect{Acts: true, Nodes: named(s.Node), Channel: CommandLine, Lines: []string{s.Run}, Longest: time.Duration(s.Timeout)}
}

func (s RunStep) takes(c *checker, key string) bool {
	return key == "node" || key == "may-fail" || key == "timeout" || key == "exit" && c.hasStatus(s.Node, CommandLine)
}

func (s RunStep) check(c *checker, where string) { c.sending(where, Step(s)) }
