package sim

import (
	"fmt"
	"strings"
)

// showHardwareCommands are what an inventory or an RMA asks for. Everything is made up and
// says so by its serial numbers.
func (x *exos) showHardwareCommands() []command {
	fixed := func(text string) func(*call) { return func(c *call) { c.printf("%s", text) } }
	return []command{
		{pattern: "show temperature", run: func(c *call) {
			c.printf("Field Replaceable Units               Temp (C)   Status   Min  Normal   Max\n%s\n", strings.Repeat("-", 75))
			for _, u := range x.units() {
				c.printf("%-14s: %-22s %6.2f   Normal   -10   0-59     65\n", u, x.sw.cfg.Model, 31.5)
			}
		}},
		{pattern: "show power [ detail ]", run: func(c *call) {
			c.printf("PowerSupply 1 information:\n State             : Powered On\n PartInfo          : Internal PSU-1 SIM00000001 000000-00-00\n Power Usage       : 52.00 W\n\nPowerSupply 2 information:\n State             : Empty\n\nPoll Interval      : 60 s\nChange Threshold   : N/A\nChange Action      : none\n\nSystem Power Usage : 52.00 W\n")
		}},
		{pattern: "show fans [ detail ]", run: func(c *call) {
			c.printf("FanTray 1 information:\n State:                 Operational\n NumFan:                2\n PartInfo:              Internal Fans SIM00000002 000000-00-00\n Fan-1:                 Operational at 4200 RPM\n Fan-2:                 Operational at 4200 RPM\n")
		}},
		{pattern: "show odometers", run: func(c *call) {
			c.printf("                                        Service      First Recorded\nField Replaceable Units                 Days         Start Date\n%s\n", strings.Repeat("-", 72))
			for _, u := range x.units() {
				c.printf("%-10s: %-26s  %4d         Jan-01-2026\n", u, x.sw.cfg.Model, 1)
			}
		}},
		{pattern: "show slot [ <slot:int> ] [ detail ]", run: x.showSlot},
		{pattern: "show stacking [ <rest..> ]", run: x.showStacking},
		{pattern: "show license", run: fixed("Enabled License Level: Advanced Edge\nEnabled Feature Packs: None\n" + simulatorLine + "\n")},
		{pattern: "show licenses", run: fixed("Enabled License Level: Advanced Edge\nEnabled Feature Packs: None\n" + simulatorLine + "\n")},
		{pattern: "show diagnostics [ <rest..> ]", run: fixed("Last Test Date: Never run\nSummary: Diagnostics have not been run: this is a simulator.\n")},
		{pattern: "show debug system-dump [ slot <slot:int> ]", admin: true, run: func(c *call) {
			if x.sw.cfg.Slots == 0 {
				c.printf("No core dump information found on Switch.\n")
				return
			}
			c.printf("Please wait. Your command is being processed.\n")
			for slot := 1; slot <= x.sw.cfg.Slots; slot++ {
				if a := c.args["slot"]; a == "" || atoi(a) == slot {
					c.printf("No core dump information found on Slot-%d.\n", slot)
				}
			}
		}},
		{pattern: "show memory", run: fixed("System Memory Information\n-------------------------\n Total DRAM (KB): 1048576\n System     (KB): 24576\n User       (KB): 358400\n Free       (KB): 665600\n")},
		{pattern: "show cpu-monitoring", run: fixed("        CPU Utilization Statistics - Monitored every 5 seconds\n" + strings.Repeat("-", 71) + "\nProcess      5   10   30   1    5    30   1    Max           Total\n            secs secs secs min  mins mins hour            User/System\n            util util util util util util util util       CPU Usage\n            (%)  (%)  (%)  (%)  (%)  (%)  (%)  (%)         (secs)\n" + strings.Repeat("-", 71) + "\nSystem       0.5  0.5  0.5  0.5  0.5  0.5  0.5  2.0      0.10   0.10\n")},
		{pattern: "show process [ <rest..> ]", run: func(c *call) {
			c.printf("Process Name      Version Restart     State           Start Time\n%s\n", strings.Repeat("-", 79))
			for _, p := range []string{"aaa", "bgp", "cfgmgr", "cli", "devmgr", "ems", "epm", "fdb", "hal", "lacp", "lldp", "ospf", "rtmgr", "snmpMaster", "stp", "vlan", "vrrp", "vsm"} {
				c.printf("%-17s %-7s %-11d %-15s %s\n", p, "Simulator", 0, "Ready", x.sw.bootTime.Format("Mon Jan _2 15:04:05 2006"))
			}
		}},
		{pattern: "show inline-power [ info [ ports <ports> ] ]", run: x.showPower},
		{pattern: "show inline-power stats [ <rest..> ]", run: fixed("                        STATISTICS\nFirmware status                    : Operational\nFirmware revision                  : 0.0.0b0\n\nTotal ports powered                : 0\nTotal ports awaiting power         : 0\nTotal ports faulted                : 0\nTotal ports disabled               : 0\n")},
	}
}

