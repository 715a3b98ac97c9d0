package intake

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/harness/logs"
)

// part is a Part that is being read.
type part struct {
	*Part
	votes   map[string]int  // by platform
	answers map[string]bool // command and digest of what was answered
	groups  map[string]bool
	number  string // of the part, which stands for a model that is not told
	first   string // command that a head named first
	stamp   string // the time that the terminal wrote before its first prompt
	count   int    // of the prompt before
	text    strings.Builder
	large   bool // it is longer than what is held
	sum     hash.Hash
	hosts   map[string]int // that lines of a log name
	clock   clock          // what is told of the device's zone
	begun   bool           // by a mark that a platform begins collections with
	ended   bool
}

// most bounds each list of what is said of a part, and maxParts the parts of a text.
const (
	most     = 50
	maxParts = 1000
)

// section is an answer that is being read.
type section struct {
	Command
	platform string // of the head that names it; "" where none does
	rule     string
	kinds    map[Kind]int
	text     strings.Builder
	written  int // lines of it that are not blank
	last     string
	log      bool // of lines of a log
	// Of a configuration that no line names: what began it, that its last line came, and the name of the device.
	begun []*pattern
	ended bool
	host  string
	pager int // the line on which a pager asked, with nothing after it yet
}

// splitter cuts the lines of one text into parts and answers.
type splitter struct {
	g        *Grammar
	o        *Options
	name     string
	clean    *cleaner
	verb     *regexp.Regexp
	shows    *regexp.Regexp   // a command that lists something
	tells    *regexp.Regexp   // a command that is answered by what neighbours say of themselves
	hostname *regexp.Regexp   // a line of a configuration with the name of the device
	done     *regexp.Regexp   // the end of a recording
	heads    []*regexp.Regexp // of programs that record a terminal, with the time
	logs     *regexp.Regexp
	many     *regexp.Regexp // a command that is answered by those of many
	stamp    *regexp.Regexp // the time before a line
	dated    *regexp.Regexp // of which, with a day

	asked     string // the command that all of the text is the answer to, by the name of its file
	parts     []*part
	since     int // the first of parts that the latest recording has
	cur       *part
	sec       *section
	commands  int
	held      int    // bytes of parts that are remembered
	previous  string // the line before
	stamped   bool   // the terminal wrote the time before each line
	stampedAt string // the last of those that names a day
	lines     int
	failed    error // of the visitor
}

