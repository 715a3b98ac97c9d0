package logs

import (
	"cmp"
	_ "embed" // rules
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/harness/result"
)

//go:embed rules/signs.yaml
var signs []byte

// Rule is a known bad sign.
type Rule struct {
	ID      string   `yaml:"id"`
	Title   string   `yaml:"title"`
	Formats []Format `yaml:"formats"` // a line of another says nothing
	// Mnemonic, Text and Raw are regular expressions that a line must fit all of; an empty one fits.
	Mnemonic string `yaml:"mnemonic"`
	Text     string `yaml:"text"`
	Raw      string `yaml:"raw"`
	// Threshold is how many lines it takes, 1 where it is 0; within Window, where there is one.
	Threshold int           `yaml:"threshold"`
	Window    time.Duration `yaml:"window"`
	Level     string        `yaml:"level"` // fail or warn
	Means     string        `yaml:"means"`
	Reference string        `yaml:"reference"`

	mnemonic, text, raw *regexp.Regexp
	name                *regexp.Regexp // of the message, wherever in a line
}

// Rules are those that come with the program.
func Rules() ([]Rule, error) { return ParseRules(signs) }

// ParseRules reads rules, and refuses those that could never say anything.
func ParseRules(data []byte) ([]Rule, error) {
	var rules []Rule
	if err := yaml.Load(data, &rules, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	seen := map[string]bool{}
	for i := range rules {
		r := &rules[i]
		if err := r.compile(); err != nil {
			return nil, fmt.Errorf("rule %q: %w", r.ID, err)
		}
		if seen[r.ID] {
			return nil, fmt.Errorf("rule %q is there twice", r.ID)
		}
		seen[r.ID] = true
	}
	return rules, nil
}

func (r *Rule) compile() (err error) {
	switch {
	case r.ID == "" || r.Title == "" || r.Means == "" || r.Reference == "" || len(r.Formats) == 0:
		return fmt.Errorf("id, title, formats, means and reference are needed")
	case r.Mnemonic+r.Text+r.Raw == "":
		return fmt.Errorf("it fits every line")
	case r.Level != "fail" && r.Level != "warn":
		return fmt.Errorf("level %q: want fail or warn", r.Level)
	case r.Threshold < 0 || r.Window < 0 || r.Window > 0 && r.Threshold < 2:
		return fmt.Errorf("a window needs a threshold of 2 or more, and neither is negative")
	}
	for _, f := range r.Formats {
		if !slices.Contains(Formats(), f) {
			return fmt.Errorf("unknown format %q", f)
		}
	}
	r.Threshold = max(r.Threshold, 1)
	if r.mnemonic, err = regexp.Compile(r.Mnemonic); err != nil {
		return err
	}
	if r.text, err = regexp.Compile(r.Text); err != nil {
		return err
	}
	if r.raw, err = regexp.Compile(r.Raw); err != nil {
		return err
	}
	r.name, err = regexp.Compile(strings.TrimSuffix(strings.TrimPrefix(r.Mnemonic, "^"), "$"))
	return err
}

// hints reports whether a line that no format fits has the words of the rule. What a line begins with tells nothing there.
func (r *Rule) hints(l *Line) bool {
	begins := strings.HasPrefix(r.Raw, "^")
	return (r.Mnemonic+r.Text != "" || !begins) && r.name.MatchString(l.Raw) && r.text.MatchString(l.Raw) && (begins || r.raw.MatchString(l.Raw))
}

func (r *Rule) fits(l *Line) bool {
	return r.mnemonic.MatchString(l.Mnemonic) && r.text.MatchString(l.Text) && r.raw.MatchString(l.Raw)
}

// checking is a rule at work.
type checking struct {
	Rule
	result.LogCheck
	hosts  map[string]*counting
	unread int // lines that no format fits and that have its words
}

// counting is a rule at work on the lines of one host.
type counting struct {
	result.LogHostCheck
	lines, untimed, dense int
	maybe                 int               // so many times it may have been dense: repetitions whose times are not known
	orphans, left         int               // lines that count what is not there, and that say that messages were left out
	cut, many             bool              // lines were; it is of more than one host
	recent                map[string][]span // by file: the last Threshold times
}

// mostHosts bounds those that are told apart. What lines of others come to together is no sign of any of them.
const mostHosts = 1024

// Check asks each rule of the lines of all trials, of those of each host that they name by itself: two that were late
// once each are none that is late twice. A rule that no line speaks of passes only where there are lines of its formats,
// also as syslog carries them, whole ones; else nobody knows. What a log only counts, "last message repeated 5 times", counts as the
// message that it is of; where that or its time is not there, or a line says that messages were left out, nobody knows.
func Check(trials []Trial, rules []Rule) ([]result.LogCheck, error) {
	work := make([]*checking, len(rules))
	byFormat := map[Format][]*checking{}
	for i, r := range rules {
		work[i] = &checking{Rule: r, hosts: map[string]*counting{}, LogCheck: result.LogCheck{Rule: r.ID, Title: r.Title, Means: r.Means, Reference: r.Reference}}
		for _, f := range r.Formats {
			byFormat[f] = append(byFormat[f], work[i])
		}
	}
	var last sayings
	var folds folding
	var cut error
	for _, t := range trials {
		for e, err := range t.Lines() {
			if errors.Is(err, ErrCut) {
				cut = err
				continue
			}
			if err != nil {
				return nil, err
			}
			if of := folds.take(e.Line); of != nil { // it goes on where nobody reads it
				for _, c := range byFormat[of.carried()] {
					c.host(of).cut = true
				}
			}
			if !e.Parsed() {
				for _, c := range work {
					c.unread += b2i(c.hints(e.Line))
				}
			}
			for _, c := range byFormat[e.carried()] {
				c.take(e.Line)
			}
			of, repeated := last.take(e.Line)
			switch {
			case repeated && of.line != nil:
				for _, c := range byFormat[of.line.carried()] {
					c.take(of.again(e.Line))
				}
			case repeated, losing.MatchString(e.Text):
				for _, c := range work {
					c.miss(e.Line, repeated)
				}
			}
		}
	}
	checks := make([]result.LogCheck, len(work))
	for i, c := range work {
		c.decide(cut)
		checks[i] = c.LogCheck
	}
	return checks, nil
}

// folding finds lines that were cut in pieces, as a terminal of so many columns or a mail does: the first piece is as long as
// the longest line of its file, or ends in the mark of a mail (RFC 2045, 6.7), and no format fits the next.
type folding struct {
	last    Line
	longest int
}

// foldedAt are the widths of terminals, and of lines of mails, that lines are folded at.
func foldedAt() []int { return []int{72, 76, 77, 78, 79, 80, 100, 120, 132, 160} }

// take looks at the next line, and gives the one before where that goes on in it.
func (f *folding) take(l *Line) *Line {
	if f.last.File != l.File {
		f.longest = 0
	}
	before, width := f.last, utf8.RuneCountInString(f.last.Raw)
	folded := before.File == l.File && before.Parsed() && !l.Parsed() && strings.TrimSpace(l.Raw) != "" &&
		(slices.Contains(foldedAt(), width) && width >= f.longest || strings.HasSuffix(strings.TrimRight(before.Raw, "\r\n"), "="))
	f.last, f.longest = *l, max(f.longest, utf8.RuneCountInString(l.Raw))
	if folded {
		return &before
	}
	return nil
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// miss notes that messages of a host are not there: any of them may be one that fits. A line of another format than the rule's
// may be of the same device.
func (c *checking) miss(l *Line, repeated bool) {
	h := c.host(l)
	if repeated {
		h.orphans++
	} else {
		h.left++
	}
}

// host is what is counted of the host of a line.
func (c *checking) host(l *Line) *counting {
	name := l.host()
	h := c.hosts[name]
	if h == nil {
		if len(c.hosts) >= mostHosts {
			name = fmt.Sprintf("more than %d hosts", mostHosts)
		}
		if h = c.hosts[name]; h == nil {
			h = &counting{LogHostCheck: result.LogHostCheck{Host: name}, many: len(c.hosts) >= mostHosts, recent: map[string][]span{}}
			c.hosts[name] = h
		}
	}
	return h
}

func (c *checking) take(l *Line) {
	h := c.host(l)
	h.lines += max(l.Times, 1)
	h.cut = h.cut || l.Cut > 0
	if c.fits(l) {
		h.take(l, &c.Rule)
	}
}

// take counts a line that fits.
func (h *counting) take(l *Line, r *Rule) {
	if h.Count == 0 {
		h.Example = placeOf(l)
	}
	times := max(l.Times, 1)
	h.Count += times
	if r.Window == 0 {
		return
	}
	if l.Time.IsZero() {
		h.untimed++
		return
	}
	at := span{l.Time, l.Time}
	if times > 1 || !l.after.IsZero() {
		at.first = l.after
	}
	last := h.recent[l.File]
	if l.Times > 0 && l.after.IsZero() && len(last) > 0 { // it came before, by itself
		at.first = last[len(last)-1].last
	}
	for range min(times, r.Threshold) {
		if last = append(last, at); len(last) > r.Threshold {
			last = last[1:]
		}
		if len(last) == r.Threshold {
			sure, may := last[0].within(at, r.Window)
			if sure {
				h.dense++
			} else if may {
				h.maybe++
			}
		}
	}
	h.recent[l.File] = last
}

// host is that which a line names, without its domain; empty for none, and for a card of a switch.
func (l *Line) host() string {
	if l.OfCard() {
		return ""
	}
	host, _, _ := strings.Cut(l.Host, ".")
	return host
}

// carried is whose message a line is: that of its own format, or of the program that sent it by syslog.
func (l *Line) carried() Format {
	if name := l.Mnemonic; (l.Format == RFC3164 || l.Format == RFC5424) && len(name) == 11 && name[5] == '-' && strings.ToUpper(name) == name {
		return FRR
	}
	return l.Format
}

// decide never leaves a rule without an answer; cut is why a file was not read to its end, and nothing passes then.
func (c *checking) decide(cut error) {
	formats := make([]string, len(c.Formats))
	for i, f := range c.Formats {
		formats[i] = string(f)
	}
	of := strings.Join(formats, " or ")
	for name, h := range c.hosts {
		if h.lines == 0 && len(c.hosts) > 1 {
			delete(c.hosts, name) // none of it is of the formats
		}
	}
	if len(c.hosts) == 0 {
		c.Status, c.Why = "unknown", "no line of "+of+" was read"
		return
	}
	for _, h := range c.hosts {
		h.decide(&c.Rule, of)
		if h.Status == "pass" && c.unread > 0 {
			h.Status, h.Why = "unknown", fmt.Sprintf("%d of %d lines of %s, and %d lines that no format fits have its words", h.Count, h.lines, of, c.unread)
		}
		if h.Status == "pass" && cut != nil {
			h.Status, h.Why = "unknown", fmt.Sprintf("%d of %d lines of %s, and %v", h.Count, h.lines, of, cut)
		}
		c.Count += h.Count
		c.Hosts = append(c.Hosts, h.LogHostCheck)
	}
	slices.SortFunc(c.Hosts, func(a, b result.LogHostCheck) int {
		return cmp.Or(cmp.Compare(badness(b.Status), badness(a.Status)), strings.Compare(a.Host, b.Host))
	})
	worst := c.Hosts[0]
	c.Status, c.Why, c.Example = worst.Status, worst.Why, worst.Example
	if len(c.Hosts) == 1 {
		c.Hosts = nil
		return
	}
	alike := 0
	for _, h := range c.Hosts {
		if h.Status == c.Status {
			alike++
		}
	}
	c.Why = fmt.Sprintf("%d of %d hosts; %s: %s", alike, len(c.Hosts), cmp.Or(worst.Host, "lines that name none"), worst.Why)
}

// badness orders the answers: a sign is one whatever is not known of other hosts.
func badness(status string) int {
	return slices.Index([]string{"pass", "unknown", "warn", "fail"}, status)
}

// decide answers for one host.
func (h *counting) decide(r *Rule, of string) {
	enough := h.Count >= r.Threshold && (r.Window == 0 || h.dense > 0)
	switch {
	case enough && h.many && r.Threshold > 1:
		h.Status, h.Why = "unknown", fmt.Sprintf("%d of %d lines of %s, of hosts that are not told apart", h.Count, h.lines, of)
	case enough:
		h.Status, h.Why = r.Level, fmt.Sprintf("%d of %d lines of %s", h.Count, h.lines, of)
	case h.lines == 0:
		h.Status, h.Why = "unknown", "no line of "+of+" was read"
	case h.cut:
		h.Status, h.Why = "unknown", "lines of "+of+" were cut"
	case h.maybe > 0 && h.Count >= r.Threshold:
		h.Status, h.Why = "unknown", fmt.Sprintf("%d of %d lines of %s; when those came that are only counted is not known, and it takes %d within %s", h.Count, h.lines, of, r.Threshold, r.Window)
	case h.untimed > 0 && h.Count >= r.Threshold:
		h.Status, h.Why = "unknown", fmt.Sprintf("%d lines have no time, and it takes %d within %s", h.untimed, r.Threshold, r.Window)
	case h.lost() != "":
		h.Status, h.Why = "unknown", fmt.Sprintf("%d of %d lines of %s, and %s", h.Count, h.lines, of, h.lost())
	default:
		h.Status, h.Why = "pass", fmt.Sprintf("%d of %d lines of %s, and it takes %d", h.Count, h.lines, of, r.Threshold)
	}
}
