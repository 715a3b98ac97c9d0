package redact

import (
	"bytes"
	"net/netip"
	"strings"
	"sync"
)

// This file knows what the head of a column says about what stands below it, in whatever table that is: of commas, bars, blanks,
// HTML or SQL.

// column is what stands below a head: values of this rule, or nothing that is looked for. name is the keyword of a secret.
type column struct {
	name string
	rule Rule
	host bool // a name that is a host's
}

// Heads of columns, by what stands below them; a blank and _ are written -.
//
//nolint:gochecknoglobals // tables that are only read
var (
	userHeads = set(`user user-name username users login login-name account account-name user-id userid security-name snmp-user remote-user admin-user ssh-user cli-user bind-user benutzer benutzername gebruiker utilisateur usuario utente`)
	hostHeads = set(`device-id device-name devicename neighbor neighbour neighbor-name neighbor-device neighbor-device-id neighbor-system-name neighbor-host system-name systemname sysname sys-name system-id
		hostname host-name dynamic-hostname client-hostname remote-system remote-system-name remote-device remote-host remote-hostname switchname switch-name node-name ap-name location from fqdn domain-name gerät gerätename geraet geraetename`)
	serialHeads = set("serial serial-number serial-no serial-no. serial-num serialnumber serialno serial# sn s/n system-serial chassis-serial seriennummer seriennr serienummer")
	// secretHeads are communities as inventories call them.
	secretHeads = set("snmp-ro snmp-rw snmp-read snmp-write snmp-string ro-string rw-string community-ro community-rw snmp-community snmp-key")
	// besideSecrets say something only in a table that has a secret: an inventory of devices and how to log in to them.
	besideSecrets = map[string]column{
		"name": {rule: RuleName, host: true}, "host": {rule: RuleName, host: true}, "device": {rule: RuleName, host: true}, "node": {rule: RuleName, host: true}, "switch": {rule: RuleName, host: true},
		"router": {rule: RuleName, host: true}, "enable": {name: "enable-secret", rule: RuleSecret}, "enable-pw": {name: "enable-secret", rule: RuleSecret},
	}
)

// headName is the text of a head as the tables have it.
func headName(text []byte) string {
	low := strings.NewReplacer("_", "-", " ", "-").Replace(strings.Join(strings.Fields(lower(string(text))), " "))
	return strings.TrimSuffix(strings.TrimRight(low, ":*"), "(s)")
}

// columnOf tells what stands below a head.
func (s *scanner) columnOf(text []byte) column {
	if len(text) < 2 || len(text) > 40 {
		return column{}
	}
	low := headName(text)
	if c := headColumn(low); c.rule != "" {
		return c
	}
	if t, ok := terms[low]; !ok || len(t.within) == 0 || low == "community" { // the others are such words on lines about one thing only
		if name := s.secretName(text); name != "" {
			return column{name: name, rule: RuleSecret}
		}
	}
	if low == "key" {
		return column{name: "key", rule: RuleSecret}
	}
	if first, rest, ok := strings.Cut(low, "/"); ok { // User/Security Name
		if c := headColumn(first); c.rule != "" {
			return c
		}
		return headColumn(rest)
	}
	return column{}
}

func headColumn(low string) column {
	switch {
	case userHeads[low]:
		return column{rule: RuleName}
	case hostHeads[low]:
		return column{rule: RuleName, host: true}
	case serialHeads[low]:
		return column{rule: RuleSerial}
	case secretHeads[low]:
		return column{name: "community", rule: RuleSecret}
	}
	return column{}
}

