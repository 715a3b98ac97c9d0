package infer

import (
	"regexp"
	"slices"
	"strings"
)

// heard takes the neighbours that a layout names, and the rows that it does not read.
type heard struct {
	add    func(neighbour)
	unread func(row string)
}

// layout is a form of a table of neighbours: how it is known, and what reads it. The forms are those of public
// captures.
type layout struct {
	head *regexp.Regexp
	read func(text string, h heard)
}

// layouts are the forms that no driver of this project reads. Detailed ones come first: some begin with the heads of
// the others.
func layouts() []layout {
	return []layout{
		{regexp.MustCompile(`(?m)^(?:Interface|LLDP Port) \S+ detected \d+ (?:LLDP )?neighbors?`), quoted},
		{regexp.MustCompile(`(?m)^LLDP neighbors:`), lldpctl},
		{regexp.MustCompile(`(?m)^(?:Local Intf|Local Port id): `), fields("lldp", map[string]string{"Local Intf": "port", "Local Port id": "port", "Port id": "remote", "System Name": "name", "Chassis id": "chassis"})},
		{regexp.MustCompile(`(?m)^Device ID: ?\S`), fields("cdp", map[string]string{"Device ID": "device", "Interface": "port", "Port ID (outgoing port)": "remote"})},
		{regexp.MustCompile(`(?m)^Neighbor Chassis-ID +:`), fields("lldp", map[string]string{"Port": "port", "Neighbor Chassis-Name": "name", "Neighbor Port-ID": "remote"})},
		{regexp.MustCompile(`(?m)^Local Interface\s+: `), fields("lldp", map[string]string{"Local Interface": "port", "Port ID": "remote", "System name": "name"})},
		{regexp.MustCompile(`(?m)^Port\s+Neighbor Device ID\s+Neighbor Port ID`), table("lldp",
			`^(?P<port>\S+)\s+(?P<name>\S+)\s+(?P<remote>\S+)\s+\d+$`, `^(?P<port>\S+)\s+(?P<name>\S+(?: \S+)*?)\s{2,}(?P<remote>\S+(?: \S+)*?)\s{2,}\d+$`)},
		{regexp.MustCompile(`(?m)^Local Interface\s.*Chassis Id`), ofJunos},
		{regexp.MustCompile(`(?m)^Device[ -]ID\s+Local Intf\s+Hold-time`), beside("lldp", "Local Intf",
			`(?P<port>[A-Za-z][A-Za-z-]*\d\S*)\s+\d+\s+(?:(?:[A-Z](?:,?[A-Z])*|N/A)\s+)?(?P<remote>\S+(?: \S+)*)$`)},
		{regexp.MustCompile(`(?m)^Device[ -]ID\s+Local Intrfce\s`), beside("cdp", "Local Intrfce",
			`(?P<port>[A-Za-z][A-Za-z-]* ?\d\S*)\s+\d+\s+.*?\s(?P<remote>[A-Za-z][A-Za-z-]* ?\d\S*)$`)},
		{regexp.MustCompile(`(?m)^LOCAL-PORT\s+CHASSIS-ID\s+PORT-ID`), table("lldp", `^(?P<port>\d+/\d+/\d+|mgmt)\s+\S+\s+(?P<remote>\S+)\s.*?\s\d+\s+(?P<name>\S+)$`)},
		{regexp.MustCompile(`(?m)^\s*PORT\s+PROT\s+ADDR\s+ID\s+PORT\s+SYSNAME`), table("lldp", `^(?P<port>\d+/\d+(?:/\d+)?)\s+LLDP\s+\S+\s+\S+\s+(?P<remote>\S+)\s+(?P<name>\S+)(?:\s.*)?$`)},
		{regexp.MustCompile(`(?m)^(?:LocalPort|Interface)\s+Speed\s+(?:Mode|Type)\s+Remote ?Host\s+Remote ?Port`), table("lldp", `^(?P<port>\S+)\s+\S+\s+\S+\s+(?P<name>\S+)\s+(?P<remote>\S+)$`)},
		{regexp.MustCompile(`(?m)^\s*\|\s*Name\s*\|\s*Neighbor\s*\|\s*Neighbor System Name\s*\|`), table("lldp", `^\|\s*(?P<port>\S+)\s*\|[^|]*\|\s*(?P<name>\S+)\s*\|(?:[^|]*\|)*?\s*(?P<remote>[^|\s]+)\s*\|$`)},
	}
}

