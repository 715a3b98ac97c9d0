// Package doctor has the words in which a provider says what it needs of this machine:
// what was looked at, what is lost without it, how to get it. What can be installed comes
// from the distribution's packages and from nowhere else.
package doctor

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/topologies"
)

// Check is one thing that was looked at.
type Check struct {
	Name     string `json:"name"`
	OK       bool   `json:"ok"`
	Optional bool   `json:"optional,omitempty"` // labs can be built without it
	Unknown  bool   `json:"unknown,omitempty"`  // it could not be looked at; Detail says why
	Detail   string `json:"detail,omitempty"`   // a version, or the reason
	Lost     string `json:"lost,omitempty"`     // what is lost without it
	Fix      string `json:"fix,omitempty"`      // what to do about it
}

// Ready says whether labs can be built: nothing that is needed is missing.
func Ready(checks []Check) bool {
	return !slices.ContainsFunc(checks, func(c Check) bool { return !c.OK && !c.Optional && !c.Unknown })
}

// Either returns the checks of two ways to build a lab, of which one is enough: where all of the
// second's are well, it comes before the first, which is optional. Of what could not be looked at since the first thing
// of the first way is missing, its names alone are then told, as lost with that.
func Either(first, second []Check) []Check {
	if len(first) == 0 || slices.ContainsFunc(second, func(c Check) bool { return !c.OK }) {
		return slices.Concat(first, second)
	}
	var unseen []string
	checks := slices.Clone(second)
	for i, c := range first {
		if c.Optional = true; i > 0 && !first[0].OK && c.Unknown {
			unseen = append(unseen, c.Name)
			continue
		}
		checks = append(checks, c)
	}
	if at := &checks[len(second)]; len(unseen) > 0 {
		at.Lost = strings.TrimPrefix(at.Lost+", with its "+strings.Join(unseen, ", "), ", ")
	}
	return checks
}

// Tidy takes out of checks that are well what would be lost and what to do.
func Tidy(checks []Check) []Check {
	for i := range checks {
		if checks[i].OK {
			checks[i].Lost, checks[i].Fix = "", ""
		}
	}
	return checks
}

// Need is a program and the package it comes in.
type Need struct{ Program, Package string }

// Find gives the path of a program, also where an ordinary user's PATH does not lead.
func (n Need) Find() (string, error) {
	path, err := exec.LookPath(n.Program)
	if err == nil {
		return path, nil
	}
	if sbin := "/usr/sbin/" + n.Program; exists(sbin) {
		return sbin, nil
	}
	return "", err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Install gets what is missing from the distribution. fix is the command that may be run
// again with more rights. Where nothing may be installed, the error is a
// *topologies.MissingError that says what to do by hand.
func Install(ctx context.Context, fix string, progress func(string), needs ...Need) error {
	var missing []string
	for _, n := range needs {
		if _, err := n.Find(); err != nil {
			missing = append(missing, n.Package)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	by := "apt-get install " + strings.Join(missing, " ")
	_, err := exec.LookPath("apt-get")
	switch {
	case err != nil:
		return &topologies.MissingError{What: "package", Name: strings.Join(missing, ", "), Hint: "this is neither Debian nor Ubuntu: install it with the system's own means"}
	case os.Geteuid() != 0:
		return &topologies.MissingError{What: "package", Name: strings.Join(missing, ", "), Hint: "run: sudo " + fix + "; or as root: " + by}
	}
	progress("installing " + strings.Join(missing, ", "))
	args := append([]string{"install", "--yes", "--no-install-recommends"}, missing...)
	if err := apt(ctx, args...); err == nil {
		return nil
	} else if ctx.Err() != nil {
		return ctx.Err()
	}
	progress("reading the package lists") // there were none, or they were old
	if err := apt(ctx, "update"); err != nil {
		return err
	}
	return apt(ctx, args...)
}

func apt(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", args...) //nolint:gosec // fixed arguments
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, Tail(out))
	}
	return nil
}

// Tail gives the last lines of a program's output.
func Tail(out []byte) string {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	const keep = 8
	if len(lines) > keep {
		lines = lines[len(lines)-keep:]
	}
	return string(bytes.Join(lines, []byte("\n")))
}
