package node

import (
	"context"
	"regexp"
	"sync"

	"github.com/reprise-lab/reprise/drivers"
)

// question is what programs are asked, and answer what they said.
type (
	question struct{ programs, script string }
	answer   struct{ drivers.Exchange }
)

// answers are what programs said of themselves, on whichever node of this process they were asked first.
//
//nolint:gochecknoglobals // what they say never changes
var answers sync.Map // of question: answer

// AskPrograms runs a script whose answer depends on the node's programs alone, as Try does. Where the node's host knows
// that another node of this process has the same, and that one gave an answer that sound matches, it is that one's:
// a program is not begun to say the same again.
func (n *Node) AskPrograms(ctx context.Context, op, script string, sound *regexp.Regexp) (drivers.Exchange, error) {
	teller, ok := drivers.As[drivers.ProgramsTeller](n.Target.Host)
	if !ok {
		return n.Try(ctx, op, script)
	}
	programs, err := teller.Programs(ctx)
	if err != nil {
		return drivers.Exchange{}, n.Fail(op, err)
	}
	if programs == "" {
		return n.Try(ctx, op, script)
	}
	asked := question{programs, script}
	if known, ok := answers.Load(asked); ok {
		return known.(answer).Exchange, nil
	}
	x, err := n.Try(ctx, op, script)
	if err == nil && !x.Truncated && sound.MatchString(x.Output) {
		answers.Store(asked, answer{x})
	}
	return x, err
}