// neighbours reads who is at the other ends, by what the table looks like.
func (r *Reader) neighbours(s *said, command, text string) error {
	driver := func(by string) func(map[string]string) {
		return func(row map[string]string) {
			s.neighbours = append(s.neighbours, neighbour{by: by, port: row["PORT"], name: row["NAME"], remote: row["REMOTE_PORT"]})
		}
	}
	switch {
	case regexp.MustCompile(`(?m)^Port\s+(?:Neighbor )?Chassis ID\s`).MatchString(text):
		return r.rows(s, "exos:lldp", text, driver("lldp"))
	case strings.Contains(text, "Neighbor-ID"):
		return r.rows(s, "exos:edp", text, driver("edp"))
	case strings.Contains(text, "LLDP Neighbor\n") || strings.Contains(text, "Index    :"):
		return r.rows(s, "voss:lldp", text, driver("lldp"))
	}
	for _, l := range layouts() {
		if !l.head.MatchString(text) {
			continue
		}
		l.read(text, heard{
			add:    func(n neighbour) { s.neighbours = append(s.neighbours, n) },
			unread: func(row string) { s.unread = appendNew(s.unread, "a row of "+command+" is not read: "+row) },
		})
		return nil
	}
	const short = 3 // lines of an answer that says that there is nobody
	if strings.Count(strings.TrimSpace(text), "\n") >= short {
		s.unread = appendNew(s.unread, "the answer of "+command+" is of a layout that is not read")
	}
	return nil
}

// within are the lines of a table that stand below its head, without blanks at their ends, rules and what counts its rows.
func within(text string, head *regexp.Regexp) (title string, rows []string) {
	rule := regexp.MustCompile(`^[-=+| ]*$|^\s*Total (?:entries|cdp entries|[Nn]eighbors)\b`)
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		switch {
		case head.MatchString(line):
			title = line
		case title != "" && !rule.MatchString(line):
			rows = append(rows, line)
		}
	}
	return title, rows
}

// named is a neighbour of what an expression found.
func named(by string, re *regexp.Regexp, m []string) neighbour {
	n := neighbour{by: by}
	for i, group := range re.SubexpNames() {
		switch group {
		case "port":
			n.port = m[i]
		case "name":
			n.name = m[i]
		case "remote":
			n.remote = m[i]
		}
	}
	return n
}

// table reads rows that one of some expressions fits.
func table(by string, forms ...string) func(string, heard) {
	return func(text string, h heard) {
		var all []*regexp.Regexp
		for _, form := range forms {
			all = append(all, regexp.MustCompile(form))
		}
		_, rows := within(text, regexp.MustCompile(`(?i)(?:Remote ?Port|SYS-?NAME|Neighbor Port ID|Neighbor Port)\b`))
		for _, row := range rows {
			read := slices.ContainsFunc(all, func(re *regexp.Regexp) bool {
				m := re.FindStringSubmatch(strings.TrimSpace(row))
				if m != nil {
					h.add(named(by, re, m))
				}
				return m != nil
			})
			if !read {
				h.unread(strings.TrimSpace(row))
			}
		}
	}
}

// beside reads rows of a name and what stands beside it from a column on, as IOS and NX-OS have them: a name that is
// longer than its column stands on a line of its own, or is cut where the column ends, without a blank behind it.
func beside(by, column, form string) func(string, heard) {
	return func(text string, h heard) {
		re, glued := regexp.MustCompile(`^(?:(?P<name>\S+(?: \S+)*?)\s+)?`+form), regexp.MustCompile("^"+form)
		head, rows := within(text, regexp.MustCompile(regexp.QuoteMeta(column)))
		at, above := strings.Index(head, column), ""
		for _, row := range rows {
			n, cut := neighbour{}, false
			if at < len(row) && at > 0 && row[at-1] != ' ' && !strings.Contains(row[:at], "  ") {
				if m := glued.FindStringSubmatch(row[at:]); m != nil {
					n, cut = named(by, glued, m), true
					n.name = strings.TrimSpace(row[:at])
				}
			}
			if !cut {
				m := re.FindStringSubmatch(strings.TrimSpace(row))
				if m == nil {
					if above != "" {
						h.unread(above)
					}
					above = strings.TrimSpace(row)
					continue
				}
				n = named(by, re, m)
			}
			if n.name == "" {
				n.name = above
			} else if above != "" {
				h.unread(above)
			}
			above = ""
			n.name, n.cut = withoutSerial(n.name), cut
			h.add(n)
		}
		if above != "" {
			h.unread(above)
		}
	}
}