func newSplitter(g *Grammar, o *Options, name string) *splitter {
	return &splitter{
		g: g, o: o, name: name, clean: newCleaner(),
		verb:  regexp.MustCompile(`^(?:do )?(?:sh|sho|show|display|debug|conf|config|configure|term|terminal|en|enable|disable|exit|end|quit|logout|ping|trace\w*|wr|write|copy|clear|dir|more|ls|cat|run|save|ssh|telnet|nv|net|create|delete|unconfigure|restart|vtysh|birdc|birdcl|sudo|ip|bridge|ovs-\w+|uname|journalctl|dmesg|tcpdump|ethtool|interface|router|no|set|edit|commit|request|monitor|file|start|load|sysctl|date|tail|grep|hostname)(?:\s|$)`),
		shows: regexp.MustCompile(`^(?:sh|sho|show|display|ip|bridge|ovs-\w+|lldp\w*|nv|net)\s`),
		tells: regexp.MustCompile(`(?i)\b(?:lldp\w*|cdp\w*|edp|fdp|isdp|nei(?:g\w*)?)\b`),
		heads: []*regexp.Regexp{
			regexp.MustCompile(`^(?:=~){5,}=* (PuTTY) log (\d{4}\.\d\d\.\d\d \d\d:\d\d:\d\d) `),
			regexp.MustCompile(`^(Script) started on (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}|[A-Z][a-z]{2} \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d(?: [AP]M)?(?: [A-Z]{2,5})?)`),
		},
		hostname: regexp.MustCompile(`^(?:hostname|set system host-name|configure snmp sysName) "?([^\s";]+)`),
		done:     regexp.MustCompile(`^Script done on `),
		logs:     regexp.MustCompile(`(?:^|[\s/])(?:log\w*|journal\w*|dmesg|syslog)\b`),
		many:     regexp.MustCompile(`^sh\w* (?:full)?tech`),
		dated:    regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?`),
		stamp:    regexp.MustCompile(`^(?:\[(?:\d{4}-\d\d-\d\d[ T])?\d\d:\d\d:\d\d(?:[.,]\d{1,6})?Z?\]|(?:\d{4}-\d\d-\d\d[ T])?\d\d:\d\d:\d\d(?:[.,]\d{1,6})?Z?:?)(?: |$)`),
	}
}

// read takes all lines. An error ends them; what came before is kept.
func (s *splitter) read(r io.Reader) error {
	t := &tail{r: r}
	for l, err := range logs.Read(t, cmp.Or(s.name, "it"), logs.Options{}) {
		if err != nil {
			s.finish(true)
			return err
		}
		s.line(l)
		if s.failed != nil {
			return s.failed
		}
	}
	s.finish(!t.whole())
	return s.failed
}

// tail remembers how a text ends.
type tail struct {
	r    io.Reader
	last [2]byte
	some bool
}

func (t *tail) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if n > 0 {
		t.some = true
		t.last[0] = t.last[1]
		if n > 1 {
			t.last[0] = p[n-2]
		}
		t.last[1] = p[n-1]
	}
	return n, err
}

// whole reports whether the last line has an end; that of UTF-16 too.
func (t *tail) whole() bool {
	return !t.some || t.last[1] == '\n' || t.last[1] == '\r' || t.last == [2]byte{'\n', 0}
}

func (s *splitter) line(l *logs.Line) {
	s.lines++
	var c Cleaned
	text, pager, paged := s.clean.line(strings.TrimRight(l.Raw, "\r"), &c)
	if paged && s.sec != nil {
		s.sec.pager = l.Number
	}
	pager = pager || s.sec != nil && s.sec.pager > 0 && s.clean.quits(text)
	if l.Cut > 0 {
		c.Long++
	}
	l, text = s.unstamped(l, text)
	if !pager {
		s.mean(l, text)
	}
	if s.cur == nil {
		s.begin(l)
	}
	s.cur.Cleaned.add(c)
	if l.Cut > 0 {
		s.cur.cut("line %d is longer than %d bytes, and read no further", l.Number, logs.MaxLine)
	}
	s.cur.Lines = l.Number - s.cur.Line + 1
	if !pager {
		s.keep(text)
		s.previous = text
	}
}

// unstamped is a line without the time that a terminal wrote before it, as it does from a prompt on that has one. What
// a log has before its own lines stays.
func (s *splitter) unstamped(l *logs.Line, text string) (*logs.Line, string) {
	if text == "" || text[0] != '[' && (text[0] < '0' || text[0] > '9') || !s.stamped && !strings.ContainsAny(text, "#>$") {
		return l, text
	}
	at := s.stamp.FindString(text)
	if at == "" || !s.stamped && !s.typed(text[len(at):]) {
		return l, text
	}
	s.stamped = true
	if day := s.dated.FindString(at); day != "" {
		s.stampedAt = strings.Replace(day, "T", " ", 1)
	}
	bare := &logs.Line{File: l.File, Number: l.Number, Offset: l.Offset, Raw: text[len(at):], Cut: l.Cut}
	(&logs.Parser{}).Parse(bare)
	return bare, bare.Raw
}

// typed reports whether a command stands on a line behind a prompt.
func (s *splitter) typed(text string) bool {
	for i := range s.g.Platforms {
		if re := s.g.Platforms[i].prompt; re != nil {
			if m := re.FindStringSubmatch(text); m != nil && s.verb.MatchString(strings.TrimSpace(named(re, m)["command"])) {
				return true
			}
		}
	}
	return false
}

// mean finds out what a line is.
func (s *splitter) mean(l *logs.Line, text string) {
	switch {
	case s.asked != "":
		if s.cur == nil {
			s.begin(l)
			s.cur.Kind = SupportBundle
			s.cur.votes["ovs"] += 9
			s.open(l, "ovs", Command{Command: s.asked})
		}
		s.add(l, text, nil)
	case l.Parsed():
		s.body(l, text)
	case s.header(l, text), s.aside(l, text), s.structure(l, text), s.head(l, text), s.prompt(l, text):
	default:
		s.body(l, text)
	}
}

// header is what a program writes that records a terminal. What comes below is another session, of the same device too.
func (s *splitter) header(l *logs.Line, text string) bool {
	if !strings.Contains(text, "PuTTY log") && !strings.HasPrefix(text, "Script ") {
		return false
	}
	if s.done.MatchString(text) {
		s.unended()
		s.close()
		return true
	}
	for _, re := range s.heads {
		if m := re.FindStringSubmatch(text); m != nil {
			s.unended()
			s.close()
			s.begin(l)
			s.since = len(s.parts) - 1
			s.cur.Kind = Session
			s.cur.taken(m[2], "the header of "+strings.Replace(m[1], "Script", "script", 1))
			return true
		}
	}
	return false
}

// aside is a line of no answer that a device writes before its prompt, or between its lines.
func (s *splitter) aside(l *logs.Line, text string) bool {
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "--{") && !strings.HasPrefix(text, "-- ") {
		return false
	}
	for i := range s.g.Platforms {
		if p := &s.g.Platforms[i]; p.aside != nil && p.aside.MatchString(text) {
			s.within(l).votes[p.Name]++
			return true
		}
	}
	return false
}

// structure is what a collection is made of around its commands.
func (s *splitter) structure(l *logs.Line, text string) bool {
	for i := range s.g.Platforms {
		p := &s.g.Platforms[i]
		if m, ok := p.Begin.fits(text); ok {
			device := ""
			if s.sec != nil && s.sec.written == 0 && s.cur != nil { // it was asked for at a prompt
				device = s.cur.Device
			}
			s.close()
			s.begin(l)
			s.cur.Kind, s.cur.Device, s.cur.begun, s.cur.first = TechSupport, device, true, m["command"]
			s.cur.votes[p.Name] += 9
			return true
		}
		if _, ok := p.End.fits(text); ok {
			s.close()
			s.within(l).ended = true
			s.cur.votes[p.Name] += 9
			return true
		}
		if m, ok := p.Group.fits(text); ok {
			s.close()
			name := strings.ToLower(m["group"])
			if s.cur == nil || s.cur.groups[name] && name == p.Group.First {
				s.begin(l)
			}
			s.cur.Kind = TechSupport
			s.cur.groups[name] = true
			s.cur.votes[p.Name] += 9
			s.sec = &section{Command: Command{Group: name, Line: l.Number, Offset: l.Offset}, platform: p.Name, kinds: map[Kind]int{}}
			return true
		}
		if m, ok := p.Slot.fits(text); ok {
			group, command := "", ""
			if s.sec != nil {
				group, command = s.sec.Group, s.sec.Command.Command
			}
			s.close()
			s.within(l)
			s.open(l, p.Name, Command{Command: command, Group: group, Slot: m["slot"]})
			return true
		}
	}
	return false
}

// head is a line that a collection names a command with.
func (s *splitter) head(l *logs.Line, text string) bool {
	for i := range s.g.Platforms {
		p := &s.g.Platforms[i]
		for j := range p.Heads {
			h := &p.Heads[j]
			m, ok := h.fits(text)
			if !ok || h.after != nil && !h.after.MatchString(s.previous) {
				continue
			}
			if h.Rule != "" && s.sec != nil && s.sec.written == 0 && s.sec.Command.Command != "" && !s.many.MatchString(s.sec.Command.Command) {
				s.within(l).taken(m["time"], "its banner") // the banner of what a prompt names
				s.sec.rule = h.Rule
				s.sec.text.Reset()
				s.sec.Lines, s.sec.Bytes = 0, 0
				return true
			}
			group := ""
			if s.sec != nil {
				group = s.sec.Group
			}
			s.close()
			if command := m["command"]; s.cur != nil && p.Group.re == nil && command != "" && command == s.cur.first && s.cur.Kind == h.Kind {
				s.begin(l) // another collection
			}
			s.within(l)
			if s.cur.first == "" {
				s.cur.first = m["command"]
			}
			if s.cur.Kind == "" || s.cur.Kind == Session && s.cur.Device == "" {
				s.cur.Kind = h.Kind
			}
			s.cur.votes[p.Name]++
			s.cur.taken(m["time"], "its banner")
			s.open(l, p.Name, Command{Command: m["command"], Group: group, Implied: m["command"] == ""})
			s.sec.rule = h.Rule
			return true
		}
	}
	return false
}

// promptVotes are how sure a prompt is of one platform.
func promptVotes(platform string) int {
	return map[string]int{"exos": 6, "voss": 4, "junos": 4, "iosxr": 9, "bird": 9, "linux": 1}[platform]
}

// prompt is a line that a person typed a command on.
func (s *splitter) prompt(l *logs.Line, text string) bool {
	if at := strings.IndexAny(text, "#>$"); at < 1 || at > 120 {
		return false
	}
	text = strings.TrimLeft(text, " ")
	for i := range s.g.Platforms {
		p := &s.g.Platforms[i]
		if p.prompt == nil {
			continue
		}
		m := p.prompt.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		got := named(p.prompt, m)
		command := strings.TrimSpace(got["command"])
		device := got["device"]
		known := s.device(device, 0) != nil
		if command == "" && !known || command != "" && !p.Any && !s.verb.MatchString(command) && !known {
			continue
		}
		if p.Name == "bird" {
			device = "" // its own name is that of the program
		}
		if device != "" && s.cur != nil && s.cur.Device != "" && s.cur.Device != device { // another file begins here, or another session
			s.unended()
		}
		s.close()
		s.session(l, device)
		s.cur.votes[p.Name] += promptVotes(p.Name)
		s.counted(l, got["count"])
		s.cur.stamp = cmp.Or(s.cur.stamp, s.stampedAt)
		if command != "" {
			s.open(l, p.Name, Command{Command: asked(command)})
		}
		return true
	}
	return false
}

// session turns to the part of a device that is spoken to at a prompt.
func (s *splitter) session(l *logs.Line, device string) {
	if p := s.device(device, s.since); p != nil && device != "" {
		s.cur = p
		return
	}
	switch {
	case s.cur == nil, s.cur.Kind != Session && len(s.cur.Commands) > 0, device != "" && s.cur.Device != "":
		s.begin(l)
	}
	s.cur.Kind = Session
	s.cur.Device = cmp.Or(device, s.cur.Device)
}

// device finds the session of a device, the latest first, of the parts from one on.
func (s *splitter) device(name string, since int) *part {
	for _, p := range slices.Backward(s.parts[since:]) {
		if p.Kind == Session && p.Device == name {
			return p
		}
	}
	return nil
}

// counted looks at a prompt's counter, which grows by one with every command.
func (s *splitter) counted(l *logs.Line, text string) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return
	}
	if was := s.cur.count; was > 0 && n > was+1 {
		s.cur.cut("%d commands of the session are missing before line %d: the prompt counts %d after %d", n-was-1, l.Number, n, was)
	}
	s.cur.count = n
}

// asked is a command without what hands it to another program.
func asked(command string) string {
	command = strings.TrimPrefix(command, "sudo ")
	if rest, ok := strings.CutPrefix(command, "run "); ok && strings.HasPrefix(rest, "sh") { // in the configuration mode of Junos
		return rest
	}
	if rest, ok := strings.CutPrefix(command, "vtysh -c "); ok {
		return strings.Trim(rest, `"'`)
	}
	for _, program := range []string{"birdc ", "birdcl ", "do "} {
		if rest, ok := strings.CutPrefix(command, program); ok {
			return strings.Trim(rest, `"'`)
		}
	}
	return command
}

