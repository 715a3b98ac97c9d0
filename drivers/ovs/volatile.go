package ovs

import (
	"sync"

	"github.com/reprise-lab/reprise/drivers/volatile"
)

// settle is what changes by itself in Open vSwitch's answers, beside what does on every node: counters of what passes, ages, what
// is left of timers, and the names that its database gives to rows.
//
//nolint:gochecknoglobals // what it gives never changes
var settle = sync.OnceValue(func() []volatile.Rule {
	return volatile.Rules(
		`\b(duration|idle_age|hard_age)=[\d.]+s?`, "$1=<time>",
		`\b(n_packets|n_bytes|packets|bytes|used|pkts)[=:]\d[\d.]*s?`, "$1=<count>",
		`\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`, "<uuid>",
		`(?m)^( +\S+ +\d+ +(?:[0-9a-f]{2}:){5}[0-9a-f]{2}) +\d+$`, "$1 <age>",
		`(?m)^(next rebalance: )\d+ ms`, "$1<time>",
		`(?m)^( *lookups: |\S+@\S+: )hit:\d+ missed:\d+`, "$1<counts>",
		`(?m)^( *masks: )hit:\d+ total:\d+ hit/pkt:[\d.]+`, "$1<counts>",
		`(?m)^( *cache: )hit:\d+ hit-rate:[\d.]+%`, "$1<counts>",
		`(?m)^( *flows: )\d+$`, "$1<count>",
		`(?m)(/sec +total: )\d+$`, "$1<count>",
		`\b(xid=)0x[0-9a-f]+`, "$1<number>",
		`(?m)^(\s*(?:BPDUs? (?:sent|received)|Message age|Time since|time in state)\b.*?)\d+`, "$1<count>",
	)
})
