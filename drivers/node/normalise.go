package node

import (
	"sync"

	"github.com/reprise-lab/reprise/drivers/volatile"
)

// Normalise implements drivers.Normaliser.
func (n *Node) Normalise(_, output string) string {
	return volatile.Apply(volatile.Apply(output, n.volatile), common())
}

// dated finds a line with a date. A time beside a date is no age.
const dated = `\b\d{4}[-/]\d\d[-/]\d\d[T ]|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d `

// common is what changes by itself on every node: ages, and what iproute2 says of counters,
// lifetimes, the reachability of neighbours that are there, and the number of an interface's other end.
//
//nolint:gochecknoglobals // what it gives never changes
var common = sync.OnceValue(func() []volatile.Rule {
	return append(volatile.Rules(
		// Traffic comes and goes; errors do not.
		`(?m)^    RX: +bytes +packets +errors +dropped +(missed|overrun) +mcast *\n +\d+ +\d+ +(\d+) +\d+ +(\d+) +\d+ *$`,
		"    RX: bytes packets errors dropped $1 mcast\n        <counter> <counter> $2 <counter> $3 <counter>",
		`(?m)^    TX: +bytes +packets +errors +dropped +carrier +collsns *\n +\d+ +\d+ +(\d+) +\d+ +(\d+) +(\d+) *$`,
		"    TX: bytes packets errors dropped carrier collsns\n        <counter> <counter> $1 <counter> $2 $3",
		`(?m)^(    (?:RX|TX): +[a-z].*\n)[ \d]+$`, "$1             <counters>",
		`\b(valid_lft|preferred_lft) \d+sec`, "$1 <time>",
		`(?m)^(\S+ dev \S+ (?:.*)lladdr \S+ (?:.*))(?:REACHABLE|STALE|DELAY|PROBE)\b`, "$1<reachable>",
		`(\w)@if\d+:`, "$1@if<number>:",
		`\b(expires|age) \d+(?:\.\d+)?sec`, "$1 <time>",
	), volatile.Except(
		`ommunit|`+dated, // a large community of three numbers looks like an age
		// No part of a hardware address, of a date or of a time of the clock, which alone has a fraction.
		`(^|[^:.\w])\d\d:\d\d:\d\d($|[^:.\w]|\.(?:$|\D))`, "$1<age>$2",
	))
})