// body is a line of an answer, or of none.
func (s *splitter) body(l *logs.Line, text string) {
	is := s.sign(text)
	s.another(l, is)
	s.within(l)
	kinds := s.marks(text)
	if s.sec != nil && !s.sec.Implied && s.sec.Command.Command != "" {
		if l.Parsed() && !s.sec.isLog(s.logs) {
			s.cur.Cleaned.Interleaved++
			s.cur.logged(l)
			return
		}
		s.add(l, text, kinds)
		return
	}
	s.implied(l, text, kinds)
	s.signed(text, is)
}

// sign is what a line tells of where a configuration begins.
type sign struct {
	begins []*pattern // that a configuration has once
	config bool       // it is of a configuration
	host   string     // the name of the device
}

func (s *splitter) sign(text string) (is sign) {
	if text == "" || text[0] == ' ' || s.sec != nil && (!s.sec.Implied || s.sec.log) {
		return is
	}
	for i := range s.g.Platforms {
		for j := range s.g.Platforms[i].Marks {
			m := &s.g.Platforms[i].Marks[j]
			if m.Kind != Config {
				continue
			}
			if _, ok := m.fits(text); ok {
				is.config = true
				if m.Begins {
					is.begins = append(is.begins, m)
				}
			}
		}
	}
	if m := s.hostname.FindStringSubmatch(text); m != nil {
		is.host = m[1]
	}
	return is
}

