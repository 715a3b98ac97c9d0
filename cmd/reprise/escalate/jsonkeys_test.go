package escalate

import (
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
)

func TestJSONKeys(t *testing.T) {
	clitest.JSONKeys(t, confirmed{}, createdResult{}, diffed{}, opened{}, sheets{}, shownCase{}, shownResult{}, verifiedBundle{}, escalated{}, importedCase{}, draftedCase{}, triedCase{}, cellCase{})
}
