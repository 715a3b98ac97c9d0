package linux

import (
	"sync"

	"github.com/reprise-lab/reprise/drivers/volatile"
)

// settle is what changes by itself in the answers of lldpd and keepalived, beside what does on every node.
//
//nolint:gochecknoglobals // what it gives never changes
var settle = sync.OnceValue(func() []volatile.Rule {
	return volatile.Rules(
		`\bTime: +\d+ days?, <?[\w:]+>?`, "Time: <age>",
		`(?m)^( *(?:Next scheduled|Last advert).* = )[\d.]+(?: \(.*\))?$`, "$1<time>",
		`(?m)^( *(?:Transmitted|Received|Advertisements|Sent):? +)\d+$`, "$1<count>",
	)
})
