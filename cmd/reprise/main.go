// Command reprise duplicates a customer's network problem in a lab, proves it with
// numbers, and writes down everything it saw.
//
// This package is the only place that names concrete drivers and providers. Each verb
// has a file of its own; exit.go maps every error and verdict to the documented exit
// codes.
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
	return execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}