// units are the boxes: the switch, or the slots of a stack.
func (x *exos) units() []string {
	if x.sw.cfg.Slots == 0 {
		return []string{"Switch"}
	}
	var out []string
	for slot := 1; slot <= x.sw.cfg.Slots; slot++ {
		out = append(out, fmt.Sprintf("Slot-%d", slot))
	}
	return out
}

func (x *exos) showSlot(c *call) {
	if x.sw.cfg.Slots == 0 {
		c.fail("Error: This command is available only on a stack.")
		return
	}
	c.printf("Slots    Type                 Configured           State       Ports  Flags\n%s\n", strings.Repeat("-", 79))
	for slot := 1; slot <= 8; slot++ {
		if slot <= x.sw.cfg.Slots {
			flag := ""
			if slot <= 2 {
				flag = "M"
			}
			c.printf("Slot-%-3d %-20s %-20s %-11s %5d  %s\n", slot, x.sw.cfg.Model, "", "Operational", x.sw.cfg.Ports, flag)
		} else {
			c.printf("Slot-%-3d %-20s %-20s %-11s %5d\n", slot, "", "", "Empty", 0)
		}
	}
	c.printf("\nFlags : M - Backplane link to Master is Active\n        B - Backplane link to Backup is also Active\n")
}

func (x *exos) showStacking(c *call) {
	if x.sw.cfg.Slots == 0 {
		c.printf("This node is not in a stack.\n")
		return
	}
	c.printf("Stack Topology is a Ring\nActive Topology is a Ring\nNode MAC Address    Slot  Stack State  Role     Flags\n------------------  ----  -----------  -------  ---\n")
	for slot := 1; slot <= x.sw.cfg.Slots; slot++ {
		role, mark := "Standby", " "
		switch slot {
		case 1:
			role, mark = "Master", "*"
		case 2:
			role = "Backup"
		}
		c.printf("%s%s%02x   %-5d Active       %-8s CA-\n", mark, x.sw.cfg.mac()[:15], slot, slot, role)
	}
	c.printf("* - Indicates this node\n")
}

func (x *exos) showPower(c *call) {
	if c.args["ports"] == "" {
		c.printf("Inline Power System Information\nConfigured         : %s\nSystem Power Surplus : 370 Watts available for budgeting\nRedundant Power Surplus: 0 Watts\nPower Usage Threshold: 70 percent (per slot)\nDisconnect Precedence: %s\nLegacy Mode        : Disabled\n\nFirmware Status    : Operational\n",
			onOff(!x.lines.has("poe", "disable inline-power")), orDefault(x.value("poe", "configure inline-power disconnect-precedence "), "deny-port"))
		return
	}
	c.printf("Port  State           Class      Volts   Curr    Power     Fault\n                                         (mA)    (Watts)\n%s\n", strings.Repeat("=", 75))
	for _, p := range x.portsArg(c, "ports") {
		c.printf("%-5s %-15s %-10s %5.1f %7d %8.1f     0\n", p, "searching", "------", 0.0, 0, 0.0)
	}
}
