package sim

import (
	"fmt"
	"strings"
)

// modeCommands move between modes and change the session.
func (v *voss) modeCommands() []command {
	enter := func(format string, names ...string) func(*call) {
		return func(c *call) {
			context := format
			for _, n := range names {
				context = strings.TrimSpace(context + " " + c.args[n])
			}
			c.ses.mode, c.ses.context, c.ses.targets = vossSub, context, []string{context}
		}
	}
	more := func(c *call) { c.ses.paging = c.args["verb"] == "enable" }
	return []command{
		{pattern: "enable", run: func(c *call) { c.ses.mode = max(c.ses.mode, vossPriv) }},
		{pattern: "disable", mode: vossPriv, run: func(c *call) { v.to(c, vossUser) }},
		{pattern: "configure [ terminal ]", mode: vossPriv, admin: true, run: func(c *call) { v.to(c, vossConf) }},
		{pattern: "end", mode: vossPriv, run: func(c *call) { v.to(c, vossPriv) }},
		{pattern: "exit", run: func(c *call) {
			switch c.ses.mode {
			case vossSub:
				v.to(c, vossConf)
			case vossConf:
				v.to(c, vossPriv)
			default:
				c.logout = true
			}
		}},
		{pattern: "logout", run: func(c *call) { c.logout = true }},
		{pattern: "terminal more verb:enable|disable", run: more},
		{pattern: "terminal length <n:int>", run: func(c *call) { c.ses.resize(atoi(c.args["n"]), 0) }},
		{pattern: "terminal width <n:int>", run: func(c *call) { c.ses.resize(0, atoi(c.args["n"])) }},
		{pattern: "interface gigabitEthernet|gigabit <ports>", mode: vossConf, admin: true, run: v.enterPorts},
		{pattern: "interface mlt <id:int>", mode: vossConf, admin: true, run: func(c *call) {
			if v.mlts[atoi(c.args["id"])] == nil {
				c.fail("Error: MLT %s does not exist", c.args["id"])
				return
			}
			enter("interface mlt", "id")(c)
		}},
		{pattern: "interface vlan <id:int>", mode: vossConf, admin: true, run: func(c *call) {
			if v.vlanArg(c) != nil {
				enter("interface vlan", "id")(c)
			}
		}},
		{pattern: "interface loopback <id:int>", mode: vossConf, admin: true, run: enter("interface loopback", "id")},
		{pattern: "router which:isis|ospf|bgp|rip|vrrp", mode: vossConf, admin: true, run: enter("router", "which")},
		{pattern: "router bgp <as:int> [ enable ]", mode: vossConf, admin: true, run: enter("router bgp")},
		{pattern: "router vrf <vrf>", mode: vossConf, admin: true, run: enter("router vrf", "vrf")},
		{pattern: "mgmt <which> [ <rest..> ]", mode: vossConf, admin: true, run: enter("mgmt", "which", "rest")},
		{pattern: "application", mode: vossConf, admin: true, run: enter("application")},
	}
}

func (*voss) to(c *call, m mode) { c.ses.mode, c.ses.context, c.ses.targets = m, "", nil }

func (v *voss) enterPorts(c *call) {
	ports := v.portsArg(c)
	if ports == nil {
		return
	}
	c.ses.mode, c.ses.context, c.ses.targets = vossSub, "interface gigabitEthernet "+v.set.format(ports), nil
	for _, p := range ports {
		c.ses.targets = append(c.ses.targets, "interface gigabitEthernet "+p)
	}
}

// interfaceCommands are what is modelled of an interface.
func (v *voss) interfaceCommands() []command {
	onPorts := func(pattern string, f func(p *vossPort, c *call)) command {
		return command{pattern: pattern, mode: vossSub, in: "interface gigabitEthernet", writes: true, run: func(c *call) {
			for _, t := range c.ses.targets {
				name := strings.TrimPrefix(t, "interface gigabitEthernet ")
				was := v.sw.oper(name)
				f(v.port[name], c)
				if now := v.sw.oper(name); now != was && c.ses.out != nil {
					v.sw.flapLocked(name, now)
				}
			}
		}}
	}
	return []command{
		onPorts("shutdown [ port <port> ]", func(p *vossPort, _ *call) { p.shutdown = true }),
		onPorts("no shutdown [ port <port> ]", func(p *vossPort, _ *call) { p.shutdown = false }),
		onPorts("name <name>", func(p *vossPort, c *call) { p.name = c.args["name"] }),
		onPorts("no name", func(p *vossPort, _ *call) { p.name = "" }),
		onPorts("auto-sense enable", func(p *vossPort, _ *call) { p.sense = true }),
		onPorts("no auto-sense enable", func(p *vossPort, _ *call) { p.sense = false }),
	}
}

