package ovs

import (
	"sync"

	"github.com/reprise-lab/reprise/drivers/volatile"
)

// settle is what changes by itself in Open vSwitch's answers, beside what does on every node: counters, ages, what
// is left of timers, and the names that its database gives to rows.
//
//nolint:gochecknoglobals // what it gives never changes
var settle = sync.OnceValue(func() []volatile.Rule {
	return volatile.Rules(
		`\b(duration|idle_age|hard_age)=[\d.]+s?`, "$1=<time>",
		`\b(n_packets|n_bytes|packets|bytes|used|pkts|drop|errs|frame|over|crc|coll)[=:](?:\d[\d.]*s?|never)`, "$1=<count>",
		`\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`, "<uuid>",
		`(?m)^( +\S+ +\d+ +(?:[0-9a-f]{2}:){5}[0-9a-f]{2}) +\d+$`, "$1 <age>",
		`(?m)^(next rebalance: )\d+ ms`, "$1<time>",
		`(?m)((?:hit|missed|lost|flows|masks|total|hit/pkt|cache)[: ]+)[\d.]+`, "$1<count>",
		`\b(xid=)0x[0-9a-f]+`, "$1<number>",
		`(?m)^(\s*(?:BPDUs? (?:sent|received)|Message age|Time since|time in state|[Tt]x|[Rr]x)\b.*?)\d+`, "$1<count>",
	)
})