// another begins the configuration of another device, or a later one of the same, in a text of several that nothing
// else parts: below the end of one, by a line that begins one, or by another name.
func (s *splitter) another(l *logs.Line, is sign) {
	c := s.sec
	if c == nil || !c.Implied || c.log || c.kinds[Config] == 0 {
		return
	}
	again := slices.ContainsFunc(is.begins, func(m *pattern) bool { return slices.Contains(c.begun, m) })
	if again || (is.config || is.host != "") && c.ended || is.host != "" && c.host != "" && is.host != c.host {
		s.close()
		s.begin(l)
		s.open(l, "", Command{Implied: true})
	}
}

// signed keeps what a line told of the configuration that it stands in.
func (s *splitter) signed(text string, is sign) {
	c := s.sec
	if c == nil || !c.Implied || c.log {
		return
	}
	c.begun = append(c.begun, is.begins...)
	c.host = cmp.Or(is.host, c.host)
	c.ended = c.ended || text == "end"
}

// marks lets a line vote for what it stands in.
func (s *splitter) marks(text string) map[Kind]int {
	var kinds map[Kind]int
	told := s.sec != nil && s.tells.MatchString(s.sec.asked())
	for i := range s.g.Platforms {
		p := &s.g.Platforms[i]
		for j := range p.Marks {
			m := &p.Marks[j]
			if _, ok := m.fits(text); !ok || told && !m.Own {
				continue
			}
			s.cur.votes[p.Name] += m.Votes
			if m.Kind != "" {
				if kinds == nil {
					kinds = map[Kind]int{}
				}
				kinds[m.Kind] += m.Votes
			}
		}
	}
	return kinds
}