// fileCommands are the flash and how to boot from it.
func (v *voss) fileCommands() []command {
	return []command{
		{pattern: "save config [ file <name> ] [ verbose ]", mode: vossPriv, admin: true, run: v.save},
		{pattern: "more <file>", mode: vossPriv, admin: true, run: func(c *call) {
			if text, ok := v.sw.flash.read(base(c.args["file"])); ok {
				c.printf("%s", text)
				return
			}
			c.fail("Error: file %s not found", c.args["file"])
		}},
		{pattern: "ls|dir [ <path> ]", mode: vossPriv, run: func(c *call) {
			c.printf("Listing Directory /intflash/:\n")
			for _, n := range v.sw.flash.names() {
				text, _ := v.sw.flash.read(n)
				c.printf("-rw-r--r--  1 0        0          %8d %s %s\n", len(text), v.sw.bootTime.Format("Jan _2 15:04"), n)
			}
		}},
		{pattern: "remove|delete <file> [ <yes> ]", mode: vossPriv, admin: true, run: func(c *call) {
			name := base(c.args["file"])
			if _, ok := v.sw.flash.read(name); !ok {
				c.fail("Error: file %s not found", c.args["file"])
				return
			}
			if v.sure(c, "Are you sure you want to delete file "+name+" (y/n) ? ") {
				v.sw.flash.remove(name)
			}
		}},
		{pattern: "reset [ <yes> ]", mode: vossPriv, admin: true, run: func(c *call) {
			if v.sure(c, "Are you sure you want to reset the switch? (y/n) ") {
				c.after = func() { v.sw.reboot(false) }
			}
		}},
		{pattern: "boot [ config ] <file> [ <yes> ]", mode: vossPriv, admin: true, run: func(c *call) {
			name := base(c.args["file"])
			if _, ok := v.sw.flash.read(name); !ok {
				c.fail("Error: file %s not found", c.args["file"])
				return
			}
			if v.sure(c, "Are you sure you want to re-boot the switch? (y/n) ") {
				v.once = name
				c.after = func() { v.sw.reboot(false) }
			}
		}},
		{pattern: "boot config choice primary config-file <file>", mode: vossConf, admin: true, run: func(c *call) {
			v.sw.flash.kept.Selected = base(c.args["file"])
			v.sw.keepLocked()
		}},
		{pattern: "backup configure <name>", mode: vossPriv, admin: true, run: func(c *call) {
			name := base(c.args["name"]) + ".tgz"
			if err := v.sw.flash.write(name, v.running()); err != nil {
				c.fail("Error: %v", err)
				return
			}
			c.printf("Backup of configuration written to /intflash/%s\n", name)
		}},
		{pattern: "logging message <text..>", mode: vossPriv, admin: true, run: func(c *call) {
			v.sw.logLocked("Info", "SW", strings.Trim(c.args["text"], `"`))
		}},
		{pattern: "create log message <text..>", mode: vossPriv, admin: true, run: func(c *call) {
			v.sw.logLocked("Info", "SW", strings.Trim(c.args["text"], `"`))
		}},
		{pattern: "clear logging", mode: vossPriv, admin: true, run: func(*call) { v.sw.log.memory = nil }},
		{pattern: "clear-stats [ <rest..> ]", mode: vossPriv, admin: true, run: func(*call) {}},
	}
}

// sure asks, unless the command ends with -y.
func (v *voss) sure(c *call, question string) bool {
	switch c.args["yes"] {
	case "-y":
		return true
	case "":
		key := c.ask(question)
		if c.dead == nil && c.ses.prompting {
			c.printf("%c\n", max(key, '.'))
		}
		return c.dead == nil && key == 'y'
	default:
		c.fail("Error: %s: want -y or nothing", c.args["yes"])
		return false
	}
}

func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

func (v *voss) save(c *call) {
	name := base(orDefault(c.args["name"], v.configFile()))
	if err := v.sw.flash.write(name, v.running()); err != nil {
		c.fail("Error: %v", err)
		return
	}
	v.sw.dirty = false
	c.printf("%s", fmt.Sprintf("CP-1: Save config to file /intflash/%s successful.\n", name))
}
