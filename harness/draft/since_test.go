package draft_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/reprise-lab/reprise/harness/draft"
)

// session is what a router r1 of FRR answered: the state of its session of BGP with r2, and more.
func session(state, more string) []byte {
	return []byte("r1# show version\nFRRouting 8.4.4 (r1).\nr1# show running-config\nfrr version 8.4.4\nhostname r1\ninterface eth1\n ip address 10.0.0.1/30\nrouter bgp 65001\n neighbor 10.0.0.2 remote-as 65002\nend\n" +
		more + "r1# show bgp summary\n10.0.0.2        4      65002         4         5        0    0    0 00:00:09  " + state + "        0 N/A\nr1# \n")
}

// birdSession is the same of a BIRD, with the time of day at which it was asked.
func birdSession(at, state, info, more string) []byte {
	return []byte("root@r1:~# cat /etc/bird/bird.conf\nrouter id 1.1.1.1;\nprotocol device {}\nprotocol bgp r2 { local 10.0.0.1 as 65001; neighbor 10.0.0.2 as 65002; }\n" +
		"root@r1:~# birdc show status\nBIRD 2.0.12\nHostname is r1\nCurrent server time is 2026-11-29 " + at + ".000\n" + more +
		"root@r1:~# birdc show protocols all\nr2         BGP        ---        " + state + " 09:00:00.000  " + info + "\n    Neighbor address: 10.0.0.2\n    Neighbor AS:      65002\nroot@r1:~# \n")
}

// other is r2, which r1 has a session with.
func other() txtar.File {
	return txtar.File{Name: "r2.txt", Data: []byte("r2# show version\nFRRouting 8.4.4 (r2).\nr2# show running-config\nfrr version 8.4.4\nhostname r2\ninterface eth1\n ip address 10.0.0.2/30\nend\nr2# \n")}
}

// TestBefore: what was done before the capture in which all was well is no cause, by its time or by the log of that
// capture; where nothing tells, it is a guess that says so.
func TestBefore(t *testing.T) {
	const (
		head = "root@r1:~# cat /var/log/bgpd.log\n"
		old  = "2024/01/02 10:47:54 BGP: [XDY58-Y3CWV] Enabled administrative shutdown on BGP instance AS 65001\n"
		late = "2026/11/29 10:47:54 BGP: [XDY58-Y3CWV] Enabled administrative shutdown on BGP instance AS 65001\n"
		typd = "2024/01/02 10:40:00 BGP: [M7Q4P-46WDR] vty[21]@# clear bgp 10.0.0.2\n"
		bird = "root@r1:~# cat /var/log/bird.log\n"
		off  = "2024-01-02 10:47:54.000 <INFO> Disabling protocol r2\n"
		now  = "2026-11-29 10:47:54.000 <INFO> Disabling protocol r2\n"
	)
	for _, c := range []struct {
		name, before, after string
		changes             int
		doubt               string
	}{
		{"it is in the earlier log", head + old + typd, head + old + typd, 0, ""},
		{"it is after what the earlier log has", head + old, head + old + late, 1, ""},
		{"it is older than the earlier capture", "bird", bird + off, 0, ""},
		{"it is younger than the earlier capture", "bird", bird + now, 1, ""},
		{"nothing tells", "", head + old, 1, "at 2024-01-02 10:47:54: whether that is after"},
		{"there is no earlier capture", "none", head + late, 1, "at 2026-11-29 10:47:54: no capture of r1 from before"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := []txtar.File{{Name: "1.txt", Data: session("1", c.before)}, {Name: "2.txt", Data: session("Active", c.after)}, other()}
			sentence := ""
			if c.before == "bird" {
				files[0].Data, files[1].Data = birdSession("10:00:00", "up    ", "Established", ""), birdSession("11:00:00", "start ", "Idle", c.after)
			}
			if c.before == "none" {
				files, sentence = []txtar.File{{Name: "1.txt", Data: session("1", c.after)}, other()}, "BGP of r1 is lost"
			}
			d, n := drafted(t, sentence, files...)
			valid(t, d, n)
			if len(d.Changes) != c.changes || len(d.Hypotheses) == 0 {
				t.Fatalf("changes %+v, %d hypotheses", d.Changes, len(d.Hypotheses))
			}
			if c.changes == 0 {
				return
			}
			h := d.Hypotheses[0]
			if h.Name != "01-changes" || h.Guess != (c.doubt != "") || !strings.Contains(h.Reasons[0], c.doubt) {
				t.Errorf("%+v", h)
			}
			if !strings.Contains(d.Markdown(), c.doubt) {
				t.Errorf("the draft does not say that %s", c.doubt)
			}
		})
	}
}

