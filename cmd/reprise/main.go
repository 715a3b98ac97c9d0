// Command reprise duplicates a customer's network problem in a lab, proves it with
// numbers, and writes down everything it saw.
//
// Verbs are in a package per group; cli is what they share and maps every error and verdict
// to the documented exit codes; labs alone opens what builds labs, and main gives it to them.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/reprise-lab/reprise/cmd/reprise/reproduce"
)

func main() { os.Exit(realMain()) }

func realMain() int {
	if code, ok := reproduce.HiddenVerb(os.Args[1:]); ok {
		return code
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	surviveReaders()
	return execute(ctx, os.Args[1:], os.Stdin, piped(os.Stdout, cancel), piped(os.Stderr, cancel))
}
