package sim

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

func (x *exos) showLogCommands() []command {
	return []command{
		{pattern: "show log [ messages memory-buffer ] [ chronological ]", run: func(c *call) { x.showLog(c, x.sw.log.memory) }},
		{pattern: "show log messages nvram [ chronological ]", run: func(c *call) { x.showLog(c, x.sw.log.nvram) }},
		{pattern: "show log configuration [ <rest..> ]", run: func(c *call) {
			c.printf("Debug-Mode: Disabled\n\nLog Target      : memory-buffer\n    Enabled     : yes\n    Filter Name : DefaultFilter\n    Match regex : Any\n    Severity    : Debug-Data (through Critical)\n    Format      : MM/DD/YYYY HH:MM:SS.hh <Severity:Component.Condition>\n    Buffer size : %d messages\n\nLog Target      : nvram\n    Enabled     : yes\n    Filter Name : DefaultFilter\n    Severity    : Warning (through Critical)\n", memorySize)
		}},
		{pattern: "show log counters [ <rest..> ]", run: x.showLogCounters},
		{pattern: "show log components [ <rest..> ]", run: func(c *call) {
			c.printf("                                                     Severity\nComponent            Title                           Threshold\n%s\n", strings.Repeat("-", 70))
			for _, m := range exosModules() {
				c.printf("%-20s %-31s %s\n", m, m+" (simulated)", "Info")
			}
		}},
		{pattern: "show cli journal", admin: true, run: func(c *call) {
			for _, e := range x.sw.journal {
				c.printf("%s Session %s User %s: %s\n", exosStamp(e.time), e.session, e.user, e.command)
			}
		}},
	}
}

// showLog prints events, the newest first, with repetitions counted.
func (x *exos) showLog(c *call, entries []logEntry) {
	runs := compact(entries)
	chronological := slices.Contains(c.canon, "chronological")
	if !chronological {
		slices.Reverse(runs)
	}
	n := 0
	for _, r := range runs {
		lines := []string{x.logLine(r.first)}
		n++
		if r.more > 0 {
			n++
			repeated := logEntry{Time: r.last.Time, Severity: r.first.Severity, Event: r.first.Event, Message: fmt.Sprintf(
				"Previous message repeated %d additional times in the last %d second(s)", r.more, int(r.last.Time.Sub(r.first.Time)/time.Second))}
			lines = append(lines, x.logLine(repeated))
		}
		if !chronological {
			slices.Reverse(lines)
		}
		c.printf("%s\n", strings.Join(lines, "\n"))
	}
	c.printf("\nA total of %d log messages were displayed.\n", n)
}

func (x *exos) showLogCounters(c *call) {
	counts := map[string]int{}
	for _, e := range x.sw.log.memory {
		counts[e.Event]++
	}
	c.printf("Comp    SubComp     Condition               Severity      Occurred   In Notified\n%s\n", strings.Repeat("-", 78))
	for _, ev := range sortedKeys(counts) {
		parts := strings.Split(ev, ".")
		sub := ""
		if len(parts) > 2 {
			sub = strings.Join(parts[1:len(parts)-1], ".")
		}
		c.printf("%-7s %-11s %-23s %-13s %8d   Y  %d\n", parts[0], sub, parts[len(parts)-1], "Info", counts[ev], counts[ev])
	}
}

// techCommands are the whole story for support.
func (x *exos) techCommands() []command {
	return []command{
		{pattern: "show tech-support|tech [ all ] [ <area> ]", admin: true, run: x.showTech},
		{pattern: "show tech-support|tech all logto file", admin: true, run: func(c *call) {
			c.printf("The simulator does not write tech-support files.\n")
		}},
	}
}

type techGroup struct {
	name     string
	commands []string
}

func exosTechGroups() []techGroup {
	return []techGroup{
		{"general", []string{"show version", "show switch", "show management", "show license", "show odometers"}},
		{"power", []string{"show power", "show temperature", "show fans"}},
		{"cpu", []string{"show cpu-monitoring"}},
		{"memory", []string{"show memory", "show process"}},
		{"Neighbor discovery", []string{"show edp ports all", "show lldp", "show lldp neighbors"}},
		{"port sharing", []string{"show sharing", "show lacp", "show lacp counters"}},
		{"port", []string{
			"show ports configuration no-refresh", "show ports information", "show ports no-refresh",
			"show ports rxerrors no-refresh | exclude \"0 +0 +0 +0 +0 +0 +0\"", "show ports txerrors no-refresh | exclude \"0 +0 +0 +0 +0 +0\"",
		}},
		{"log", []string{"show log configuration", "show log", "show log messages nvram", "show cli journal"}},
		{"poe", []string{"show inline-power", "show inline-power stats"}},
		{"vlan", []string{"show vlan", "show vlan detail"}},
		{"fdb", []string{"show fdb"}},
		{"iparp", []string{"show iparp"}},
		{"stp", []string{"show stpd", "show stpd s0 ports"}},
		{"iproute", []string{"show iproute", "show ipconfig"}},
		{"ospf", []string{"show ospf", "show ospf interfaces", "show ospf neighbor"}},
		{"bgp", []string{"show bgp", "show bgp neighbor"}},
		{"vrrp", []string{"show vrrp"}},
		{"vsm", []string{"show mlag peer", "show mlag ports"}},
		{"cfgmgr", []string{"show configuration"}},
		{"diagnostics", []string{"show diagnostics", "show debug system-dump"}},
	}
}

// showTech prints every group, then as many numbered lines of simulated internals as the
// wanted size needs, and a tail by which a whole text is known from a cut one.
func (x *exos) showTech(c *call) {
	began := time.Now()
	c.printf("*** Executing \"show tech-support all\" on Summit platform***\n\n%s\n", simulatorLine)
	truncate := c.ses != nil && c.ses.out.active && c.ses.out.m.TruncateTail
	for _, g := range exosTechGroups() {
		c.printf("\n@@@ %s:\n", g.name)
		for _, cmd := range g.commands {
			c.printf("\n->%s\n\n", cmd)
			line, pipes := splitPipes(cmd)
			inner := &call{sw: c.sw, ses: c.ses, line: line}
			x.sw.execute(inner)
			var w io.Writer = &c.out
			for _, p := range pipes {
				w = newFilter(w, p)
			}
			_, _ = w.Write(inner.out.Bytes())
		}
	}
	c.printf("\n@@@ hal:\n\n->debug hal show simulated\n\n")
	for i := 0; c.out.Len() < x.sw.cfg.TechSize-200; i++ {
		c.printf("unit 0 table %4d entry %6d value 0x%08x (simulated)\n", i/64, i, hash(fmt.Sprint(i)))
	}
	if truncate {
		c.out.Truncate(c.out.Len() - c.out.Len()/10)
		c.printf("\n")
		return
	}
	d := time.Since(began)
	c.printf("\nShow Tech-Support Execution Time: 0:00:%02d.%06d (h:mm:ss.ssssss)\n", int(d.Seconds())%60, d.Microseconds()%1_000_000)
}
