package cli_test

import (
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
)

func TestJSONKeys(t *testing.T) {
	clitest.JSONKeys(t, cli.Planned{}, cli.Built{})
}
