package intake

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// finish ends the last answer, and asks of every part what it is and whether it is whole. cut tells
// that the text ends in the midst of a line.
func (s *splitter) finish(cut bool) {
	s.unended()
	s.half(cut)
	s.close()
	for i, p := range s.parts {
		p.Platform = s.g.favourite(p.votes)
		p.Kind = s.kind(p)
		p.Model = cmp.Or(p.Model, p.number)
		if p.Device == "" && (p.Kind == Log || p.Kind == SupportBundle) {
			switch hosts := slices.Sorted(maps.Keys(p.hosts)); len(hosts) {
			case 0:
			case 1:
				p.Device = hosts[0]
			default:
				p.Hosts = hosts[:min(len(hosts), most)]
			}
		}
		if p.stamp != "" {
			p.taken(strings.Replace(p.stamp, ",", ".", 1), "the time that the terminal wrote before it")
		}
		if p.Taken.IsZero() && !p.Last.IsZero() {
			p.Taken, p.Local, p.From = p.Last, p.clock.lastLocal, "the last line of the log"
		}
		s.whole(p, cut && i == len(s.parts)-1)
		if now := s.o.Now; !p.Taken.IsZero() && !now.IsZero() {
			p.Age = now.Sub(p.Taken)
		}
	}
	s.parts = slices.DeleteFunc(s.parts, func(p *part) bool { return len(p.Commands) == 0 && p.NotUnderstood == 0 && p.Kind == "" })
}

func (s *splitter) kind(p *part) Kind {
	switch {
	case p.Kind != "" && p.Kind != Session || len(p.Commands) == 0:
		return p.Kind
	case slices.ContainsFunc(p.Commands, func(c Command) bool { return !c.Implied }):
		return Session
	case len(p.Commands) == 1 && isConfig(p.Commands[0].Command):
		return Config
	case !slices.ContainsFunc(p.Commands, func(c Command) bool { return c.Command != "log" && !s.logs.MatchString(c.Command) }):
		return Log
	}
	return Session
}

func isConfig(command string) bool {
	return about(command, []string{"show configuration", "show running-config", "show startup-config"})
}

// whole says what a part lacks.
func (s *splitter) whole(p *part, cut bool) {
	text := p.text.String()
	p.text = strings.Builder{}
	last := text[strings.LastIndexByte(strings.TrimRight(text, "\n"), '\n')+1:]
	switch {
	case p.large:
		p.Unknown = "it is too large to ask"
	case p.Kind == TechSupport || p.Kind == Config:
		if cut {
			text = strings.TrimSuffix(text, "\n") // who asks knows the middle of a line
		}
		lacks, known := s.lacks(p, text)
		for _, l := range lacks {
			p.cut("%s", l)
		}
		if !known {
			p.Unknown = "nobody can tell for " + orUnknown(p.Platform)
		}
	}
	blank := last != "" && strings.TrimSpace(last) == "" && p.Kind != Session
	if cut && (len(p.Cut) == 0 || p.Kind == Session) && (blank || !s.ends(p, strings.TrimSpace(last))) {
		p.cut("the last line has no end (line %d)", s.lines)
	}
}

// noPrompt is why an answer may not be whole that the text, or the session, ends with.
const noPrompt = "no prompt comes after it: the session may end within it"

// untold is why nobody can tell of the answer that a collection ends with: the part says so.
const untold = "the collection ends with it, and nobody can tell whether it is whole"

// unended takes note that the answer which is open is the last one of a session, or of a collection that nobody can say is
// whole: what ends it did not come. A configuration that has its own end is whole, and so is an answer by itself, which has
// no prompt before it.
func (s *splitter) unended() {
	c, p := s.sec, s.cur
	if c == nil || p == nil || c.Cut != "" || c.Command.Command == "" || c.Implied || s.asked != "" {
		return
	}
	switch {
	case c.written == 0 && !s.shows.MatchString(c.Command.Command+" "): // it left, or changed something
	case p.Kind == Session:
		if all, _ := ShowsConfig(c.Command.Command); all {
			is := s.g.favourite(p.votes)
			if lacks, known := s.lacksOf(Config, cmp.Or(is, c.platform), c.text.String()); known && (is != "" || len(lacks) == 0) {
				return // what one of a platform that is known lacks, close tells
			}
		}
		c.Cut = noPrompt
	case p.Kind == TechSupport && p.large:
		c.Cut = "the collection ends with it, and is too large to ask whether it is whole"
	case p.Kind == TechSupport:
		switch lacks, known := s.lacksOf(TechSupport, s.g.favourite(p.votes), p.text.String()); {
		case !known:
			c.Cut = untold
		case len(lacks) > 0:
			c.Cut = "the collection ends with it, and lacks " + strings.Join(lacks, ", ")
		}
	}
}