// TestNeverWell: what never was there may come of what was done before the earliest capture.
func TestNeverWell(t *testing.T) {
	const log = "root@r1:~# cat /var/log/bgpd.log\n2024/01/02 10:47:54 BGP: [XDY58-Y3CWV] Disabled administrative shutdown on BGP instance AS 65001\n"
	d, _ := drafted(t, "", txtar.File{Name: "1.txt", Data: session("Active", log)}, txtar.File{Name: "2.txt", Data: session("Active", log)}, other())
	if len(d.Broken) != 1 || d.Broken[0].Kind != draft.BGP || len(d.Changes) != 1 {
		t.Errorf("broken %v, changes %v", d.Broken, d.Changes)
	}
}

// TestManyChanges: two thousand commands in a log come to as many hypotheses as are kept, and the rest is told.
func TestManyChanges(t *testing.T) {
	var w strings.Builder
	w.WriteString("root@r1:~# cat /var/log/bgpd.log\n")
	for i := range 1990 {
		fmt.Fprintf(&w, "2026/11/29 10:%02d:%02d BGP: [XDY58-Y3CWV] vty[5]@# clear bgp 10.%d.%d.1\n", i/60, i%60, i/250, i%250)
	}
	d, n := drafted(t, "", txtar.File{Name: "1.txt", Data: session("1", "")}, txtar.File{Name: "2.txt", Data: session("Active", w.String())}, other())
	if len(d.Changes) != 1990 || len(d.Hypotheses) != 12 || !slices.ContainsFunc(d.Unknown, func(u string) bool { return strings.HasSuffix(u, "more hypotheses are left out") }) {
		t.Errorf("%d changes, %d hypotheses, not known %q", len(d.Changes), len(d.Hypotheses), d.Unknown)
	}
	d.Hypotheses = d.Hypotheses[1:] // all of it in order is longer than a scenario may be
	valid(t, d, n)
}

// TestManyLines: a configuration of as many lines as an answer can have is held against an earlier one.
func TestManyLines(t *testing.T) {
	var lines strings.Builder
	for i := range 150_000 {
		fmt.Fprintf(&lines, "ip prefix-list P seq %d permit 10.0.0.0/8\n", i)
	}
	more := strings.Replace(string(session("1", "")), "router bgp", lines.String()+"router bgp", 1)
	d, _ := drafted(t, "", txtar.File{Name: "1.txt", Data: session("1", "")}, txtar.File{Name: "2.txt", Data: []byte(more)}, other())
	if len(d.Changes) != 1 || !strings.Contains(d.Changes[0].What, "has 150000 lines more, and 0 lines less") {
		t.Errorf("%d changes", len(d.Changes))
	}
}

// TestLongLog: of a log that tells of more than is kept the last is kept, which is told; it takes nothing from the
// logs of others.
func TestLongLog(t *testing.T) {
	var w strings.Builder
	w.WriteString("root@r1:~# cat /var/log/messages\n")
	for i := range 2100 {
		fmt.Fprintf(&w, "2026/11/29 10:%02d:%02d r1 kernel: e1000 eth9: NIC Link is Down\n", i/60, i%60)
	}
	w.WriteString("2026/11/29 11:40:00 r1 kernel: e1000 eth1: NIC Link is Down\n")
	r2 := other()
	r2.Data = []byte(strings.TrimSuffix(string(r2.Data), "r2# \n") + "root@r2:~# cat /var/log/bgpd.log\n2026/11/29 11:47:54 BGP: [XDY58-Y3CWV] Enabled administrative shutdown on BGP instance AS 65002\nr2# \n")
	d, _ := drafted(t, "", txtar.File{Name: "1.txt", Data: session("1", "")}, txtar.File{Name: "2.txt", Data: session("Active", w.String())}, r2)
	if len(d.Changes) != 2 || d.Changes[0].What != "port eth1 went down" || d.Changes[1].What != "BGP was shut down" {
		t.Errorf("changes %+v", d.Changes)
	}
	if !slices.ContainsFunc(d.Unknown, func(u string) bool { return strings.HasPrefix(u, "r1: the first 101 lines of cat /var/log/messages") }) {
		t.Errorf("not known %q", d.Unknown)
	}
}

