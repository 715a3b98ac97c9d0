package linux

import (
	"regexp"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/node"
)

// known is how one daemon is run.
type known struct {
	node.Service
	// touches says that the daemon changes addresses or routes itself.
	touches bool
}

// Known lists the services that run in the foreground without further arguments.
func Known() []string {
	return []string{"keepalived", "lldpd", "bird", "dnsmasq", "radvd", "sshd", "snmpd"}
}

// service finds how to run s.
func service(s drivers.Service) known {
	k := known{Service: node.Service{Name: s.Name}}
	switch s.Name {
	case "keepalived":
		// -n foreground, -l log to the console, -D in detail, -G not to syslog
		k.Argv = []string{"keepalived", "-n", "-l", "-D", "-G"}
		k.Before = "rm -f /run/keepalived.pid /run/vrrp.pid /run/checkers.pid /run/keepalived/*.pid"
		k.Children = keepalivedChildren()
		k.Ready = `[ -e /run/keepalived.pid ] || [ -e /run/keepalived/keepalived.pid ]`
		k.touches = true
	case "lldpd":
		// -d foreground, a second time for debug messages
		k.Argv = []string{"lldpd", "-d"}
		k.Before = "mkdir -p /run/lldpd /run/lock; chown _lldpd:_lldpd /run/lldpd 2>/dev/null; rm -f /run/lldpd.socket /run/lldpd/lldpd.socket /run/lldpd.pid"
		k.Ready = "timeout 2 lldpcli show chassis"
		k.Children = lldpdChildren()
	case "bird":
		k.Argv = []string{"bird", "-f"}
		k.Before = "mkdir -p /run/bird"
		k.Ready = "timeout 2 birdc show status"
		k.touches = true
	case "dnsmasq":
		k.Argv = []string{"dnsmasq", "-k", "--log-facility=-"}
	case "radvd":
		k.Argv = []string{"radvd", "-n", "-m", "stderr"}
	case "sshd":
		k.Argv = []string{"/usr/sbin/sshd", "-D", "-e"}
		k.Before = "mkdir -p /run/sshd"
	case "snmpd":
		k.Argv = []string{"snmpd", "-f", "-Lo"}
	default:
		k.Argv = []string{s.Name}
	}
	k.Argv = append(k.Argv, s.Args...)
	return k
}

// keepalivedChildren matches what the parent logs of its children, in two lines of
// which the second has the name (report_child_status in keepalived's lib/process.c, and
// the respawning in vrrp_daemon.c and check_daemon.c):
//
//	… 2026: pid 93 exited due to segmentation fault (SIGSEGV).
//	… 2026: VRRP child process(93) died: Respawning
func keepalivedChildren() []node.ChildPattern {
	const stamp = `^(?P<time>\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4}): `
	const who = `(?:pid (?P<pid>\d+)|(?P<process>Keepalived_\w+)) exited `
	return []node.ChildPattern{
		{Pattern: regexp.MustCompile(stamp + who + `due to segmentation fault \(SIGSEGV\)`), Signal: "SIGSEGV", Time: time.ANSIC},
		{Pattern: regexp.MustCompile(stamp + who + `due to signal (?P<signal>\d+)`), Time: time.ANSIC},
		{Pattern: regexp.MustCompile(stamp + who + `with (?:permanent error|status) (?P<status>\d+)`), Time: time.ANSIC},
		{Pattern: regexp.MustCompile(stamp + `(?P<process>\w+) child process\((?P<pid>\d+)\) died: Respawning`), Time: time.ANSIC},
	}
}

// lldpdChildren matches what the privileged parent logs of its child (priv.c).
func lldpdChildren() []node.ChildPattern {
	const stamp = `^(?:(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d) )?`
	return []node.ChildPattern{
		{Pattern: regexp.MustCompile(stamp + `.*unprivileged instance has terminated with signal (?P<signal>\d+)`), Process: "child", Time: "2006-01-02T15:04:05"},
		{Pattern: regexp.MustCompile(stamp + `.*unprivileged instance has died with status (?P<status>\d+)`), Process: "child", Time: "2006-01-02T15:04:05"},
	}
}