// implied is a line of an answer that no line names.
func (s *splitter) implied(l *logs.Line, text string, kinds map[Kind]int) {
	command, platform := s.answer(text)
	sec := s.sec
	switch {
	case sec != nil && sec.rule != "" && sec.Command.Command == "" && command != "": // a title below a banner
		sec.Command.Command, sec.platform = command, platform
		s.cur.votes[platform]++
	case l.Parsed() && sec != nil && sec.rule != "" && sec.written > 0 && !sec.isLog(s.logs): // it came in between
		s.cur.Cleaned.Interleaved++
		s.cur.logged(l)
		return
	case command != "" && (sec == nil || sec.Command.Command != command) && (sec == nil || sec.written == 0 || kinds[Config] == 0):
		group, rule := "", ""
		if sec != nil {
			group, rule = sec.Group, sec.rule
		}
		s.close()
		s.open(l, platform, Command{Command: command, Implied: true, Group: group})
		s.sec.rule = rule
		s.cur.votes[platform]++
	case l.Parsed() && (sec == nil || !sec.isLog(s.logs)):
		if sec != nil && sec.kinds[Config] > 0 { // it came in between
			s.cur.Cleaned.Interleaved++
			s.cur.logged(l)
			return
		}
		s.close()
		s.open(l, "", Command{Command: "log", Implied: true})
		s.sec.log = true
	case sec == nil && strings.TrimSpace(text) == "":
		return
	case sec == nil || sec.log && !l.Parsed() && kinds[Config] > 0:
		s.close()
		s.open(l, "", Command{Implied: true})
	}
	s.add(l, text, kinds)
}

// answer knows what was asked by a line of the answer.
func (s *splitter) answer(text string) (command, platform string) {
	for i := range s.g.Platforms {
		p := &s.g.Platforms[i]
		for j := range p.Answers {
			if out := p.Answers[j].Outside; out != "" && s.sec != nil && strings.HasPrefix(s.sec.Command.Command, out) {
				continue
			}
			if _, ok := p.Answers[j].fits(text); ok {
				return p.Answers[j].Command, p.Name
			}
		}
	}
	return "", ""
}

