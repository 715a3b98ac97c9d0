// Command wayout tries one way out of a node of a lab, as root in it, or all of them where it
// gets no argument. It is built by the tests of the providers and copied into a node.
//
// It prints what it found and ends with 0 where the way is open, 1 where it is closed, and
// 2 where it could not be tried. A way is only ever looked into: nothing is written to the
// machine beneath, and calls that would act have arguments that they refuse.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		if err := all(); err != nil {
			fmt.Println(err)
			os.Exit(2)
		}
		return
	}
	for _, w := range ways() {
		if w.name == os.Args[1] {
			report(w.try(os.Args[2:]))
		}
	}
	fmt.Println("there is no such way:", os.Args[1])
	os.Exit(2)
}

// errUntried says that a way could not be tried at all.
var errUntried = errors.New("it could not be tried")

// report ends the program with what came out. No error means that the way is open.
func report(found string, err error) {
	switch {
	case errors.Is(err, errUntried):
		fmt.Println("untried:", err)
		os.Exit(2)
	case err != nil:
		fmt.Println("closed:", err)
		os.Exit(1)
	default:
		fmt.Println("open:", found)
		os.Exit(0)
	}
}

// way is one way out.
type way struct {
	name string
	try  func(args []string) (found string, err error)
}

func ways() []way { return slices.Concat(mounts(), calls(), files(), others(), own()) }

// result is what came of one try.
type result struct {
	Name string
	Exit int
	Said string
}

// all tries every way in a process of its own, since some change the process that tries, and
// writes the results as JSON. The arguments of each, by its name, are read from standard input.
func all() error {
	args := map[string][]string{}
	if err := json.NewDecoder(os.Stdin).Decode(&args); err != nil {
		return err
	}
	var results []result
	for _, w := range ways() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		c := exec.CommandContext(ctx, "/proc/self/exe", append([]string{w.name}, args[w.name]...)...)
		out, err := c.CombinedOutput()
		cancel()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			return err
		}
		results = append(results, result{w.name, c.ProcessState.ExitCode(), strings.TrimSpace(string(out))})
	}
	return json.NewEncoder(os.Stdout).Encode(results)
}