// withoutSerial is the name of a device of CDP; NX-OS writes its serial number behind it.
func withoutSerial(device string) string {
	name, serial, ok := strings.Cut(device, "(")
	if ok && strings.HasSuffix(serial, ")") {
		return name
	}
	return device
}

// ofJunos reads a table whose ports and names may be told by descriptions, which hold blanks.
func ofJunos(text string, h heard) {
	head, rows := within(text, regexp.MustCompile(`^Local Interface\s`))
	at := strings.Index(head, "System Name")
	re := regexp.MustCompile(`^(?P<port>[a-z]\S*)\s+(?:\S+\s+)?(?:[0-9a-f]{2}(?::[0-9a-f]{2}){5}|[\d.]+|[0-9a-f:]+)\s+(?P<remote>\S.*)$`)
	for _, row := range rows {
		m := re.FindStringSubmatch(row)
		if m == nil {
			h.unread(row)
			continue
		}
		n := named("lldp", re, m)
		if cut := strings.LastIndexAny(n.remote, " \t"); cut > 0 && at > 0 && len(row) > at {
			n.remote, n.name = strings.TrimSpace(n.remote[:cut]), n.remote[cut+1:]
		}
		h.add(n)
	}
}

// fields reads blocks of lines "key: value", of which the names are told: a block ends where a key comes again.
func fields(by string, names map[string]string) func(string, heard) {
	return func(text string, h heard) {
		block := map[string]string{}
		emit := func() {
			if block["port"] != "" {
				h.add(neighbour{by: by, port: block["port"], name: block["name"] + withoutSerial(block["device"]), remote: block["remote"]})
			}
			block = map[string]string{}
		}
		for line := range strings.Lines(text) {
			line = strings.TrimRight(line, " \t\r\n")
			for _, part := range strings.SplitAfter(line, ", ") { // CDP has two on a line
				key, value, ok := strings.Cut(strings.TrimLeft(strings.TrimSuffix(part, ", "), " "), ":")
				name := names[strings.TrimSpace(key)]
				if !ok || name == "" || part == line && strings.HasPrefix(line, " ") {
					continue
				}
				if _, again := block[name]; again {
					emit()
				}
				block[name] = strings.TrimSuffix(strings.TrimSpace(value), ",")
			}
		}
		emit()
	}
}

// quoted reads the detailed form of EOS and Switch Engine: the port, and below it a block for each neighbour.
func quoted(text string, h heard) {
	port := regexp.MustCompile(`^(?:Interface|LLDP Port) (\S+) detected \d+ `)
	value := regexp.MustCompile(`^\s+(?:- )?(Port ID|System Name)\s*: "?([^"]*?)"?\s*$`)
	var n *neighbour
	emit := func() {
		if n != nil && n.remote+n.name != "" {
			h.add(*n)
		}
		n = nil
	}
	at := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if m := port.FindStringSubmatch(line); m != nil {
			emit()
			at = m[1]
			continue
		}
		if strings.HasPrefix(strings.TrimSpace(line), "Neighbor") && at != "" {
			emit()
			n = &neighbour{by: "lldp", port: at}
		}
		m := value.FindStringSubmatch(line)
		switch {
		case m == nil || n == nil:
		case m[1] == "Port ID" && n.remote == "": // another is that of an aggregate
			n.remote = m[2]
		case m[1] == "System Name":
			n.name = m[2]
		}
	}
	emit()
}

// lldpctl reads what lldpd's own client shows: a block for each neighbour, which begins with the interface.
func lldpctl(text string, h heard) {
	port := regexp.MustCompile(`^\s+([^,\s]+),`)
	name := regexp.MustCompile(`(?m)^\s*SysName:[ \t]+(\S+)`)
	remote := regexp.MustCompile(`(?m)^\s*PortID:[ \t]+(?:ifname|local|mac) (\S+)`)
	for _, block := range strings.Split(text, "Interface:")[1:] {
		p, r := port.FindStringSubmatch(block), remote.FindStringSubmatch(block)
		if p == nil || r == nil {
			row, _, _ := strings.Cut(block, "\n")
			h.unread("Interface:" + row)
			continue
		}
		n := neighbour{by: "lldp", port: p[1], remote: r[1]}
		if m := name.FindStringSubmatch(block); m != nil {
			n.name = m[1]
		}
		h.add(n)
	}
}

