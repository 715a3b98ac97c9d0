package draft

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/infer"
	"github.com/reprise-lab/reprise/harness/intake"
	"github.com/reprise-lab/reprise/harness/logs"
)

// Options are what drafting needs of others.
type Options struct {
	// Template gives a driver's own template for a table, as "exos:lldp".
	Template func(name string) ([]byte, error)
	// Commands lists what a class of problem asks of a platform: ospf, bgp, lag, vrrp …
	Commands func(platform, class string) []string
	// Lacks tells what a platform's configuration lacks that was cut off, and whether anybody can tell.
	Lacks func(platform, text string) (lacks []string, known bool)
	// Image gives an image of a platform's software, of this version where there is one.
	Image func(platform, version string) (image string, exact, ok bool)
	// Others are images of the same software of other versions, the newest first; for controls.
	Others func(image string) []string
}

// Bounds of what is kept: lines of one log, of all, and answers.
const (
	maxEvents  = 2000
	allEvents  = 20_000
	maxAnswers = 20_000
)

// answer is what one answer tells.
type answer struct {
	part   *intake.Part
	line   int
	what   string // that was asked
	tables []table
	config string
	start  bool   // the configuration is the one that the device starts from
	cut    string // what of it did not come
	links  map[string]link
	events []event
	typed  string // a command that changes something
	audits []audit
	deaths []death
	log    bool      // it is a log
	host   string    // that its lines name, of a log of several
	older  int       // lines of a log that say what was done, before those that are kept
	quiet  time.Time // when a log spoke again after it was quiet
	bursts int       // how often it did

	complaints []complaint
	lost       []adjacency       // by the last line of a log of each neighbour
	addresses  []infer.Interface // of interfaces; nil where it is no list of them
	one        bool              // the addresses are of one interface alone
	entered    []entered
	mastered   map[string]bool // instances that entered is of since keepalived was started
	started    time.Time       // it was, by the log
}

// death is a daemon that a log says died of a signal.
type death struct {
	process, signal string
	line            int
	at              time.Time // zero where it is not known
	own             bool      // at is by the device's own clock, as the lines of its logs are
	from            string
}

// event is one line of a log that says what was done.
type event struct {
	rule *logRule
	m    map[string]string
	at   time.Time
	line int
}

// Reader gathers what answers tell of a failure. Its zero value is not usable; see [New].
type Reader struct {
	o       Options
	answers []*answer
	rules   []logRule
	events  int
	left    int // complaints that may still be kept
	beyond  int // answers that are not kept
}

// New makes a reader.
func New(o Options) *Reader { return &Reader{o: o, rules: logRules(), left: allEvents} }

// Visit takes an answer; it is for [intake.Options]. It keeps no answer, but what is read out of it.
func (r *Reader) Visit(p *intake.Part, c *intake.Command, text string) error {
	if c.Status == intake.Refused || c.Status == intake.Absent || c.Again {
		return nil
	}
	a := &answer{part: p, line: c.Line, what: c.Command}
	shows, start := intake.ShowsConfig(c.Command)
	f := strings.Fields(strings.ToLower(c.Command))
	a.cut = c.Cut
	if c.Beyond > 0 {
		a.cut = fmt.Sprintf("%d bytes beyond the %d that are read", c.Beyond, intake.MaxAnswer)
	}
	switch {
	case shows:
		a.config, a.start = text, start
	case isLink(f):
		a.links = linksOf(f, text)
	case isLog(f):
		a.log = true
		if list := byHost(text); p.Device == "" && len(list) > 1 { // what a syslog server kept
			for _, host := range slices.Sorted(maps.Keys(list)) {
				x := *a
				x.host = host
				r.log(&x, list[host])
				r.keep(&x)
			}
			return nil
		}
		r.log(a, text)
	default:
		if list, ok := infer.AddressesOf(c.Command, text); ok {
			if a.cut == "" {
				a.addresses, a.one = list, infer.OneInterface(c.Command)
			}
			break
		}
		if c.Half { // a row that is cut is none
			text = withoutLast(text)
		}
		if process := notRunning(text); process != "" {
			a.deaths = append(a.deaths, death{process: process, line: c.Line})
			break // what it would list is not known
		}
		a.tables = tables(c.Command, text) // of one that is cut, too: what it lists is so
		if len(a.tables) == 0 {
			a.tables = r.byDriver(f, text)
		}
		if len(a.tables) == 0 && (changes(f) || slices.Equal(f, []string{"end"})) {
			a.typed = c.Command
		}
	}
	if len(a.tables)+len(a.links)+len(a.events)+len(a.audits)+len(a.deaths) > 0 || a.config != "" || a.typed+a.cut != "" || a.log || a.addresses != nil {
		r.keep(a)
	}
	return nil
}

