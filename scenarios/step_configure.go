package scenarios

import "strings"

// ActConfigure is the kind of [ConfigureStep].
const ActConfigure ActionKind = "configure"

// ConfigureStep gives a node configuration lines.
type ConfigureStep Step

func configureStep(s Step) (Action, bool) { return ConfigureStep(s), len(s.Configure) > 0 }

// Kind implements Action.
func (ConfigureStep) Kind() ActionKind { return ActConfigure }

// Title implements Action.
func (s ConfigureStep) Title() string { return "configure " + s.Words() }

// Words implements Action.
func (s ConfigureStep) Words() string { return strings.Join(s.Configure, " / ") }

// Describe implements Action.
func (s ConfigureStep) Describe() string { return "configure:\n" + strings.Join(s.Configure, "\n") }

// Effect implements Action.
func (s ConfigureStep) Effect() Effect {
	return Effect{Acts: true, Nodes: named(s.Node), Channel: CommandLine, Lines: s.Configure}
}

func (ConfigureStep) takes(_ *checker, key string) bool { return key == "node" }

func (s ConfigureStep) check(c *checker, where string) { c.sending(where, Step(s)) }
