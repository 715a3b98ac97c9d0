package interop

import (
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
	"github.com/reprise-lab/reprise/harness/result"
)

func TestReportJSONKeys(t *testing.T) {
	clitest.JSONKeys(t, result.MatrixReport{}, result.MatrixDiff{})
}