// cell takes what stands below a head. loose asks for more than its place, in a table whose columns are told by blanks.
func (s *scanner) cell(c column, from, to int, loose bool) {
	v := string(s.data[from:to])
	low := lower(v)
	switch c.rule {
	case RuleSecret:
		if c.name == "key" && (!looksRandom(v) || strings.HasPrefix(low, "0x") && len(v) <= len("0x00000000")) { // of a port that can be aggregated
			return
		}
		if loose && (len(v) < 4 || ordinary()[low] || hiddenWords[low] || fillers[low] || typeWords[low] || isNumber(v) && len(v) < 6 || strings.Trim(v, "*-.") == "" || isPort(v)) {
			return
		}
		s.plain(c.name, from, to)
	case RuleName:
		if name, serial, ok := strings.Cut(v, "("); ok && c.host && name != "" { // nx2(FDO2222222A), sw1(10.0.0.1)
			s.cell(c, from, from+len(name), loose)
			serial, _, _ = strings.Cut(serial, ")")
			if _, err := netip.ParseAddr(serial); err != nil {
				s.cell(column{rule: RuleSerial}, from+len(name)+1, from+len(name)+1+len(serial), loose)
			}
			return
		}
		if isReference(v) || !isName(v, c.host) {
			return
		}
		s.takeName(RuleName, from, to)
	case RuleSerial:
		if !strings.ContainsAny(v, " .:/") && len(v) < longestWord {
			s.takeName(RuleSerial, from, to)
		}
	default:
	}
}

// takeName replaces a name or a serial number.
func (s *scanner) takeName(rule Rule, from, to int) {
	if from >= s.done {
		was := s.line
		s.line = from
		s.replace("", rule, field{start: from, end: to, next: to}, string(s.data[from:to]))
		s.line = was
	}
}

// isName tells the name of a host or of a user from what else stands in such a column.
func isName(v string, host bool) bool {
	low := lower(v)
	if len(v) < 3 || len(v) > longestWord || strings.ContainsAny(v, " \t\"'<>|=*,;") || stops[low] || fillers[low] || hiddenWords[low] || loginMethods[low] || isPortName(low) || isNumber(v) {
		return false
	}
	if _, ok := macOf(v); ok {
		return false
	}
	if _, err := netip.ParseAddr(v); err == nil {
		return false
	}
	if host {
		return isHost(v) && !ordinary()[low] && !plainWords(low)
	}
	return (letter(v[0]) || v[0] == '_') && !ordinary()[low] && !plainWords(low)
}

// portNames are what the names of ports begin with, before a number.
//
//nolint:gochecknoglobals // a table that is only read
var portNames = set(`eth ethernet ens enp eno em swp ge xe et te gi gig fa fas po twe hu fo port lag mlag vlan vlanif irb lo loopback ma mgmt management br bond team tun tap tunnel vtep vxlan wlan ae me fxp em slot cpu
	gigabitethernet tengigabitethernet tengige fortygige hundredgige twentyfivegige twogigabitethernet fivegigabitethernet fastethernet serial dialer atm pos cellular console con aux vty tty pts line level area bundle-ether
	port-channel peer-link trunk mlt smlt`)

// isPortName tells the name of a port, of small letters: gi1/0/1, swp3, ae0.100, vlan10.
func isPortName(low string) bool {
	head := strings.TrimRight(low, "0123456789/.:-s")
	return len(head) < len(low) && portNames[head]
}

// aligned takes the columns of tables whose columns are told by blanks, as devices print them: a line of heads, and below it what
// stands under each, to a blank line, a prompt or a line of dashes.
func (s *scanner) aligned() {
	var in []head
	rows, taken, fresh := 0, false, true
	for at := 0; at < len(s.data); {
		stop := rowEnd(s.data, at)
		line := bytes.TrimRight(s.data[at:stop], " \t\r")
		switch heads := s.headsOf(line, fresh || in == nil || s.ruled(stop)); {
		case heads != nil:
			in, rows, taken, fresh = heads, 0, false, false
		case len(line) == 0 || isRuler(line):
			if rows > 1 || rows > 0 && (taken || len(line) == 0) { // heads may have two lines
				in = nil
			}
			fresh = true
		case !s.isRow(line, stop) || prompting(line):
			in, fresh = nil, true
		case in != nil:
			rows++
			taken = s.alignedRow(in, at, at+len(line)) || taken
			fresh = false
		}
		at = stop + 1
	}
}

// head is the head of a column and where in its line it stands.
type head struct {
	column

	from, to int
}

const (
	// longestHeadLine bounds a line of heads, in bytes, and mostHeads how many are on it.
	longestHeadLine = 320
	mostHeads       = 32
)