// half takes note that the last line of the answer which is open has no end, where the text has none.
func (s *splitter) half(cut bool) {
	c := s.sec
	if !cut || c == nil || c.written == 0 || s.ends(s.cur, strings.TrimSpace(c.last)) {
		return
	}
	if s.cur.Kind == Session && strings.TrimSpace(s.previous) == "" { // of the line that is cut nothing but its indent came
		c.Cut = cmp.Or(c.Cut, "its last line has no end")
		return
	}
	c.Half, c.Cut = true, "its last line has no end"
}

// cutOff says of an answer, and of its part, that it is not whole.
func (s *splitter) cutOff(c *section, p *part) {
	if c.pager > 0 {
		c.Cut = fmt.Sprintf("it ends where a pager asked (line %d)", c.pager)
	}
	if c.Cut == "" || c.Status == Refused || c.Status == Absent {
		c.Cut, c.Half = "", false
		return
	}
	if c.Cut == untold {
		return
	}
	if c.Status != CutOff && !c.Half { // of a line that has no end the part tells
		p.cut("the answer to %s at line %d: %s", c.Command.Command, c.Line, c.Cut)
	}
	c.Status = CutOff
}

// short says that a configuration is far shorter than its device counted it (IOS); empty where it is not. What a redaction
// takes out, or a comment adds, changes some of it, and not nine parts of ten.
func short(text string) string {
	m := regexp.MustCompile(`(?m)^Current configuration : (\d{1,12}) bytes`).FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	const least = 10 // parts of the count
	if n, err := strconv.Atoi(m[1]); err != nil || len(text) >= n/least {
		return ""
	}
	return fmt.Sprintf("it says that it has %s bytes, and %d came", m[1], len(text))
}

// ends reports whether a last line ends a text although nothing ends the line.
func (s *splitter) ends(p *part, last string) bool {
	if last == "end" || last == "}" || last == "" {
		return true
	}
	for i := range s.g.Platforms {
		pl := &s.g.Platforms[i]
		if pl.prompt == nil {
			continue
		}
		if m := pl.prompt.FindStringSubmatch(last); m != nil && p.Kind == Session {
			return true
		}
	}
	return false
}

// lacks asks whoever knows the platform, or goes by how its configurations end.
func (s *splitter) lacks(p *part, text string) (lacks []string, known bool) {
	return s.lacksOf(p.Kind, p.Platform, text)
}

func (s *splitter) lacksOf(kind Kind, platform, text string) (lacks []string, known bool) {
	if s.o.Lacks != nil {
		if lacks, known := s.o.Lacks(kind, platform, text); known {
			return lacks, true
		}
	}
	if kind != Config {
		return nil, false
	}
	return s.g.ConfigLacks(platform, text)
}

// ConfigLacks tells what a configuration lacks, by how a platform's end. The end is optional in files
// of some platforms (FRR's frr.conf), and never below the words that an answer begins with.
func (g *Grammar) ConfigLacks(platform, text string) (lacks []string, known bool) {
	pl := g.platform(platform)
	if pl == nil {
		return nil, false
	}
	switch {
	case pl.configEnd != nil && pl.configEnd.MatchString(text), pl.configEnd != nil && pl.EndOptional && !answered(text):
		return nil, true
	case pl.configEnd != nil:
		return []string{"the end of the configuration (a line with end)"}, true
	case pl.Braces && strings.Contains(text, "{"):
		if open := strings.Count(text, "{") - strings.Count(text, "}"); open > 0 {
			return []string{"the end of the configuration (a brace that closes it)"}, true
		}
		return nil, true
	}
	return nil, false
}

// answered reports whether a configuration is the answer to a command, which has words of its own above it.
func answered(text string) bool {
	return strings.Contains(text, "Current configuration:") || strings.Contains(text, "Building configuration...")
}

func orUnknown(platform string) string {
	if platform == "" {
		return "a platform that is not known"
	}
	return platform
}
