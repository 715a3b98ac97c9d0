package intake_test

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestZones: the zone that a text tells is its time's, by name, by minutes, or as the configuration beside it sets the name. A
// name that several zones have stays a name.
func TestZones(t *testing.T) {
	exos := func(lines ...string) string {
		return "x1.1 # show switch\nSysName:          x1\nCurrent Time:     Mon Nov 30 10:14:21 2026\n" + strings.Join(lines, "\n") + "\nx1.2 # \n"
	}
	const config = "c#show running-config\nversion 15.2\nhostname c\n"
	for name, c := range map[string]struct {
		text, want, zone string
		local            bool
	}{
		"exos utc":        {exos("Timezone:         [Auto DST Disabled] GMT Offset: 0 minutes, name is UTC."), "10:14", "", false},
		"exos west":       {exos("Timezone:         [Auto DST Disabled] GMT Offset: -300 minutes, name is EST."), "15:14", "", false},
		"exos summer":     {exos("Timezone:         [Auto DST Enabled] GMT Offset: 60 minutes, name is CET.", "                  DST of 60 minutes is currently in effect, name is CEST."), "08:14", "", false},
		"exos winter":     {exos("Timezone:         [Auto DST Enabled] GMT Offset: 60 minutes, name is CET.", "                  DST is not currently in effect."), "09:14", "", false},
		"exos summer cut": {exos("Timezone:         [Auto DST Enabled] GMT Offset: 60 minutes, name is CET."), "10:14", "", true},
		"exos none":       {exos(), "10:14", "", true},
		"ios":             {"c#show clock\n10:15:33.123 CET Mon Nov 30 2026\nc#\n", "09:15", "", false},
		"ios several":     {"c#show clock\n10:15:33.123 IST Mon Nov 30 2026\nc#\n", "10:15", "IST", true},
		"ios set":         {"c#show clock\n10:15:33.123 IST Mon Nov 30 2026\n" + config + "clock timezone IST 5 30\nend\nc#\n", "04:45", "", false},
		"ios set before":  {config + "clock timezone NST -3 30\nclock summer-time NDT recurring\nend\nc#show clock\n10:15:33.123 NDT Mon Nov 30 2026\nc#\n", "12:45", "", false},
		"ios odd name":    {"c#show clock\n10:15:33.123 IST Mon Nov 30 2026\n" + config + "clock timezone \u00a0 5\nend\nc#\n", "10:15", "IST", true},
		"eos":             {"e#show version\nArista DCS-7010T\ne#show clock\nMon Nov 30 10:15:33 2026\nTimezone: UTC\ne#\n", "10:15", "", false},
		"eos place":       {"e#show version\nArista DCS-7010T\ne#show clock\nMon Nov 30 10:15:33 2026\nTimezone: Europe/Dublin\ne#\n", "10:15", "Europe/Dublin", true},
		"log":             {"2026-11-30T10:14:01+01:00 core1 ospfd[1]: neighbor down\n2026-11-30T10:14:05+01:00 core1 ospfd[1]: neighbor up\n", "09:14", "", false},
		"log local":       {"Nov 30 10:14:01 core1 ospfd[1]: neighbor down\n", "10:14", "", true},
	} {
		p := imported(t, "sent.txt", []byte(c.text)).Parts[0]
		if got := p.Taken.Format("15:04"); got != c.want || p.Local != c.local || p.Zone != c.zone || p.Taken.Location() != time.UTC {
			t.Errorf("%s: taken %s, local %t, zone %q; want %s, %t, %q", name, p.Taken, p.Local, p.Zone, c.want, c.local, c.zone)
		}
	}
}

// TestHosts: a log of several devices is of none of them alone, and names them.
func TestHosts(t *testing.T) {
	p := imported(t, "sent.txt", []byte("Nov 30 10:14:01 core1 ospfd[1]: neighbor down\nNov 30 10:14:05 10.10.0.2 ospfd[1]: neighbor up\nNov 30 10:14:06 core1 ospfd[1]: neighbor up\n")).Parts[0]
	if p.Device != "" || !slices.Equal(p.Hosts, []string{"10.10.0.2", "core1"}) {
		t.Errorf("of %q, hosts %q", p.Device, p.Hosts)
	}
	if p := imported(t, "sent.txt", []byte("Nov 30 10:14:01 core1 ospfd[1]: neighbor down\n")).Parts[0]; p.Device != "core1" || p.Hosts != nil {
		t.Errorf("of %q, hosts %q", p.Device, p.Hosts)
	}
	const code = "0x00374589 00000000 GlobalRouter FA INFO refused\n"
	// A card is no host, and a host may be called as cards are.
	for text, want := range map[string]string{"CP1 [03/01/26 10:00:01.733:UTC] CP-core " + code: "CP-core", "CP1 [03/01/26 10:00:01.733:UTC] " + code: ""} {
		if p := imported(t, "sent.txt", []byte(text)).Parts[0]; p.Device != want {
			t.Errorf("%q is of %q", text, p.Device)
		}
	}
}
