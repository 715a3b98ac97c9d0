package cli

import (
	"fmt"
	"strconv"

	"github.com/spf13/pflag"
)

// countFlag is a number of trials. Where it is given it is at least one: none at all says
// nothing, and is not what leaving the flag out means.
type countFlag struct{ into *int }

// MaxCount bounds what a flag may ask for.
const MaxCount = 10000

func (c countFlag) String() string {
	if c.into == nil {
		return "0"
	}
	return strconv.Itoa(*c.into)
}

func (c countFlag) Type() string { return "int" }

func (c countFlag) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > MaxCount {
		return fmt.Errorf("want 1 to %d", MaxCount)
	}
	*c.into = n
	return nil
}

// CountVar adds a flag for a number of trials; 0 in into is what leaving it out gives.
func CountVar(fl *pflag.FlagSet, into *int, name, short, usage string) {
	fl.VarP(countFlag{into}, name, short, usage)
}