// headsOf gives the known heads of a line of heads; nil where it is none. fresh: nothing else of a table stands before it. Heads
// that nothing sets apart are in capitals, or begin with one.
func (s *scanner) headsOf(line []byte, fresh bool) []head {
	if !fresh || len(line) > longestHeadLine || !bytes.Contains(bytes.TrimLeft(line, " *"), []byte("  ")) {
		return nil
	}
	var list []head
	cells := 0
	for at := 0; at < len(line); {
		if line[at] == ' ' {
			at++
			continue
		}
		end := at
		for end < len(line) && (line[end] != ' ' || end+1 < len(line) && line[end+1] != ' ') {
			end++
		}
		text := line[at:end]
		if cells++; cells > mostHeads || !headLike(text) {
			return nil
		}
		if c := s.columnOf(text); c.rule != "" {
			list = append(list, head{c, at, end})
		}
		at = end
	}
	if cells < 2 || len(list) == 0 || bytes.Contains(line, []byte("PID")) && !bytes.Contains(line, []byte("SN")) { // of processes, whose users are the system's
		return nil
	}
	return list
}

// headLike tells what may be a head: words that begin with a capital, without a value's signs.
func headLike(text []byte) bool {
	if len(text) > 40 || bytes.ContainsAny(text, ":=\"'<>{}[],;") {
		return false
	}
	first := text[0]
	if first == '#' || first == '*' || first == '(' {
		return true
	}
	if first < 'A' || first > 'Z' {
		return false
	}
	digits := 0
	for _, c := range text {
		if isDigit(c) {
			digits++
		}
	}
	return digits < 2
}

// ruled tells whether the line after is one of dashes.
func (s *scanner) ruled(stop int) bool {
	if stop+1 >= len(s.data) {
		return false
	}
	end := rowEnd(s.data, stop+1)
	return isRuler(bytes.TrimRight(s.data[stop+1:end], " \t\r"))
}

// isRow tells a row of a table whose columns are told by blanks from a sentence: somewhere two blanks part its words, or it is
// one word alone whose other columns are on the next line.
func (s *scanner) isRow(line []byte, stop int) bool {
	words := bytes.TrimLeft(line, " ")
	return bytes.Contains(words, []byte("  ")) || bytes.IndexByte(words, '\t') >= 0 ||
		bytes.IndexByte(words, ' ') < 0 && stop+2 < len(s.data) && string(s.data[stop+1:stop+3]) == "  "
}

// isRuler tells a line of dashes or equal signs.
func isRuler(line []byte) bool {
	return len(line) > 3 && (line[0] == '-' || line[0] == '=' || line[0] == '+' || line[0] == ' ' || line[0] == '_' || line[0] == '~') && len(bytes.Trim(line, "-=+ _~\t|")) == 0
}

// prompting tells a line that begins with a prompt: its first word, or one of the next two, ends in # or >.
func prompting(line []byte) bool {
	for range 3 {
		line = bytes.TrimLeft(line, " ")
		end := bytes.IndexByte(line, ' ')
		if end < 0 {
			end = len(line)
		}
		if end == 0 {
			return false
		}
		if at := bytes.IndexAny(line[:end], "#>"); at > 0 || at == 0 && end == 1 {
			return true
		}
		line = line[end:]
	}
	return false
}

// alignedRow takes what stands in a row below each head: the word that is over a letter of it, the one that begins where it does first. It tells whether
// one was a name or a secret.
func (s *scanner) alignedRow(in []head, start, end int) bool {
	was := s.done
	end = min(end, start+longestHeadLine+longestWord)
	k := 0
	for at := start; at < end && k < len(in); {
		if s.data[at] == ' ' || s.data[at] == '\t' {
			at++
			continue
		}
		to := at
		for to < end && s.data[to] != ' ' && s.data[to] != '\t' {
			to++
		}
		for k < len(in) && start+in[k].to <= at {
			k++
		}
		if k < len(in) && to > start+in[k].from {
			s.cell(in[k].column, at, to, true)
			k++
		}
		at = to
	}
	return s.done > was
}

// htmlTags are those of a table of HTML.
//
//nolint:gochecknoglobals // made once
var htmlTags = sync.OnceValue(func() map[string]bool { return set("table /table tr /tr th td") })

