package lab

import (
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
)

func TestJSONKeys(t *testing.T) {
	clitest.JSONKeys(t, imageList{}, checked{}, restored{}, removed{}, simulated{}, deviceList{}, shownDevice{}, inferredLab{})
}
