package bird

import (
	"sync"

	"github.com/reprise-lab/reprise/drivers/volatile"
)

// settle is what changes by itself in BIRD's answers, beside what does on every node: counts of updates that pass, what is
// left of timers, and memory.
//
//nolint:gochecknoglobals // what it gives never changes
var settle = sync.OnceValue(func() []volatile.Rule {
	return volatile.Rules(
		`(?m)^( +Import (?:updates|withdraws):) +\d+ +(\d+|---) +(\d+|---) +(?:\d+|---) +(?:\d+|---)$`, "$1 <count> $2 $3 <counts>",
		`(?m)^( +Export (?:updates|withdraws):) +\d+ +(?:\d+|---) +(\d+|---) +(?:\d+|---) +(?:\d+|---)$`, "$1 <counts> $2 <counts>", // rejects what came from there
		`(?m)^(Current server time is ).*$`, "$1<time>",
		`(?m)^( +(?:Hold|Keepalive|Send hold|Connect retry|LLGR stale) timer:) +[\d.]+/`, "$1 <time>/",
		`(?m)^( *(?:Dead|Hello|Wait) timer(?: \(s\))?:? +)[\d.]+`, "$1<time>",
		`(?m)^((?:Routing tables|Route attributes|Protocols|Current config|Standby memory|Total):?) +[\d.]+ +[kM]?B\b.*$`, "$1 <size>",
		`(?m)^((?:\d+\.){3}\d+\s+\d+\s+\S+/\S+)\s+[\d.]+`, "$1 <time>",
		`(?m)^( *\w+ +(?:\d+\.){3}\d+ +(?:\d+\.){3}\d+) +(?:0x)?[0-9a-f]{8} +3600 +(?:0x)?[0-9a-f]{4}`, "$1 <sequence> <MaxAge> <sum>",
		`(?m)^( *\w+ +(?:\d+\.){3}\d+ +(?:\d+\.){3}\d+) +(?:0x)?[0-9a-f]{8} +\d+ +(?:0x)?[0-9a-f]{4}`, "$1 <sequence> <age> <sum>",
	)
})
