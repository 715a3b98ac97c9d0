package reproduce

import (
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
)

func TestJSONKeys(t *testing.T) {
	clitest.JSONKeys(t, Outcome{}, rated{}, resetChosen{}, speedChosen{}, Rehearsal{}, judged{}, stateDiff{})
}
