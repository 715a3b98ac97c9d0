package session

import (
	"fmt"

	"go.yaml.in/yaml/v4"
)

// Dialect is how a command line speaks, as a person writes it: platform knowledge as data.
// Patterns are Go regular expressions over text with "\n" line ends. A session needs it
// compiled ([Dialect.Compile]).
type Dialect struct {
	Name string `yaml:"name"`
	// Argv starts the command line on the node's terminal.
	Argv []string `yaml:"argv"`
	// Prompt matches a prompt, without anchors.
	Prompt string `yaml:"prompt"`
	// Marker is a harmless line, with %s for a nonce, that the device answers at once
	// with text matching MarkerAnswer (%s again stands for the nonce). It is sent after
	// every command: the answer is complete when the marker's own answer has come. The
	// answer need not repeat the nonce: its echo stands before it.
	Marker       string `yaml:"marker"`
	MarkerAnswer string `yaml:"marker-answer"`
	// SilentMarker says that the marker may be answered with nothing but a prompt, as a
	// comment is: its echo alone then marks.
	SilentMarker bool `yaml:"silent-marker"`
	// OnOpen are commands sent once per session; a refused one fails the opening.
	OnOpen []string `yaml:"on-open"`
	// Literal prefixes a character that the line editor would act upon.
	Literal map[string]string `yaml:"literal"`
	// Notices match whole lines that do not belong to the answer (reconnection
	// messages …); they are moved to Exchange.Notices.
	Notices []string `yaml:"notices"`
	// Stale matches a notice after which the session should be replaced.
	Stale []string `yaml:"stale"`
	// Lost matches a notice that tells that the answer is incomplete: it makes it a refusal.
	Lost []string `yaml:"lost"`
	// Refused match lines with which the device refuses any command, RefusedConfig lines
	// with which it refuses a configuration line.
	Refused       []string `yaml:"refused"`
	RefusedConfig []string `yaml:"refused-config"`

	// OnOpenOptional are sent after OnOpen and may be refused: a read-only account has not
	// every command. Of several joined by " || " the first that is not refused is the last
	// that is sent.
	OnOpenOptional []string `yaml:"on-open-optional"`
	// Pagers match what a pager says at the end of a page, each with the key that goes on.
	// The pager's words are cut out of the answer.
	Pagers []Pager `yaml:"pagers"`
	// Questions match what the device asks before it goes on with a command, at the end of
	// what was read, each with the harmless reply.
	Questions []Question `yaml:"questions"`
	// Login is how to come from an open stream to the first prompt, first match first; empty
	// where the prompt comes by itself.
	Login []LoginStep `yaml:"login"`
	// Denied matches the device's words when it does not believe the credentials.
	Denied []string `yaml:"denied"`
	// ClearLine is typed before anything else on a line that somebody else may have left in
	// any state, so that a half-typed command is not sent.
	ClearLine string `yaml:"clear-line"`
	// OnClose are typed on a console before it is left, so that nobody finds it open.
	OnClose []string `yaml:"on-close"`
	// KeepNotices matches commands whose answers hold lines that look like notices.
	KeepNotices []string `yaml:"keep-notices"`
}

// Pager is one pager.
type Pager struct {
	See  string `yaml:"see"`
	Send string `yaml:"send"`
}

// Question is one question.
type Question struct {
	See   string `yaml:"see"`
	Reply string `yaml:"reply"`
	// Key says that one key answers it, without a return: a return behind it may answer the
	// next question. Where nothing but a notice comes of the key for five seconds, the return follows.
	Key bool `yaml:"key"`
}

// LoginStep is what to do about something seen on the way to the first prompt.
type LoginStep struct {
	See  string  `yaml:"see"`
	Do   LoginDo `yaml:"do"`
	Text string  `yaml:"text"`
}

// LoginDo is what a login step does. The zero value is invalid.
type LoginDo string

// What a login step does.
const (
	LoginUser     LoginDo = "user"     // type the user's name
	LoginPassword LoginDo = "password" // type the password
	LoginSend     LoginDo = "send"     // type Text and a return
	LoginKey      LoginDo = "key"      // type Text alone
	LoginWait     LoginDo = "wait"     // the device is not ready; what it says next counts
)

// ParseDialect reads a dialect from YAML and compiles it. Unknown keys are errors as well.
func ParseDialect(data []byte) (*CompiledDialect, error) {
	var d Dialect
	if err := yaml.Load(data, &d, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("read dialect: %w", err)
	}
	return d.Compile()
}
