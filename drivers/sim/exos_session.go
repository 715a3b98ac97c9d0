package sim

import (
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// sessionCommands are about the session itself, and the simulator's own commands.
func (x *exos) sessionCommands() []command {
	return append(probeCommands(), []command{
		{pattern: "verb:enable|disable clipaging [ session ]", run: func(c *call) { c.ses.paging = c.args["verb"] == "enable" }},
		{pattern: "verb:enable|disable cli paging [ session ]", run: func(c *call) { c.ses.paging = c.args["verb"] == "enable" }},
		{pattern: "verb:enable|disable cli prompting", run: func(c *call) { c.ses.prompting = c.args["verb"] == "enable" }},
		{pattern: "configure cli columns <n:int>", run: func(c *call) {
			n, _ := strconv.Atoi(c.args["n"])
			if n < 80 || n > 256 {
				c.fail("Error: The number of columns must be between 80 and 256.")
				return
			}
			c.ses.wide = n
		}},
		{pattern: "configure cli lines <n:int>", run: func(c *call) {
			n, _ := strconv.Atoi(c.args["n"])
			c.ses.resize(n, 0)
		}},
		{pattern: "debug-mode", admin: true, run: func(c *call) { c.ses.debug = !c.ses.debug }},
		{pattern: "exit|logout|quit", run: x.leave},
		{pattern: "clear counters [ <rest..> ]", admin: true, run: func(*call) {}},
		{pattern: "clear log [ <rest..> ]", admin: true, run: func(*call) { x.sw.log.memory = nil }},
		{pattern: "clear fdb|iparp|session [ <rest..> ]", admin: true, run: func(*call) {}},
		{pattern: `create log message <text..>`, admin: true, run: func(c *call) {
			x.sw.logLocked("Info", "System.userComment", strings.Trim(c.args["text"], `"`))
		}},
		{pattern: "create account kind:admin|user <name> [ encrypted <hash> ]", writes: true, run: x.createAccount},
		{pattern: "create account kind:admin|user <name> <password>", writes: true, run: x.createAccount},
		{pattern: "delete account <name>", writes: true, run: x.deleteAccount},
		{pattern: "configure snmp sysName|sysname <name>", writes: true, run: func(c *call) {
			if n := c.args["name"]; n != "" && len(n) <= 32 {
				x.name = n
				return
			}
			c.fail("Error: sysName is empty or longer than 32 characters.")
		}},
		{pattern: "unconfigure switch [ all ]", admin: true, run: x.unconfigure},
		{pattern: "reboot [ all ]", admin: true, run: x.rebootCommand},
	}...)
}

// probeCommands belong to the simulator: an answer that can be told from every other one, and
// an answer of any size.
func probeCommands() []command {
	return []command{
		{pattern: "show reprise-probe <token>", run: func(c *call) { c.printf("%s\n", c.args["token"]) }},
		{pattern: "show reprise-flood <n:int>", run: func(c *call) {
			n, _ := strconv.ParseInt(c.args["n"], 10, 64)
			c.stream = func(w io.Writer) error { return flood(w, n) }
		}},
	}
}

// flood writes n bytes in lines.
func flood(w io.Writer, n int64) error {
	line := strings.Repeat("0123456789abcdef", 4)[:63] + "\n"
	chunk := []byte(strings.Repeat(line, 512))
	for n > 0 {
		p := chunk[:min(int64(len(chunk)), n)]
		if n == int64(len(p)) {
			p = append(append([]byte{}, p[:len(p)-1]...), '\n')
		}
		if _, err := w.Write(p); err != nil {
			return err
		}
		n -= int64(len(p))
	}
	return nil
}

func (x *exos) leave(c *call) {
	c.logout = true
	if !x.sw.dirty || c.ses.user.ReadOnly {
		return
	}
	switch c.ask(fmt.Sprintf("Do you wish to save your configuration changes to %s? (y or n) ", x.bootFile())) {
	case 'y':
		c.printf("Yes\n")
		x.write(c, x.selected())
	default:
		c.printf("No\n")
	}
}

func (x *exos) createAccount(c *call) {
	name := c.args["name"]
	for _, u := range x.sw.accountsLocked() {
		if u.Name == name {
			c.fail("Error: Account %s already exists.", name)
			return
		}
	}
	password := c.args["password"]
	if h, ok := strings.CutPrefix(c.args["hash"], "sim$"); ok {
		raw, _ := hex.DecodeString(h)
		password = string(raw)
	}
	if c.ses != nil && c.args["hash"] == "" && password == "" {
		var err error
		if password, err = c.readPassword(); err != nil {
			return
		}
	}
	x.accounts = append(x.accounts, User{Name: name, Password: password, ReadOnly: c.args["kind"] == "user"})
}

// readPassword asks twice for a new password.
func (c *call) readPassword() (string, error) {
	c.sw.mu.Unlock()
	defer c.sw.mu.Lock()
	var got [2]string
	for i, q := range []string{"password: ", "Reenter password: "} {
		if c.dead = c.ses.print(q); c.dead != nil {
			return "", c.dead
		}
		if got[i], _, c.dead = c.ses.ed.read(true, nil); c.dead != nil {
			return "", c.dead
		}
	}
	if got[0] != got[1] {
		c.fail("Error: Passwords do not match.")
		return "", errQuit
	}
	return got[0], nil
}

func (x *exos) deleteAccount(c *call) {
	for i, u := range x.accounts {
		if u.Name == c.args["name"] {
			x.accounts = append(x.accounts[:i:i], x.accounts[i+1:]...)
			return
		}
	}
	c.fail("Error: Account %s does not exist or cannot be deleted.", c.args["name"])
}

func (x *exos) unconfigure(c *call) {
	if !c.yes("Restore all factory defaults and reboot? (y/N) ") {
		return
	}
	x.sw.flash.remove(x.bootFile())
	x.sw.flash.kept.Selected = ""
	x.sw.asked = false
	c.after = func() { x.sw.reboot(false) }
}

func (x *exos) rebootCommand(c *call) {
	if x.sw.dirty && c.ses.prompting {
		switch c.ask(fmt.Sprintf("Do you want to save configuration changes to currently selected configuration\n"+
			"file (%s) and reboot?\n(y - save and reboot, n - reboot without save, <cr> - cancel command) ", x.bootFile())) {
		case 'y':
			c.printf("Yes\n")
			x.write(c, x.selected())
		case 'n':
			c.printf("No\n")
		default:
			c.printf("Cancelled\n")
			return
		}
	} else if !c.yes("Are you sure you want to reboot the switch? (y/N) ") {
		return
	}
	if c.dead == nil {
		c.printf("Rebooting...\n")
		c.after = func() { x.sw.reboot(false) }
	}
}
