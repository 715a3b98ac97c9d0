package containers_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/testcontainers/testcontainers-go"

	"github.com/reprise-lab/reprise/topologies/containers"
)

// testcontainers-go names its session at random where it has not looked for the process that started
// this one among those of the machine; else by a digest. The environment is as it was given.
func TestProcessesAreNotListed(t *testing.T) {
	t.Parallel()
	switch at := os.Getenv("HOST_PROC"); {
	case strings.HasPrefix(at, os.DevNull):
		t.Errorf("HOST_PROC is still %s", at)
	case at != "":
		t.Skip("HOST_PROC is " + at) //nolint:forbidigo // who runs the tests has given it
	}
	// To ask has the library read its settings, for good: those of a provider have to be made by then.
	if _, err := containers.New(containers.Options{}); err != nil {
		t.Fatal(err)
	}
	if id := testcontainers.SessionID(); len(id) == hex.EncodedLen(sha256.Size) {
		t.Errorf("the machine's processes were listed at the start of this program: the session is %s", id)
	}
}