// TestSince: since when a session is lost, by the router's own count, is told; what its log has after that is no cause
// that is claimed, and a session that was lost between two captures in which it is up is told.
func TestSince(t *testing.T) {
	capture := func(date, updown, state, log string) []byte {
		text := string(session(state, "root@r1:~# date\n"+date+"\n"))
		text = strings.Replace(text, "00:00:09", updown, 1)
		return []byte(text + "root@r1:~# cat /var/log/bgpd.log\n" + log + "root@r1:~# \n")
	}
	line := func(at string) string {
		return "2026/11/29 " + at + " BGP: [XDY58-Y3CWV] Enabled administrative shutdown on BGP instance AS 65001\n"
	}
	before := capture("Sun Nov 29 10:00:00 UTC 2026", "01:00:00", "1", "")
	for name, c := range map[string]struct{ updown, log, doubt, since string }{
		"done before it was lost":      {"00:10:00", line("10:49:58"), "", "2026-11-29 10:50:00"},
		"done after":                   {"00:10:00", line("10:55:00"), "at 2026-11-29 10:55:00: BGP with 10.0.0.2 was lost before that, at 2026-11-29 10:50:00", "2026-11-29 10:50:00"},
		"since days, in another form":  {"01w2d03h", line("10:49:58"), "was lost before that, at 2026-11-20 08:00:00", "2026-11-20 08:00:00"},
		"it never was up by its count": {"never", line("10:49:58"), "", ""},
		"a count that is none":         {"9999999d", line("10:49:58"), "", ""},
	} {
		d, _ := drafted(t, "", txtar.File{Name: "1.txt", Data: before}, txtar.File{Name: "2.txt", Data: capture("Sun Nov 29 11:00:00 UTC 2026", c.updown, "Active", c.log)}, other())
		if len(d.Broken) != 1 || len(d.Changes) != 1 || len(d.Hypotheses) == 0 {
			t.Fatalf("%s: broken %v, changes %v, %d hypotheses", name, d.Broken, d.Changes, len(d.Hypotheses))
		}
		since := ""
		if at := d.Broken[0].Since; !at.IsZero() {
			since = at.UTC().Format(time.DateTime)
		}
		reasons := strings.Join(d.Hypotheses[0].Reasons, "\n")
		if since != c.since || !strings.Contains(reasons, c.doubt) || d.Hypotheses[0].Guess != (c.doubt != "") {
			t.Errorf("%s: since %q, reasons %q, a guess: %t", name, since, reasons, d.Hypotheses[0].Guess)
		}
	}
	d, _ := drafted(t, "the session flaps", txtar.File{Name: "1.txt", Data: before}, txtar.File{Name: "2.txt", Data: capture("Sun Nov 29 11:00:00 UTC 2026", "00:00:20", "1", "")}, other())
	if !strings.Contains(strings.Join(d.Unknown, "\n"), "r1: BGP with 10.0.0.2 is up since about 2026-11-29 10:59:40 alone") {
		t.Errorf("not known: %q", d.Unknown)
	}
	for _, c := range []struct {
		taken, updown string
		lost          bool
	}{
		{"Sun Nov 29 11:00:00 UTC 2026", "02:00:00", false},
		{"Sun Nov 29 11:00:00 UTC 2026", "00:59:58", true},
		{"Sun Dec 06 13:30:00 UTC 2026", "01w0d03h", false}, // up to an hour more: 03:30 are the time between the captures
		{"Sun Dec 06 13:30:00 UTC 2026", "01w0d02h", true},
		{"Tue Dec 08 09:00:00 UTC 2026", "1w1d", false},
		{"Tue Dec 08 11:00:00 UTC 2026", "1w1d", true},
		{"Mon Nov 30 12:30:30 UTC 2026", "1d02h30m", false},
	} {
		d, _ = drafted(t, "the session flaps", txtar.File{Name: "1.txt", Data: before}, txtar.File{Name: "2.txt", Data: capture(c.taken, c.updown, "1", "")}, other())
		if lost := strings.Contains(strings.Join(d.Unknown, "\n"), "alone, by its own count"); lost != c.lost {
			t.Errorf("up for %s at %s: lost %t: %q", c.updown, c.taken, lost, d.Unknown)
		}
	}
}
