// The program of a tester node alone, as tests put it into one.
package main

import (
	"os"

	"github.com/reprise-lab/reprise/drivers/tester/speaker"
)

func main() { os.Exit(speaker.Main(os.Args[2:], speaker.Tools{})) }
