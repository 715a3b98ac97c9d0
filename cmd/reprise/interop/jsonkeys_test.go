package interop

import (
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
)

func TestJSONKeys(t *testing.T) {
	clitest.JSONKeys(t, []listedSuite{}, shownSuite{}, ranMatrix{}, plannedMatrix{}, matrixChoices{})
}
