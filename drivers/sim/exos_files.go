package sim

import (
	"strings"
)

func (x *exos) fileCommands() []command {
	return []command{
		{pattern: "save [ configuration ] [ <name> ]", admin: true, run: x.save},
		{pattern: "use configuration <name>", admin: true, run: func(c *call) {
			name := strings.TrimSuffix(c.args["name"], ".cfg")
			if _, ok := x.sw.flash.read(name + ".cfg"); !ok {
				c.fail("Error: %s.cfg does not exist.", name)
				return
			}
			x.selectConfig(c, name)
			c.printf("The selected configuration will take effect after the next switch reboot.\n")
		}},
		{pattern: "use image kind:primary|secondary", admin: true, run: func(c *call) {
			c.printf("To take effect of partition change please reboot the switch!\n")
		}},
		{pattern: "rm <name>", admin: true, run: func(c *call) {
			name := c.args["name"]
			if _, ok := x.sw.flash.read(name); !ok {
				c.fail("Error: %s: No such file.", name)
				return
			}
			if c.yes("Remove " + name + " from /usr/local/cfg? (y/N) ") {
				x.sw.flash.remove(name)
			}
		}},
		{pattern: "ls [ <path> ]", run: x.ls},
		{pattern: "show configuration [ <module> ]", admin: true, run: func(c *call) {
			m := c.args["module"]
			if m == "" || m == "detail" {
				c.printf("%s", x.running())
				return
			}
			for _, known := range exosModules() {
				if strings.EqualFold(known, strings.Trim(m, `"`)) {
					c.printf("%s", x.module(known))
					return
				}
			}
			c.fail("Error: %s is not a module.", m)
		}},
		{pattern: "debug cfgmgr show configuration file <name>", admin: true, run: func(c *call) {
			name := strings.TrimSuffix(c.args["name"], ".cfg")
			text, ok := x.sw.flash.read(name + ".cfg")
			if !ok {
				c.fail("Error: %s.cfg does not exist.", name)
				return
			}
			c.printf("%s", text)
		}},
	}
}

// save writes the running configuration. A name other than the selected one is offered as the
// one to boot from.
func (x *exos) save(c *call) {
	name := strings.TrimSuffix(c.args["name"], ".cfg")
	if name == "" {
		name = x.selected()
	}
	if !fileName(name + ".cfg") {
		c.fail("Error: %s is not a valid configuration name.", name)
		return
	}
	question := "Do you want to save configuration to " + name + ".cfg? (y/N) "
	if _, ok := x.sw.flash.read(name + ".cfg"); ok {
		question = "The configuration file " + name + ".cfg already exists.\nDo you want to save configuration to " + name + ".cfg and overwrite it? (y/N) "
	}
	if !c.yes(question) {
		return
	}
	x.write(c, name)
	if name == x.selected() || c.dead != nil {
		return
	}
	if c.yes("The current selected default configuration database to boot up the system\n(" + x.bootFile() +
		") is different than the one just saved (" + name + ".cfg).\nDo you want to make " + name + ".cfg the default database? (y/N) ") {
		x.selectConfig(c, name)
	}
}

func (x *exos) write(c *call, name string) {
	if err := x.sw.flash.write(name+".cfg", x.running()); err != nil {
		c.fail("Error: %v", err)
		return
	}
	x.sw.dirty = false
	c.printf("Saving configuration on primary ........... done!\nConfiguration saved to %s.cfg successfully.\n", name)
}

func (x *exos) selectConfig(c *call, name string) {
	x.sw.flash.kept.Selected = name
	if err := x.sw.flash.keep(); err != nil {
		c.fail("Error: %v", err)
	}
}

func (x *exos) ls(c *call) {
	total := 0
	for _, n := range x.sw.flash.names() {
		text, _ := x.sw.flash.read(n)
		total += len(text)
		c.printf("-rw-rw-rw-    1 root     root     %8d %s %s\n", len(text), x.sw.bootTime.Format("Jan _2 15:04"), n)
	}
	used := total/1024 + 1
	c.printf("\n1K-blocks      Used Available Use%%\n%9d %9d %9d %3d%%\n", 100_000, used, 100_000-used, used/1000)
}