// htmlRows takes the columns of tables of HTML, whose heads are the first row.
func (s *scanner) htmlRows() {
	var in table
	var cells []span
	row := func() {
		switch {
		case len(cells) == 0:
		case len(in.names) == 0:
			in = s.headOf(cells)
		default:
			s.cellsOf(in, cells)
		}
		cells = nil
	}
	for at := 0; at < len(s.data); {
		n := bytes.IndexByte(s.data[at:], '<')
		if n < 0 {
			break
		}
		at += n + 1
		end := at
		for end < len(s.data) && end-at < 8 && (wordClass(s.data[end]) || s.data[end] == '/') {
			end++
		}
		tag := lower(string(s.data[at:end]))
		if !htmlTags()[tag] {
			continue
		}
		switch tag {
		case "table", "/table":
			row()
			in = table{}
		case "tr", "/tr":
			row()
		default:
			if c, ok := s.htmlCell(end); ok && len(cells) < longestHead {
				cells = append(cells, c)
			}
		}
	}
	row()
}

// htmlCell is the text of a cell whose tag's name ends at end, within other tags or not.
func (s *scanner) htmlCell(end int) (span, bool) {
	limit := min(len(s.data), end+longestToken)
	for range 8 {
		n := bytes.IndexByte(s.data[end:limit], '>')
		if n < 0 {
			return span{}, false
		}
		from := skipBlanks(s.data[:limit], end+n+1)
		to := from
		for to < limit && s.data[to] != '<' {
			to++
		}
		if to > from || bytes.HasPrefix(s.data[to:limit], []byte("</t")) {
			for to > from && s.data[to-1] <= ' ' {
				to--
			}
			return span{from, to}, true
		}
		end = to
	}
	return span{}, false
}

// inserts takes the values of INSERT INTO t (columns) VALUES (...), (...).
func (s *scanner) inserts() {
	for at := 0; ; {
		n := indexInto(s.data[at:])
		if n < 0 {
			return
		}
		at += n + len("into ")
		open := bytes.IndexByte(s.data[at:min(len(s.data), at+2*longestWord)], '(')
		if open < 0 || bytes.IndexByte(s.data[at:at+open], '\n') >= 0 {
			continue
		}
		names, next := sqlTuple(s.data, at+open)
		if names == nil {
			continue
		}
		in := s.headOf(names)
		next = skipBlanks(s.data, next)
		if !in.known || next+len("values") > len(s.data) || !sameLetters(s.data[next:next+len("values")], "values") {
			continue
		}
		for next += len("values"); ; next++ {
			next = skipBlanks(s.data, next)
			values, end := sqlTuple(s.data, next)
			if values == nil {
				break
			}
			s.cellsOf(in, values)
			if next = skipBlanks(s.data, end); next >= len(s.data) || s.data[next] != ',' {
				break
			}
		}
		at = max(at, min(next, len(s.data)))
	}
}

// indexInto is where "into " stands, in capitals or small.
func indexInto(data []byte) int {
	a, b := bytes.Index(data, []byte("INTO ")), bytes.Index(data, []byte("into "))
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}

// sqlTuple reads (a, 'b', "c") at at: its values without their quotes, and where it ends; nil where none is.
func sqlTuple(data []byte, at int) ([]span, int) {
	if at >= len(data) || data[at] != '(' {
		return nil, at
	}
	limit := min(len(data), at+longestStructure)
	list := []span{}
	for i := at + 1; i < limit; {
		i = skipBlanks(data[:limit], i)
		if i >= limit {
			return nil, at
		}
		from := i
		if q := data[i]; q == '\'' || q == '"' || q == '`' {
			for i++; i < limit && (data[i] != q || i+1 < limit && data[i+1] == q); i++ {
				if data[i] == q || data[i] == '\\' {
					i++
				}
			}
			if i >= limit {
				return nil, at
			}
			list = append(list, span{from + 1, i})
			i++
		} else {
			for i < limit && bytes.IndexByte([]byte(",)("), data[i]) < 0 {
				i++
			}
			if i >= limit || data[i] == '(' {
				return nil, at
			}
			to := i
			for to > from && data[to-1] <= ' ' {
				to--
			}
			list = append(list, span{from, to})
		}
		if i = skipBlanks(data[:limit], i); i >= limit || data[i] != ',' && data[i] != ')' {
			return nil, at
		}
		if i++; data[i-1] == ')' {
			return list, i
		}
	}
	return nil, at
}
