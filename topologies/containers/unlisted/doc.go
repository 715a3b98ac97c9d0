// Package unlisted keeps a library of package containers from listing the machine's processes at every
// start of a program that may use containers, whatever it is started for.
//
// testcontainers-go looks for the process that started this one while it is initialised, to name a
// session of tests that nothing here asks for; for that it opens several files of each process of the
// machine. Where it finds no /proc, it takes a random name. It looks where $HOST_PROC says
// (gopsutil's common.HostProc), and that is nowhere from the initialisation of this package to
// [Restore].
//
// Packages are initialised in the order of their import paths, once what they import is (The Go
// Programming Language Specification, Program initialization). This one imports nothing that
// that library does not, and its path is the lesser one.
package unlisted

import "os"

const (
	variable = "HOST_PROC"
	nowhere  = "/dev/null/proc"
)

var _ = hide()

// hide has the list be looked for where none is. A place that somebody has given stays.
func hide() error {
	if _, given := os.LookupEnv(variable); given {
		return nil
	}
	return os.Setenv(variable, nowhere)
}

// Restore ends that. Who imports the library calls it while it is initialised itself: what runs
// afterwards, and what it starts, finds the environment as it was given.
func Restore() error {
	if os.Getenv(variable) != nowhere {
		return nil
	}
	return os.Unsetenv(variable)
}
