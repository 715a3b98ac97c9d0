package scenarios

import (
	"strings"
	"time"
)

// ActExec is the kind of [ExecStep].
const ActExec ActionKind = "exec"

// ExecStep gives the shell beneath a node's platform a command.
type ExecStep Step

func execStep(s Step) (Action, bool) { return ExecStep(s), s.Exec != "" }

// Kind implements Action.
func (ExecStep) Kind() ActionKind { return ActExec }

// maxTitle bounds the title of a step whose command may be a script, in bytes.
const maxTitle = 100

// Title implements Action.
func (s ExecStep) Title() string {
	return shortened(s.Words())
}

// shortened keeps a title to its bound.
func shortened(title string) string {
	if len(title) > maxTitle {
		title = strings.ToValidUTF8(title[:maxTitle], "") + "…"
	}
	return title
}

// Words implements Action.
func (s ExecStep) Words() string { return strings.Join(strings.Fields(s.Exec), " ") }

// Describe implements Action.
func (s ExecStep) Describe() string { return "exec: " + strings.TrimSpace(s.Exec) }

// Effect implements Action.
func (s ExecStep) Effect() Effect {
	return Effect{Acts: true, Nodes: named(s.Node), Channel: Shell, Lines: []string{s.Exec}, Longest: time.Duration(s.Timeout)}
}

func (ExecStep) takes(_ *checker, key string) bool {
	return key == "node" || key == "may-fail" || key == "exit" || key == "timeout"
}

func (s ExecStep) check(c *checker, where string) { c.sending(where, Step(s)) }
