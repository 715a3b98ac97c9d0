// Package livetest decides what becomes of a test that lacks what it needs: a container
// engine, an image, a guest, a program, time.
//
// On a developer's machine such a test is skipped, with the reason. Where CI runs, all that
// can be installed has been, and a skipped test would be one that nobody notices is gone: it
// fails there. What cannot be installed, such as an ability of the kernel, is no matter of
// this package: a test says so itself, with t.Skip, and the linter asks it for the reason.
//
// It is a leaf, for tests alone.
package livetest

import (
	"os"
	"testing"
)

// Env is the environment variable that, set to 1, forbids to skip what Missing is told of.
// CI sets it.
const Env = "REPRISE_CI_NO_SKIP"

// Strict reports whether a test that lacks something that can be installed must fail.
func Strict() bool { return os.Getenv(Env) == "1" }

// Missing ends a test that lacks what can be installed: it fails where Strict, and is skipped
// elsewhere. what names what is missing, and why says how that is known; it may be nil.
func Missing(tb testing.TB, what string, why error) {
	tb.Helper()
	reason := "needs " + what
	if why != nil {
		reason += ": " + why.Error()
	}
	if Strict() {
		tb.Fatalf("%s, and %s=1 says that all is installed", reason, Env)
	}
	tb.Skip(reason) //nolint:forbidigo // this is where others are sent to
}

// Long skips a test that takes long where -short asks for it. what says what takes long.
func Long(tb testing.TB, what string) {
	tb.Helper()
	if testing.Short() {
		tb.Skip("-short: ", what) //nolint:forbidigo // this is where others are sent to
	}
}