func (c *section) isLog(logs *regexp.Regexp) bool {
	return c.log || logs.MatchString(c.asked())
}

// config reports whether an answer is a configuration.
func (c *section) config() bool {
	all, _ := ShowsConfig(c.asked())
	return all || c.Implied && c.kinds[Config] > 0
}

// asked is how the command begins, for what is asked of it at every line of its answer.
func (c *section) asked() string {
	const most = 200 // bytes
	return c.Command.Command[:min(len(c.Command.Command), most)]
}

// add puts a line into the answer that is open.
func (s *splitter) add(l *logs.Line, text string, kinds map[Kind]int) {
	c := s.sec
	if c.rule != "" && strings.Trim(text, c.rule+" ") == "" { // around a banner
		return
	}
	if c.Lines == 0 && !c.Implied {
		c.Line, c.Offset = l.Number, l.Offset
	}
	for k, n := range kinds {
		c.kinds[k] += n
	}
	if c.isLog(s.logs) {
		s.cur.logged(l)
	}
	if c.log && !l.Parsed() && len(kinds) == 0 && text != "" && text[0] != ' ' && text[0] != '\t' && s.asked == "" {
		s.cur.puzzle(l.Number, text)
	}
	c.Lines++
	c.Bytes += int64(len(text)) + 1
	if strings.TrimSpace(text) != "" {
		c.pager = 0
	}
	if s.clean.leavesOut(text, c.config()) {
		c.Cut = cmp.Or(c.Cut, fmt.Sprintf("a line says that some were left out (line %d)", l.Number))
	}
	if strings.Trim(text, "* ") != "" { // nor the rule above a banner
		c.written++
		c.last = text
	}
	if room := MaxAnswer - c.text.Len(); len(text) < room {
		c.text.WriteString(text)
		c.text.WriteByte('\n')
	} else {
		c.Beyond += int64(len(text)) + 1
	}
}

// open begins an answer.
func (s *splitter) open(l *logs.Line, platform string, c Command) {
	c.Line, c.Offset = l.Number, l.Offset
	s.sec = &section{Command: c, platform: platform, kinds: map[Kind]int{}}
}

// begin begins a part.
func (s *splitter) begin(l *logs.Line) {
	if len(s.parts) >= maxParts {
		s.cur = s.parts[len(s.parts)-1]
		s.cur.cut("there are more than %d devices and collections in one text: the rest is listed here", maxParts)
		return
	}
	s.cur = &part{
		Part:  &Part{Name: s.name, Line: l.Number, Offset: l.Offset},
		votes: map[string]int{}, answers: map[string]bool{}, groups: map[string]bool{}, hosts: map[string]int{}, sum: sha256.New(),
	}
	s.parts = append(s.parts, s.cur)
}

// within is the part that a line stands in.
func (s *splitter) within(l *logs.Line) *part {
	if s.cur == nil {
		s.begin(l)
	}
	return s.cur
}

// close ends the answer that is open.
func (s *splitter) close() {
	c, p := s.sec, s.cur
	s.sec = nil
	if c == nil {
		return
	}
	text := literal(c.text.String())
	s.guess(c, p)
	if c.Command.Command == "" {
		s.puzzled(c, p, text)
		return
	}
	c.Status = s.status(c, p, text)
	if c.config() {
		c.Cut = cmp.Or(c.Cut, short(text))
	}
	s.cutOff(c, p)
	if c.Status == Answered || c.Status == CutOff {
		s.facts(c, p, text)
	}
	if all, _ := ShowsConfig(c.Command.Command); all && !c.Implied && c.Status == Answered && c.Beyond == 0 {
		lacks, _ := s.lacksOf(Config, s.g.favourite(p.votes), text) // a prompt is that of several
		for _, l := range lacks {
			p.cut("the answer to %s at line %d lacks %s", c.Command.Command, c.Line, l)
		}
	}
	key := c.Command.Command + "\x00" + c.Slot + "\x00" + digest(text)
	c.Again = c.written > 0 && p.answers[key]
	if s.commands++; s.commands > MaxCommands {
		p.More++
		return
	}
	p.answers[key] = true
	p.Commands = append(p.Commands, c.Command)
	if s.o.Visit != nil && s.failed == nil {
		s.failed = s.o.Visit(p.Part, &p.Commands[len(p.Commands)-1], text)
	}
}

