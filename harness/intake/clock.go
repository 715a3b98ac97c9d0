package intake

import (
	"strconv"
	"strings"
	"time"
)

// clock is what a part tells of its device's zone.
type clock struct {
	dst       time.Duration            // of summer, that is in effect
	zones     map[string]time.Duration // that a configuration names, from UTC
	standard  string                   // the name of its zone
	lastLocal bool                     // the last line of a log names no zone
}

// taken keeps the first time that a part tells of itself.
func (p *part) taken(text, from string) {
	older := strings.HasPrefix(p.From, "the last change")
	if text == "" || !p.Taken.IsZero() && !older {
		return
	}
	if t, zone, ok := parseTime(text); ok {
		p.Taken, p.Local, p.From, p.Zone = t, true, from, ""
		p.zoned(zone)
	}
}

// zoned takes the name of the zone that the part's time is in. A name that is not known, or that is that of several, is
// kept, and the time stays one without a zone.
func (p *part) zoned(name string) {
	if name == "" || !p.Local {
		return
	}
	offset, ok := p.clock.zones[name]
	if !ok {
		offset, ok = zones()[name]
	}
	if !ok {
		p.Zone = name
		return
	}
	p.Taken, p.Local, p.Zone = p.Taken.Add(-offset), false, ""
}

// fact takes what an answer says of the zone: of the time that the same command told, or, of a configuration, of all.
func (c *clock) fact(p *part, name, value, command string) {
	switch name {
	case "dst":
		minutes, _ := strconv.Atoi(value) // digits, by the pattern
		c.dst = time.Duration(minutes) * time.Minute
	case "offset":
		minutes, _ := strconv.Atoi(value)
		if p.Local && p.From == command {
			p.Taken, p.Local, p.Zone = p.Taken.Add(-time.Duration(minutes)*time.Minute-c.dst), false, ""
		}
		c.dst = 0
	case "zone":
		if p.From == command {
			p.zoned(value)
		}
	case "clock": // NAME HOURS [MINUTES], which have the sign of the hours
		f := strings.Split(value, " ")
		if len(f) < 2 {
			return // a name of spaces of another kind, which are taken off
		}
		hours, _ := strconv.Atoi(f[1])
		offset := time.Duration(hours) * time.Hour
		if len(f) > 2 {
			minutes, _ := strconv.Atoi(f[2])
			if strings.HasPrefix(f[1], "-") {
				minutes = -minutes
			}
			offset += time.Duration(minutes) * time.Minute
		}
		c.name(p, f[0], offset)
		c.standard = f[0]
	case "summer": // of one hour, where nothing else is said
		if offset, ok := c.zones[c.standard]; ok {
			c.name(p, value, offset+time.Hour)
		}
	}
}

// name keeps what a configuration calls a zone; a time of that zone that came before has it now.
func (c *clock) name(p *part, zone string, offset time.Duration) {
	if c.zones == nil {
		c.zones = map[string]time.Duration{}
	}
	c.zones[zone] = offset
	if p.Zone == zone {
		p.zoned(zone)
	}
}

// zones are the abbreviations that stand for one zone alone, with its offset from UTC, as the database of time zones
// (IANA tzdata) has them. CST, EST, IST, BST and PST are among those of several.
func zones() map[string]time.Duration {
	const h = time.Hour
	return map[string]time.Duration{
		"UTC": 0, "GMT": 0, "Z": 0, "Etc/UTC": 0, "WET": 0, "WEST": h, "CET": h, "CEST": 2 * h, "EET": 2 * h, "EEST": 3 * h, "MSK": 3 * h,
		"JST": 9 * h, "KST": 9 * h, "AEST": 10 * h, "AEDT": 11 * h, "NZST": 12 * h, "NZDT": 13 * h,
		"EDT": -4 * h, "MDT": -6 * h, "PDT": -7 * h, "AKST": -9 * h, "AKDT": -8 * h, "HST": -10 * h,
	}
}

// parseTime reads a time as devices write it, as if it were in UTC, and the name of its zone where it has one.
func parseTime(text string) (t time.Time, zone string, ok bool) {
	text = strings.Join(strings.Fields(text), " ")
	for _, layout := range []string{
		"Mon Jan 2 15:04:05 2006", "Mon Jan 2 15:04:05 2006 MST", "Mon Jan 2 15:04:05 MST 2006", "Mon Jan 2 2006 15:04:05 MST", "2006.01.02 15:04:05",
		"2006-01-02 15:04:05-07:00", "Mon 02 Jan 2006 03:04:05 PM MST", "Mon 02 Jan 2006 15:04:05 MST", "Mon 02 Jan 2006 15:04:05", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05 MST", "15:04:05 MST Mon Jan 2 2006", "Jan 2 2006 15:04:05",
	} {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		if strings.Contains(layout, "MST") {
			zone = t.Location().String()
		}
		if strings.HasSuffix(layout, "-07:00") {
			return t.UTC(), "UTC", true
		}
		_, offset := t.Zone() // of an abbreviation that this machine knows
		return t.Add(time.Duration(offset) * time.Second).UTC(), zone, true
	}
	return t, "", false
}