// withoutLast is a text without its last line.
func withoutLast(text string) string {
	text = strings.TrimRight(text, "\n")
	return text[:strings.LastIndexByte(text, '\n')+1]
}

// mostHosts bounds those of one log that are told apart.
const mostHosts = 64

// byHost are the lines of a log by the host that each names, on the lines that they are on in the log.
func byHost(text string) map[string]string {
	type part struct {
		text  strings.Builder
		lines int
	}
	list := map[string]*part{}
	for l, err := range logs.Read(strings.NewReader(text), "log", logs.Options{}) {
		if err != nil {
			break
		}
		host, _, _ := strings.Cut(l.Host, ".")
		if host == "" || list[host] == nil && len(list) == mostHosts {
			continue
		}
		x := list[host]
		if x == nil {
			x = &part{}
			list[host] = x
		}
		x.text.WriteString(strings.Repeat("\n", max(l.Number-1-x.lines, 0)) + strings.TrimRight(l.Raw, "\r\n") + "\n")
		x.lines = l.Number
	}
	out := map[string]string{}
	for host, x := range list {
		out[host] = x.text.String()
	}
	return out
}

// notRunning is the daemon that does not answer, as vtysh and birdc say; empty for none.
func notRunning(text string) string {
	if strings.HasPrefix(text, "Unable to connect to server control socket") {
		return "bird"
	}
	if m := regexp.MustCompile(`(?m)^(\w+d) is not running\s*$`).FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// keep keeps an answer. Of the configurations of a part, which may be long, it is the first and the latest.
func (r *Reader) keep(a *answer) {
	if len(r.answers) >= maxAnswers {
		r.beyond++
		return
	}
	if a.config != "" {
		var same []*answer
		for _, x := range r.answers {
			if x.part == a.part && x.config != "" && x.start == a.start {
				same = append(same, x)
			}
		}
		if len(same) > 1 {
			*same[1] = *a
			return
		}
	}
	r.answers = append(r.answers, a)
}

// Sent are the configurations that came, and the commands that were typed, with their secrets: for who replaces
// them.
func (r *Reader) Sent() (texts []string) {
	for _, a := range r.answers {
		if a.config != "" {
			texts = append(texts, a.config)
		}
		if a.typed != "" {
			texts = append(texts, a.typed+"\n")
		}
		for _, x := range a.audits {
			texts = append(texts, strings.Join(x.configure, "\n")+"\n")
		}
	}
	return texts
}

func isLog(f []string) bool {
	return slices.ContainsFunc(f, func(w string) bool {
		return strings.HasPrefix(w, "log") || strings.Contains(w, "/log/") || w == "dmesg" || w == "journalctl"
	})
}

// log reads what was done out of a log, and when it spoke again after it was quiet for a minute.
func (r *Reader) log(a *answer, text string) {
	var last time.Time
	started := map[string]bool{}
	died := regexp.MustCompile(`\b([A-Z][A-Z0-9]+): (?:\[[^\]]*\] ?)*Received signal (\d+) at(?: (\d+))?`)
	u := newAuditor()
	defer func() {
		a.audits, a.older = newest(u.done, allEvents-r.events)
		r.events += len(a.audits)
		left := 0
		a.events, left = newest(a.events, allEvents-r.events)
		r.events, a.older = r.events+len(a.events), a.older+left
	}()
	for l, err := range logs.Read(strings.NewReader(text), a.what, logs.Options{}) {
		if err != nil {
			return // a text that is in memory has no other end than its own
		}
		u.take(l, a.line+l.Number-1)
		if !last.IsZero() && l.Time.Sub(last) > logs.Gap {
			a.bursts++
			if a.quiet.IsZero() {
				a.quiet = l.Time
			}
		}
		a.complains(l, &r.left)
		a.elects(l)
		a.adjacent(l.Raw, a.line+l.Number-1)
		if m := died.FindStringSubmatch(l.Raw); m != nil && daemons()[m[1]] != "" {
			d := death{process: daemons()[m[1]], signal: m[2], line: a.line + l.Number - 1}
			d.at, d.own = diedAt(m[3], l.Time)
			d.byLine(last, -1)
			a.deaths = append(a.deaths, d)
		} else if n := len(a.deaths); n > 0 && !l.Time.IsZero() {
			a.deaths[n-1].byLine(l.Time, 1)
		}
		if !l.Time.IsZero() {
			last = l.Time
		}
		for i := range r.rules {
			rule := &r.rules[i]
			m := rule.re.FindStringSubmatch(l.Raw)
			if m == nil {
				continue
			}
			groups := map[string]string{}
			for g, name := range rule.re.SubexpNames() {
				groups[name] = m[g]
			}
			if key := fmt.Sprint(i, groups["process"]); rule.again && !started[key] { // the first start is no restart
				started[key] = true
				continue
			}
			a.events = append(a.events, event{rule, groups, l.Time, a.line + l.Number - 1})
		}
	}
}

// newest are the last of a list, as many as one log may have and are left of all, and how many come before them.
func newest[T any](list []T, left int) ([]T, int) {
	older := max(len(list)-min(maxEvents, left), 0)
	return slices.Clone(list[older:]), older
}

// daemons are FRR's, by what their lines of logs begin with.
func daemons() map[string]string {
	return map[string]string{"BGP": "bgpd", "OSPF": "ospfd", "OSPF6": "ospf6d", "ISIS": "isisd", "ZEBRA": "zebra", "RIP": "ripd", "BFD": "bfdd", "PIM": "pimd", "LDP": "ldpd", "STATIC": "staticd"}
}

// drafter puts a draft together.
type drafter struct {
	o       Options
	net     *infer.Network
	files   map[*intake.Part]string
	came    map[string]bool // what a device answered, by node and command
	d       *Draft
	answers map[string][]*answer // by node, the earliest first
	done    map[string]int       // where in the changes one is, by its steps and its time
	printed map[string]bool      // scenarios of the hypotheses
	left    int                  // hypotheses beyond those that are kept

	recovers int  // see recovery
	short    bool // recovery needs more than a trial waits
	said     bool // what is broken is of the customer's sentence alone
	claimed  bool // what is broken is of the files, and that it was healthy of the sentence
}

// Draft makes hypotheses of what was visited, for the lab of a network. sentence is the customer's, or empty.
func (r *Reader) Draft(im *intake.Import, net *infer.Network, sentence string) *Draft {
	w := &drafter{o: r.o, net: net, files: map[*intake.Part]string{}, came: map[string]bool{}, answers: map[string][]*answer{}, done: map[string]int{}, printed: map[string]bool{}}
	w.d = &Draft{Reprise: Format, Sentence: strings.TrimSpace(sentence), Hypotheses: []Hypothesis{}}
	for _, f := range im.Files {
		for _, p := range f.Parts {
			w.files[p] = filepath.Base(f.Name)
		}
	}
	for p := range w.files {
		n := w.nodeOf(p)
		for _, c := range p.Commands {
			if n != nil && c.Status == intake.Answered {
				w.came[n.Name+"\x00"+strings.ToLower(c.Command)] = true
			}
		}
	}
	if r.beyond > 0 {
		w.unknown("%d answers beyond %d are not read", r.beyond, maxAnswers)
	}
	w.sort(r.answers)
	w.masters()
	w.signs()
	w.changed()
	w.words()
	w.complained()
	w.hypotheses()
	if len(w.d.Hypotheses) == 0 {
		w.ask()
	}
	return w.d
}

// sort gives each node its answers, the earliest first: by the devices' own clocks where each part tells its
// time, and else in the order in which the files were given.
func (w *drafter) sort(answers []*answer) {
	for _, a := range answers {
		n := w.nodeOf(a.part)
		if a.host != "" {
			n = w.net.Of(a.host)
		}
		if n == nil || a.part.SameAs != "" {
			continue
		}
		w.answers[n.Name] = append(w.answers[n.Name], a)
		if a.config != "" && a.cut == "" && w.o.Lacks != nil {
			lacks, _ := w.o.Lacks(a.part.Platform, a.config)
			a.cut = strings.Join(lacks, ", ")
		}
		if a.older > 0 {
			w.unknown("%s: the first %d lines of %s (%s) that say what was done are left out: the last are kept", n.Name, a.older, a.what, w.at(a))
		}
		if a.cut != "" {
			w.unknown("%s: %s (%s) is not whole: %s: what it does not list may be there", n.Name, a.what, w.at(a), a.cut)
		}
	}
	of := map[string][]*intake.Part{}
	for p := range w.files {
		if n := w.nodeOf(p); n != nil {
			of[n.Name] = append(of[n.Name], p)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.answers)) {
		list := w.answers[name]
		timed := infer.Clocked(of[name])
		if timed {
			slices.SortStableFunc(list, func(x, y *answer) int { return x.part.Taken.Compare(y.part.Taken) })
		}
		parts := map[*intake.Part]bool{}
		for _, a := range list {
			if len(a.tables) > 0 {
				parts[a.part] = true
			}
		}
		if len(parts) > 1 && !timed {
			w.unknown("%s: which of its captures is the earlier is not told by all of them: they are taken in the order given", name)
		}
	}
}

// nodeOf is the node that a part is of: by the device that it names, or where it names none by the one whose
// name stands in that of its file.
func (w *drafter) nodeOf(p *intake.Part) *infer.Node {
	if p.Device != "" {
		return w.net.Of(p.Device)
	}
	var found *infer.Node
	words := regexp.MustCompile(`[A-Za-z0-9]+`).FindAllString(w.files[p], -1)
	for i := range w.net.Nodes {
		n := &w.net.Nodes[i]
		if slices.Contains(words, n.Name) {
			if found != nil {
				return nil
			}
			found = n
		}
	}
	return found
}

func (w *drafter) unknown(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(w.d.Unknown, text) {
		w.d.Unknown = append(w.d.Unknown, text)
	}
}

// at is where an answer stands.
func (w *drafter) at(a *answer) string { return fmt.Sprintf("%s:%d", w.files[a.part], a.line) }

// nodes are those that answered, in order.
func (w *drafter) nodes() (list []*infer.Node) {
	for i := range w.net.Nodes {
		if n := &w.net.Nodes[i]; len(w.answers[n.Name]) > 0 {
			list = append(list, n)
		}
	}
	return list
}

// config is the configuration of a node in its latest capture, or in its earliest: the running one, or where none
// was shown that from which it starts. One is not held against the other.
func (w *drafter) config(node string, latest bool) (text string, from *answer) {
	running := slices.ContainsFunc(w.answers[node], func(a *answer) bool { return a.config != "" && !a.start })
	for _, a := range w.answers[node] {
		if a.config == "" || a.start == running {
			continue
		}
		text, from = a.config, a
		if !latest {
			break
		}
	}
	return text, from
}

// listing is one answer of a kind.
type listing struct {
	rows map[string]row
	*answer
}

// listings are what a node listed of a kind, the earliest first.
func (w *drafter) listings(node string, kind Kind) (list []listing) {
	for _, a := range w.answers[node] {
		for _, t := range a.tables {
			if t.kind == kind {
				list = append(list, listing{t.rows, a})
			}
		}
	}
	return list
}

// silent reports whether an answer that does not list a row says nothing of it: it is not whole.
func (l listing) silent(id string) bool {
	_, listed := l.rows[id]
	return !listed && l.answer != nil && l.cut != ""
}

// telling is the last listing that says something of a row.
func telling(list []listing, id string) (listing, bool) {
	for _, l := range slices.Backward(list) {
		if !l.silent(id) {
			return l, true
		}
	}
	return listing{}, false
}

// latest is the last of them; it has no rows, and no answer, where there is none.
func (w *drafter) latest(node string, kind Kind) listing {
	list := w.listings(node, kind)
	if len(list) == 0 {
		return listing{}
	}
	return list[len(list)-1]
}

// platform is what runs in the lab for a node.
func platform(n *infer.Node) string {
	if n.Likeness == infer.Exact || n.Likeness == infer.Near {
		return n.Platform
	}
	return cmp.Or(n.Speaker, "frr")
}

// role is dut for whom a hypothesis suspects.
func role(suspects []string, name string) string {
	if slices.Contains(suspects, name) {
		return "dut"
	}
	return "peer"
}

// seconds is a duration as the scenario language writes it.
func seconds(n int) string { return fmt.Sprintf("%ds", n) }

func firstWord(s string) string { return cmp.Or(strings.Fields(s + " ")...) }