// literal is an answer that a program wrote as Python writes bytes, as FRR's support bundles of some
// releases are, as it was.
func literal(text string) string {
	if !strings.HasPrefix(text, "b'") && !strings.HasPrefix(text, `b"`) {
		return text
	}
	end := strings.LastIndexByte(text, text[1])
	if end < 2 {
		end = len(text)
	}
	return strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\r`, "", `\'`, "'", `\\`, `\`).Replace(text[2:end])
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return string(sum[:])
}

// guess names an answer that looks like a configuration.
func (s *splitter) guess(c *section, p *part) {
	const sure = 3 // votes
	if c.Command.Command != "" || c.kinds[Config] < sure {
		if c.log && p.Kind == "" {
			p.Kind = Log
		}
		return
	}
	platform := s.g.favourite(p.votes)
	c.Command.Command = "show running-config"
	if platform == "exos" || platform == "junos" {
		c.Command.Command = "show configuration"
	}
	c.platform = platform
	if p.Kind == "" {
		p.Kind = Config
	}
}

// puzzled counts what nothing explains.
func (s *splitter) puzzled(c *section, p *part, text string) {
	if c.Group != "" && c.written == 0 {
		return
	}
	at := c.Line
	for line := range strings.Lines(text) {
		p.puzzle(at, line)
		at++
	}
}

// puzzle counts a line that nothing explains, and keeps it where there is room.
func (p *part) puzzle(at int, line string) {
	if line = strings.TrimSpace(line); line == "" || strings.Trim(line, "=-*#!~ ") == "" {
		return
	}
	if p.NotUnderstood++; len(p.Examples) < maxExamples {
		p.Examples = append(p.Examples, Place{at, line})
	}
}

// status says how a command was answered.
func (s *splitter) status(c *section, p *part, text string) Status {
	const short = 400 // bytes that a refusal has
	if c.written == 0 {
		return Empty
	}
	if c.Slot != "" && strings.Contains(text, "is not present") && len(text) < short {
		return Absent
	}
	for i := range s.g.Platforms {
		for _, re := range s.g.Platforms[i].refused {
			if len(text) < short && re.MatchString(text) {
				return Refused
			}
		}
	}
	for i := range s.g.Platforms {
		for j := range s.g.Platforms[i].Trailers {
			t := &s.g.Platforms[i].Trailers[j]
			if !about(c.Command.Command, t.In) || !strings.Contains(text, t.Has) {
				continue
			}
			if t.unless != nil && t.unless.MatchString(text) {
				continue
			}
			want := 0 // an answer of several tables has as many
			for _, m := range t.re.FindAllStringSubmatch(text, -1) {
				n, _ := strconv.Atoi(named(t.re, m)["rows"])
				want += n
			}
			if want > 0 {
				if got := len(t.row.FindAllStringIndex(text, -1)); got < want {
					p.cut("the answer to %s at line %d says %d rows and has %d", c.Command.Command, c.Line, want, got)
					c.Cut = "it has fewer rows than it says"
					return CutOff
				}
			}
		}
	}
	return Answered
}

// about reports whether a command is one of those, or a longer form of one.
func about(command string, of []string) bool {
	return slices.ContainsFunc(of, func(want string) bool {
		words, asked := strings.Fields(want), strings.Fields(strings.ToLower(command))
		if len(asked) < len(words) {
			return false
		}
		for i, w := range words {
			if !sameWord(asked[i], w) {
				return false
			}
		}
		return true
	})
}

// sameWord reports whether a word is another, or what is enough of it.
func sameWord(short, word string) bool {
	if len(short) > len(word) {
		short, word = word, short
	}
	return short == word || len(short) >= 2 && strings.HasPrefix(word, short)
}

