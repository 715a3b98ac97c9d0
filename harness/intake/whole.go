package intake

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// finish ends the last answer, and asks of every part what it is and whether it is whole. cut tells
// that the text ends in the midst of a line.
func (s *splitter) finish(cut bool) {
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
	if cut && len(p.Cut) == 0 && (blank || !s.ends(p, strings.TrimSpace(last))) {
		p.cut("the last line has no end (line %d)", s.lines)
	}
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
	if s.o.Lacks != nil {
		if lacks, known := s.o.Lacks(p.Kind, p.Platform, text); known {
			return lacks, true
		}
	}
	if p.Kind != Config {
		return nil, false
	}
	return s.g.ConfigLacks(p.Platform, text)
}

// lacksConfig asks the same of an answer that is a configuration.
func (s *splitter) lacksConfig(platform, text string) (lacks []string, known bool) {
	if s.o.Lacks != nil {
		if lacks, known := s.o.Lacks(Config, platform, text); known {
			return lacks, true
		}
	}
	return s.g.ConfigLacks(platform, text)
}

// ConfigLacks tells what a configuration lacks, by how a platform's end. The end is optional in files
// of some platforms (FRR's frr.conf), and never below the line "Current configuration:" of an answer.
func (g *Grammar) ConfigLacks(platform, text string) (lacks []string, known bool) {
	pl := g.platform(platform)
	if pl == nil {
		return nil, false
	}
	switch {
	case pl.configEnd != nil && pl.configEnd.MatchString(text), pl.configEnd != nil && pl.EndOptional && !strings.Contains(text, "Current configuration:"):
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

func orUnknown(platform string) string {
	if platform == "" {
		return "a platform that is not known"
	}
	return platform
}
