package namespaces_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/images/store"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/namespaces"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// The test binary also plays the program: the supervisor of a lab, the work on the store of
// images, and a process that owns a lab until it is killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case namespaces.Verb:
			os.Exit(namespaces.Serve(os.Args[2:]))
		case store.Verb:
			os.Exit(store.Serve(os.Args[2:]))
		case "__own":
			os.Exit(ownRing())
		case "__bare":
			os.Exit(serveBare())
		case "__gone":
			os.Exit(serveGone())
		}
	}
	os.Exit(m.Run())
}

// image is what the nodes of the tests run.
const image = "reprise/debian:bookworm"

// open gives a provider, or skips the test where this machine cannot have it.
func open(tb testing.TB) topologies.Provider {
	tb.Helper()
	livetest.Long(tb, "a lab of namespaces")
	p, err := namespaces.New(namespaces.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	if missing := topologiestest.Lacks(tb, p, image); missing != nil {
		tb.Skip(missing) //nolint:forbidigo // the kernel and its settings decide
	}
	return p
}

// supervisors lists the processes of a run's labs.
func supervisors(tb testing.TB, run string) []string {
	tb.Helper()
	var list []string
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		tb.Fatal(err)
	}
	for _, f := range files {
		line, err := os.ReadFile(f)
		if err == nil && strings.Contains(string(line), namespaces.Verb) && strings.Contains(string(line), fmt.Sprintf(`"run":%q`, run)) {
			list = append(list, f)
		}
	}
	return list
}

func subject() topologiestest.Subject {
	return topologiestest.Subject{Image: image, Init: "init", Open: open, Left: supervisors}
}

func TestSuite(t *testing.T) {
	t.Parallel()
	subject().Suite(t)
}