// facts reads what an answer says of the device.
func (s *splitter) facts(c *section, p *part, text string) {
	for i := range s.g.Platforms {
		pl := &s.g.Platforms[i]
		for j := range pl.Facts {
			f := &pl.Facts[j]
			if !about(c.Command.Command, f.In) || !strings.Contains(text, f.Has) || f.unless != nil && f.unless.MatchString(text) {
				continue
			}
			if f.Weak && p.votes[pl.Name] == 0 && c.platform != pl.Name {
				continue
			}
			all := f.re.FindAllStringSubmatch(text, 32)
			if !f.Every {
				all = all[:min(1, len(all))]
			}
			for _, m := range all {
				if !f.Weak {
					p.votes[pl.Name] += 3
				}
				said := named(f.re, m)
				for _, name := range slices.Sorted(maps.Keys(said)) {
					p.fact(name, said[name], c, f.Weak)
				}
			}
		}
	}
}

// fact takes what an answer says, or that it says something else than another.
func (p *part) fact(name, value string, c *section, weak bool) {
	value = strings.TrimSpace(value)
	var place *string
	switch name {
	case "device":
		place = &p.Device
	case "version":
		place = &p.Version
	case "model":
		place = &p.Model
	case "serial":
		place = &p.Serial
	case "part":
		p.number = cmp.Or(p.number, value)
		return
	case "unit":
		if len(p.Units) < most && !slices.Contains(p.Units, value) {
			p.Units = append(p.Units, value)
		}
		return
	case "time":
		p.taken(value, c.Command.Command)
		return
	case "dst", "offset", "zone", "clock", "summer":
		p.clock.fact(p, name, value, c.Command.Command)
		return
	case "changed":
		if p.Taken.IsZero() {
			p.taken(value, "the last change of the configuration, which is older than the file")
		}
		return
	default:
		return
	}
	switch {
	case *place == "", name == "version" && strings.HasPrefix(value, *place): // the longer form says more
		*place = value
	case name == "model", strings.HasPrefix(*place, value), strings.HasPrefix(value, *place):
	case name == "version" && weak:
	case len(p.Contradictions) < most:
		p.Contradictions = append(p.Contradictions, fmt.Sprintf("%s is %s, and %s in the answer to %s at line %d", name, *place, value, c.Command.Command, c.Line))
	}
}

// logged takes note of a line of a log.
func (p *part) logged(l *logs.Line) {
	if l.Host != "" && !l.OfCard() && (len(p.hosts) < MaxCommands || p.hosts[l.Host] > 0) {
		p.hosts[l.Host]++
	}
	if l.Time.IsZero() {
		return
	}
	if p.First.IsZero() || l.Time.Before(p.First) {
		p.First = l.Time
	}
	if l.Time.After(p.Last) {
		p.Last, p.clock.lastLocal = l.Time, l.Local
	}
}

func (p *part) cut(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); len(p.Cut) < most && !slices.Contains(p.Cut, text) {
		p.Cut = append(p.Cut, text)
	}
}

// keep remembers the text of the part, to ask whether it is whole.
func (s *splitter) keep(text string) {
	p := s.cur
	_, _ = io.WriteString(p.sum, text) // a hash takes all
	_, _ = p.sum.Write([]byte{'\n'})
	if p.large {
		return
	}
	if s.held += len(text) + 1; s.held >= MaxWhole {
		p.large = true
		s.held -= p.text.Len() + len(text) + 1
		p.text = strings.Builder{}
		return
	}
	p.text.WriteString(text)
	p.text.WriteByte('\n')
}

// favourite is the platform with most votes, and that of a program on it where it has one; "" where there are none,
// or two have as many.
func (g *Grammar) favourite(votes map[string]int) string {
	best, tied := "", false
	for _, name := range slices.Sorted(maps.Keys(votes)) {
		pl := g.platform(name)
		switch n := votes[name]; {
		case n == 0, pl != nil && pl.Beside != "":
		case best == "" || n > votes[best]:
			best, tied = name, false
		case n == votes[best]:
			tied = true
		}
	}
	if tied {
		return ""
	}
	for i := range g.Platforms {
		if pl := &g.Platforms[i]; pl.Beside != "" && votes[pl.Name] > 0 && (best == "" || best == pl.Beside) {
			return pl.Name
		}
	}
	return best
}

func (c *Cleaned) add(d Cleaned) {
	c.Colours += d.Colours
	c.Pagers += d.Pagers
	c.Overwritten += d.Overwritten
	c.Interleaved += d.Interleaved
	c.Long += d.Long
}