// aggregates reads the members of aggregates out of the summaries of IOS, NX-OS and EOS: a port stands with its state in
// brackets, on the line of its aggregate or one below.
func aggregates(text string) map[string][]string {
	list := map[string][]string{}
	head := regexp.MustCompile(`^\s*(?:\d+\s+)?Po(\d+)\([A-Za-z]+\)`)
	member := regexp.MustCompile(`\b([A-Z][A-Za-z]*\d[\d/.]*)\([^()\s]+\)`)
	name := ""
	for line := range strings.Lines(text) {
		if m := head.FindStringSubmatch(line); m != nil {
			name, line = "Port-channel"+m[1], line[len(m[0]):]
		} else if strings.TrimSpace(line) == "" || line[0] != ' ' {
			name = ""
		}
		if name == "" {
			continue
		}
		for _, m := range member.FindAllStringSubmatch(line, -1) {
			list[name] = appendNew(list[name], m[1])
		}
	}
	return list
}

// isPort reports whether a device has a port that is called so, as its files or its platform's names tell. Neighbours
// name their ports by other things too: numbers of SNMP, MAC addresses, descriptions.
func (b *builder) isPort(e Endpoint, forms map[string]*regexp.Regexp) bool {
	n := b.named[e.Node]
	if _, own := b.tells[e]; own || n.Has(e.Port) {
		return true
	}
	form, ok := forms[n.Platform]
	if !ok {
		form = forms["linux"]
	}
	return form.MatchString(e.Port) && !forms["none"].MatchString(e.Port)
}

// portForms are what the ports of platforms are called, and under "none" what is the name of none.
func portForms() map[string]*regexp.Regexp {
	const worded = `^[a-z][a-z-]*\d+(?:[/.:]\d+)*$`
	forms := map[string]*regexp.Regexp{}
	for platform, form := range map[string]string{
		"exos": `^(?:\d+(?::\d+){0,2}|mgmt)$`, "voss": `^(?:\d+/\d+(?:/\d+)?|mgmt\S*)$`,
		"ios": worded, "nxos": worded, "eos": worded, "iosxr": worded,
		"junos": `^(?:[a-z]{2}-\d+/\d+/\d+(?::\d+)?|(?:ae|fxp|em|me|vme|irb|reth|re\d:mgmt-)\d*)(?:\.\d+)?$`,
		"aoscx": `^(?:\d+/\d+/\d+|lag\d+|mgmt)$`, "srlinux": `^(?:ethernet-\d+/\d+(?:/\d+)?|lag\d+|mgmt0)$`,
		"linux": `^[a-z_][\w.:@-]*$`, "": `^\S+$`,
		"none": `^(?:\(\d\))?[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}$|^[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}$|^not-advertised$`,
	} {
		forms[platform] = regexp.MustCompile(form)
	}
	return forms
}

// remotes finds the ports that neighbours call otherwise than their own devices: of the one port that sees the same
// cable from the other side. Where there is none, the end is not known.
func (b *builder) remotes() {
	forms := portForms()
	ends, seen := b.ends(), map[Endpoint][]Endpoint{} // by whom an end is named
	for _, e := range ends {
		for _, t := range b.tells[e] {
			seen[t.to] = append(seen[t.to], e)
		}
	}
	for _, e := range ends {
		var kept []told
		for _, t := range b.tells[e] {
			if !b.isPort(t.to, forms) {
				var from []Endpoint
				for _, x := range seen[e] {
					if x.Node == t.to.Node {
						from = append(from, x)
					}
				}
				if len(from) != 1 {
					b.unknown("%s sees %s, which calls its port %q: which of its ports that is is not known", b.shown(e), t.to.Node, t.to.Port)
					continue
				}
				t.to = from[0]
			}
			if !slices.ContainsFunc(kept, func(k told) bool { return k.to == t.to }) {
				kept = append(kept, t)
			}
		}
		if b.tells[e] = kept; len(kept) == 0 {
			delete(b.tells, e)
		}
	}
}
