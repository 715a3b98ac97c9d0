package sim

import (
	"strings"
)

// supportCommands are what the vendor collects for a class of problem, beyond the tables of
// the other files, and ping. Most of it is the state of hardware and of protocols: there is
// none, and they say so.
func (x *exos) supportCommands() []command {
	answer := func(text string) func(*call) { return func(c *call) { c.printf("%s", text) } }
	var cmds []command
	for _, pattern := range []string{
		"debug fdb show fdbentry|filters|globals [ all ]", "debug hal show fdb|vsm|ipv4Adj|ipv4Fib|ipv4Mc", "debug hal show optic-info [ what:eeprom|ddmi ]",
		"debug vlan show ports|vmac|vpifs", "debug stp show internal-state",
	} {
		cmds = append(cmds, command{pattern: pattern, admin: true, run: answer(simulatorLine + "\nNo entries.\n")})
	}
	return append(cmds, []command{
		{pattern: "show l2stats [ vlan <vlan> ]", run: x.showL2Stats},
		{pattern: "show ospf virtual-link [ <rest..> ]", run: answer("Transit Area     Virtual Neighbor ID     State\n" + strings.Repeat("=", 60) + "\n\nTotal number of virtual links: 0\n")},
		{pattern: "show eaps shared-port [ detail ]", run: answer("EAPS shared-port count: 0\n")},
		{pattern: "show eaps counters global|shared-port [ <rest..> ]", run: answer("Counters for EAPS PDUs: all 0\n")},
		{pattern: "show eaps cfm groups", run: answer("Number of CFM groups: 0\n")},
		{pattern: "show mcast cache [ <rest..> ]", run: answer("Multicast cache distribution:\n     0 entries from Snooping         0 entries from MVR\n     0 entries from PIM              0 entries from PVLAN\n\nTotal Cache Entries: 0\n")},
		{pattern: "show policy [ detail ]", run: answer("Policies at Policy Server:\n\nNumber of policies: 0\n")},
		{pattern: "show access-list any [ detail ]", run: answer("No access list is applied.\n")},
		{pattern: "show netlogin session [ all ]", run: answer("Number of sessions: 0\n")},
		{pattern: "show netlogin dot1x [ detail ]", run: answer("NetLogin Authentication Mode : web-based DISABLED;  802.1x DISABLED;  mac-based DISABLED\n")},
		{pattern: "show radius dynamic-authorization", run: answer("Switch Management Dynamic Authorization: disabled\nNetlogin Dynamic Authorization: disabled\n")},
		{pattern: "show port|ports [ <ports> ] transceiver information [ detail ]", run: x.showTransceivers},
		{pattern: "show port|ports [ <ports> ] utilization [ what:bandwidth|bytes|packets ] [ no-refresh ]", run: x.showUtilization},
		{pattern: "show edp port|ports <ports> vlan-id mismatch [ kind:tagged|untagged ]", run: func(c *call) {
			if x.portsArg(c, "ports") != nil {
				c.printf("No VLAN ID mismatch is known: a neighbour of the simulator tells no VLANs.\n")
			}
		}},
		{pattern: "show checkpoint-data [ <process> ]", run: x.showCheckpoint},
		{pattern: "ping [ count <n:int> ] [ vr <vr> ] <host>", run: x.ping},
		{pattern: "ping [ vr <vr> ] [ count <n:int> ] <host>", run: x.ping},
	}...)
}

// ping answers at once that nobody answered.
func (x *exos) ping(c *call) {
	n := 4
	if c.args["n"] != "" {
		n = atoi(c.args["n"])
	}
	c.printf("Ping(ICMP) %s: %d packets, 8 data bytes, interval 1 second(s).\n\n--- %s ping statistics ---\n%d packets transmitted, 0 packets received, 100%% loss\n", c.args["host"], n, c.args["host"], n)
}

func (x *exos) showL2Stats(c *call) {
	names := x.vlanNames()
	if c.args["vlan"] != "" {
		v := x.vlanArg(c)
		if v == nil {
			return
		}
		names = []string{v.name}
	}
	for _, n := range names {
		c.printf("Bridge interface on VLAN %s:\n  Total number of packets to CPU = 0.\n  Total number of packets learned = 0.\n  Total number of IGMP control packets snooped = 0.\n\n", n)
	}
}

func (x *exos) showTransceivers(c *call) {
	c.printf("Port     Temp      TxPower   RxPower   TxBiasCurrent  Voltage-Aux1\n         (Celsius) (dBm)     (dBm)     (mA)           (Volts)\n%s\n", strings.Repeat("=", 78))
	for _, p := range x.chosen(c) {
		c.printf("%-8s N/A       N/A       N/A       N/A            N/A\n", p)
	}
	c.printf("%s\nN/A indicates that the parameter is not applicable to the optics or the optics is not present\n", strings.Repeat("=", 78))
}

func (x *exos) showUtilization(c *call) {
	c.printf("Link Utilization Averages\nPort     Link    Rx         Peak Rx    Tx         Peak Tx\n         State   pkts/sec   pkts/sec   pkts/sec   pkts/sec\n%s\n", strings.Repeat("=", 78))
	for _, p := range x.chosen(c) {
		c.printf("%-8s %-7s %-10d %-10d %-10d %d\n", p, x.linkLetter(p), 0, 0, 0, 0)
	}
	c.printf("%s\n", strings.Repeat("=", 78))
}

func (x *exos) showCheckpoint(c *call) {
	if x.sw.cfg.Slots == 0 {
		c.fail("Error: This command is available only on a stack.")
		return
	}
	c.printf("Process           Tx        Rx        Errors    Sent   Total   %% Chkptd  Debug-info\n%s\n", strings.Repeat("-", 78))
	for _, p := range []string{"devmgr", "vlan", "fdb", "stp", "ospf"} {
		c.printf("%-17s %-9d %-9d %-9d %-6d %-7d %-9s ON\n", p, 0, 0, 0, 0, 0, "100%")
	}
}
