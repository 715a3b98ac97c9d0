package node

import (
	"sync"

	"github.com/reprise-lab/reprise/drivers/volatile"
)

// Normalise implements drivers.Normaliser.
func (n *Node) Normalise(_, output string) string {
	return volatile.Apply(volatile.Apply(output, n.volatile), common())
}

// common is what changes by itself on every node: times of the software, and what iproute2 says of counters,
// lifetimes, the reachability of neighbours that are there, and the number of an interface's other end.
//
//nolint:gochecknoglobals // what it gives never changes
var common = sync.OnceValue(func() []volatile.Rule {
	return volatile.Rules(
		`(?m)^(    (?:RX|TX)(?: errors)?: +[a-z].*\n)[ \d]+$`, "$1             <counters>",
		`\b(valid_lft|preferred_lft) \d+sec`, "$1 <time>",
		`(?m)^(\S+ dev \S+ (?:.*)lladdr \S+ (?:.*))(?:REACHABLE|STALE|DELAY|PROBE)\b`, "$1<reachable>",
		`(\w)@if\d+:`, "$1@if<number>:",
		`\b(expires|age) \d+(?:\.\d+)?sec`, "$1 <time>",
		`\b\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?`, "<time>",
		`\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d(?: [A-Z]{3,4})?(?: \d{4})?`, "<time>",
		`(^|[^:.\w])\d\d:\d\d:\d\d(?:\.\d+)?($|[^:\w])`, "$1<age>$2", // and no part of a hardware address
	)
})
