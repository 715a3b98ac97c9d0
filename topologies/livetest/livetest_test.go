package livetest_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/reprise-lab/reprise/topologies/livetest"
)

// told is a test that notes how it was ended.
type told struct {
	testing.TB
	failed, skipped string
}

func (f *told) Helper() {}

func (f *told) Fatalf(format string, args ...any) {
	f.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (f *told) Skip(args ...any) {
	f.skipped = fmt.Sprint(args...)
	runtime.Goexit()
}

// end runs a function as a test is run, and tells how it ended.
func end(do func(testing.TB)) (f told) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do(&f)
	}()
	<-done
	return f
}

func TestMissing(t *testing.T) {
	for _, c := range []struct {
		name, env       string
		why             error
		failed, skipped string
	}{
		{"a developer's machine", "", errors.New("refused"), "", "needs an engine: refused"},
		{"no reason", "", nil, "", "needs an engine"},
		{"CI", "1", errors.New("refused"), "needs an engine: refused, and REPRISE_CI_NO_SKIP=1 says that all is installed", ""},
		{"switched off", "0", nil, "", "needs an engine"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(livetest.Env, c.env)
			f := end(func(tb testing.TB) {
				tb.Helper()
				livetest.Missing(tb, "an engine", c.why)
				t.Error("the test went on")
			})
			if f.failed != c.failed || f.skipped != c.skipped {
				t.Errorf("failed %q, skipped %q", f.failed, f.skipped)
			}
		})
	}
}

// TestLong: what takes long is skipped where -short asks for it, in CI too, and runs elsewhere.
func TestLong(t *testing.T) {
	t.Setenv(livetest.Env, "1")
	f := end(func(tb testing.TB) {
		tb.Helper()
		livetest.Long(tb, "it writes much")
	})
	want := ""
	if testing.Short() {
		want = "-short: it writes much"
	}
	if f.failed != "" || f.skipped != want {
		t.Errorf("failed %q, skipped %q", f.failed, f.skipped)
	}
}
