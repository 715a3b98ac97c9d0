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
// lifetimes, the reachability of neighbours that are there, and the number of an interface's other end; what an interface that
// came up comes to, which is the duplicate address detection of its addresses (RFC 4862 section 5.4), unless that fails, and what
// the kernel adds when a link-local one is through; and what ps says of whoever asked, of time that is used up, and of
// whether a process just runs.
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
		`(?m)^(\d+: .*\bLOWER_UP\b.*) state (?:UP|UNKNOWN) `, "$1 state <up> ", // the kernel tells of a carrier a moment later
		`(?m)^(?:local|anycast) fe80::\S* dev \S+ (?:table local )?proto kernel .*(?:\n|\z)`, "",
		`(?m)^multicast ff00::/8 dev \S+ (?:table local )?proto kernel .*(?:\n|\z)`, "",
		`(?m)^ *\d+ \S+ +\S+ +\d+:\d\d( +(?:\\_ )?(?:ba)?sh(?: -.*)?)\n *\d+ \S+ +\S+ +\d+:\d\d( +\\_ ps \S+)$`, "<pid>$1\n<pid>$2",
		`(?m)^( *\d+ +\S+ +)[RS](\S* +)\d+:\d\d `, "$1<runs>$2<time> ",
	), volatile.Except(
		`\bdadfailed\b`,
		`^( +inet6 \S+ scope .*) tentative\b`, "$1",
	), volatile.Except(
		`ommunit|`+dated, // a large community of three numbers looks like an age
		// No part of a hardware address, of a date or of a time of the clock, which alone has a fraction.
		`(^|[^:.\w])\d\d:\d\d:\d\d($|[^:.\w]|\.(?:$|\D))`, "$1<age>$2",
	))
})
