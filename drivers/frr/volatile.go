package frr

import (
	"sync"

	"github.com/reprise-lab/reprise/drivers/volatile"
)

// settle is what changes by itself in FRR's answers, beside what does on every node: how long ago and how soon,
// counts of routine messages and of memory, and of link-state databases how old and how often written anew each entry
// is.
//
//nolint:gochecknoglobals // what it gives never changes
var settle = sync.OnceValue(func() []volatile.Rule {
	return volatile.Rules(
		`\b\d+w\dd\d\dh\b|\b\d+d\d\dh\d\dm\b`, "<age>",
		`\b\d+(?:d\d\dh\d\dm|h\d\dm\d\ds|m\d\ds|(?:\.\d+)?s|(?:\.\d+)? (?:u|m)?sec(?:s|onds?)?) ago`, "<age> ago",
		`(?m)((?:due|expires|retransmit|update) in:? +)\d[\w.:]*`, "$1<time>",
		`(?m)((?:Last SPF duration|SPF algorithm last executed|Last read|Last write|uptime|up for|Uptime)[: ]+)\d[\w.:]*(?: u?m?secs?)?`, "$1<time>",
		`(?m)^((?:\d+\.){3}\d+ +(?:\d+\.){3}\d+) +3600 0x[0-9a-f]{8} 0x[0-9a-f]{4}`, "$1 <MaxAge> <sequence> <sum>",
		`(?m)^((?:\d+\.){3}\d+ +(?:\d+\.){3}\d+) +\d+ 0x[0-9a-f]{8} 0x[0-9a-f]{4}`, "$1 <age> <sequence> <sum>",
		`(?m)^( *LS age: )3600$`, "$1<MaxAge>",
		`(?m)^( *LS age: )\d+`, "$1<age>",
		`(?m)^( *(?:LS Seq Number|Checksum|LS Checksum): )\S+`, "$1<value>",
		`(?m)^(\S+ +4 +\d+) +\d+ +\d+ +\d+ +(\d+) +(\d+) +never\b`, "$1 <messages> $2 $3 never",
		`(?m)^(\S+ +4 +\d+) +\d+ +\d+ +\d+ +(\d+) +(\d+) +(?:<age>|\d\d:\d\d:\d\d)`, "$1 <messages> $2 $3 <age>",
		`(table version(?: is)?:? )\d+`, "$1<number>",
		`\b\d+(?:\.\d+)? (?:bytes|KiB|MiB) of memory`, "<size> of memory",
		`(?m)^( *(?:Updates|Keepalives|Total):?) +\d+ +\d+$`, "$1 <messages>",
		`(?m)^( *SPF algorithm executed )\d+( times)`, "$1<number>$2",
		`\b(Checksum Sum )0x[0-9a-f]+`, "$1<sum>",
		`(?m)^( +Link ups: +).*$`, "$1<count>", // one more or less while a node boots
		`(?m)^((?:\d+\.){3}\d+ +\d+ +\S+/\S+)(?: +\S+)? +\d+\.\d+s`, "$1 <age> <time>", // without an age before 8.0
	)
})
