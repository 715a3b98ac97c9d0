package frr

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/node"
)

// stanzas says which lines of frr.conf need which daemon, in the order in which the
// daemons are started. zebra and mgmtd are not in it.
func stanzas() []struct {
	daemon string
	line   *regexp.Regexp
} {
	type row = struct {
		daemon string
		line   *regexp.Regexp
	}
	re := regexp.MustCompile
	return []row{
		{"bfdd", re(`^bfd\b|^\s+(?:neighbor \S+|ip ospf|ipv6 ospf6|isis|ip pim|bgp) bfd\b`)},
		{"bgpd", re(`^router bgp\b|^rpki\b|^bgp \S`)},
		{"ospfd", re(`^router ospf\b|^\s+ip ospf `)},
		{"ospf6d", re(`^router ospf6\b|^\s+ipv6 ospf6 `)},
		{"isisd", re(`^router isis\b|^\s+(?:ip|ipv6) router isis `)},
		{"ripd", re(`^router rip\b|^\s+ip rip `)},
		{"ripngd", re(`^router ripng\b|^\s+ipv6 ripng `)},
		{"eigrpd", re(`^router eigrp\b`)},
		{"babeld", re(`^router babel\b`)},
		{"fabricd", re(`^router openfabric\b`)},
		{"pimd", re(`^router pim$|^ip (?:pim|msdp) |^\s+ip (?:pim|igmp)\b`)},
		{"pim6d", re(`^router pim6\b|^ipv6 pim |^\s+ipv6 (?:pim|mld)\b`)},
		{"ldpd", re(`^mpls ldp\b`)},
		{"nhrpd", re(`^\s+(?:ip|ipv6) nhrp `)},
		{"vrrpd", re(`^\s+vrrp \d`)},
		{"pbrd", re(`^pbr-map |^\s+pbr-policy `)},
		{"pathd", re(`^segment-routing\b`)},
	}
}

// Daemons implements drivers.DaemonLister.
func (Factory) Daemons() []string {
	names := []string{"mgmtd", "zebra", "staticd"}
	for _, s := range stanzas() {
		names = append(names, s.daemon)
	}
	return names
}

// DaemonsFor implements drivers.DaemonChooser. mgmtd is among them, though older versions have
// none.
func (Factory) DaemonsFor(config string, services []string) []string {
	if len(services) == 0 {
		services = daemonsFor(config)
	}
	return append([]string{"mgmtd", "zebra"}, services...)
}

// daemonsFor lists the daemons that a configuration needs beside zebra and mgmtd.
func daemonsFor(config string) []string {
	daemons := []string{"staticd"} // always, as FRR's own start script does
	for _, s := range stanzas() {
		for line := range strings.Lines(config) {
			if s.line.MatchString(strings.TrimRight(line, " \r\n")) {
				daemons = append(daemons, s.daemon)
				break
			}
		}
	}
	return daemons
}

// software is what the way in which daemons are run depends on.
type software struct {
	mgmtd  bool // there is one
	oneLog bool // see beforeLogs
}

// plan is how the daemons are run, in order: mgmtd where there is one, zebra, the rest side by side.
// Named services take their arguments along and replace the choice by stanzas; zebra
// and mgmtd are added when they are not named.
func plan(config string, named []drivers.Service, have software) []node.Service {
	if len(named) == 0 {
		for _, d := range daemonsFor(config) {
			named = append(named, drivers.Service{Name: d})
		}
	}
	has := func(name string) bool {
		return slices.ContainsFunc(named, func(s drivers.Service) bool { return s.Name == name })
	}
	var first []drivers.Service
	if have.mgmtd && !has("mgmtd") {
		first = append(first, drivers.Service{Name: "mgmtd"})
	}
	if !has("zebra") {
		first = append(first, drivers.Service{Name: "zebra"})
	}
	var services []node.Service
	beside := false
	for _, s := range append(first, named...) {
		d := daemon(s, config, have)
		foundation := s.Name == "mgmtd" || s.Name == "zebra" // which the others need
		d.Beside, beside = beside && !foundation, !foundation
		services = append(services, d)
	}
	return services
}

// userLogs are the files that a configuration logs to: "log file /var/log/frr/frr.log debugging".
var userLogs = regexp.MustCompile(`(?m)^log file (/\S+)`)

// printsLess finds lines that change what a daemon prints.
var printsLess = regexp.MustCompile(`(?m)^(?:no )?log stdout\b`)

// listens asks whether a daemon listens for vtysh, without a program. The table is read only once its socket
// is there, where no argument may have put it elsewhere.
func listens(s drivers.Service) string {
	ask := "{ found=; while read -r l; do case $l in *' 00010000 '*/" + s.Name + ".vty) found=1; break;; esac; done </proc/net/unix; [ \"$found\" ]; }"
	if len(s.Args) > 0 {
		return ask
	}
	return "{ [ -S /run/frr/" + s.Name + ".vty ] || [ -S /var/run/frr/" + s.Name + ".vty ]; } && " + ask
}

// daemon is how one daemon is run: it logs at level debugging to a destination of ours,
// whatever the configuration says of others. That is a file, or what it prints where "log
// file" would take the file away.
func daemon(s drivers.Service, config string, have software) node.Service {
	log := "/var/log/frr/" + s.Name + ".log"
	d := node.Service{
		Name: s.Name,
		Argv: []string{"/usr/lib/frr/" + s.Name, "-A", "127.0.0.1", "--log", "file:" + log},
		// A socket that a dead daemon left would look like one that answers.
		Before: fmt.Sprintf("for f in /run/frr/%[1]s.vty /run/frr/%[1]s.pid; do if [ -e $f ] || [ -L $f ]; then rm -f $f; fi; done", s.Name),
		// It listens for vtysh when it has begun all else (flag SO_ACCEPTCON of a socket, proc_net(5)):
		// vtysh itself, a large program, would look no further and cost as much as the daemon's start.
		Ready: listens(s),
		Logs:  []string{log},
		Own:   true,
	}
	for _, m := range userLogs.FindAllStringSubmatch(config, -1) {
		if m[1] != log {
			d.Copies = append(d.Copies, m[1])
		}
	}
	if have.oneLog {
		d.Argv[len(d.Argv)-1], d.Logs = "stdout", nil
		d.Copies = append(d.Copies, log)
		d.Dull = "^core_handler: " // the memory it had, in a hundred lines
		if line := printsLess.FindString(config); line != "" {
			d.Elsewhere = fmt.Sprintf("does not print all that it logs (%q in its configuration)", line)
		}
	}
	d.Argv = append(d.Argv, s.Args...)
	return d
}
