package draft_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/harness/draft"
)

// badSequence is what the routers of the failure in 2106 logged, and only then.
const badSequence = "2106/02/07 06:28:52 OSPF: [QR85S-H564P][EC 134217740] interface eth1:10.0.0.1: ospf_check_md5 bad sequence 0 (expect -1), Router-ID: 2.2.2.2\n"

// demanded are the patterns of logs that a hypothesis's symptom asks for.
func demanded(t *testing.T, h draft.Hypothesis) (patterns []string) {
	t.Helper()
	for _, c := range parsed(t, h).Symptom {
		if c.Log != "" {
			patterns = append(patterns, c.Log)
		}
	}
	return patterns
}

// TestComplaints: a guess breaks the neighbour in its own way; where the routers logged errors that they had not logged
// before, it has to bring them about too, or it is another failure. What they logged before, what another daemon logs,
// and what another version may say in other words is not asked for.
func TestComplaints(t *testing.T) {
	files := archive(t, "frr-ospf-md5-2106.txtar")
	d, n := drafted(t, "", files...)
	valid(t, d, n)
	if len(d.Complaints) != 2 || d.Complaints[0].Times != 3 || !strings.Contains(d.Complaints[0].What, "bad sequence <N> (expect <N>)") {
		t.Errorf("complaints %+v", d.Complaints)
	}
	guesses := 0
	for i := range d.Hypotheses {
		h := &d.Hypotheses[i]
		patterns := demanded(t, *h)
		if h.Guess {
			guesses++
		}
		if len(patterns) != 1 {
			t.Errorf("%s asks for %q", h.Name, patterns)
			continue
		}
		re := regexp.MustCompile(patterns[0])
		other := strings.NewReplacer("eth1:10.0.0.1", "eth7:192.0.2.9", "sequence 0", "sequence 4294967290").Replace(badSequence)
		if !re.MatchString(badSequence) || !re.MatchString(other) || re.MatchString(strings.Replace(badSequence, "bad sequence", "bad digest", 1)) {
			t.Errorf("%s asks for %q", h.Name, patterns)
		}
	}
	if guesses < 4 {
		t.Errorf("%d guesses", guesses)
	}
	replaced := func(old, now string) func(name, text string) string {
		return func(_, text string) string { return strings.ReplaceAll(text, old, now) }
	}
	for name, alter := range map[string]func(name, text string) string{
		"before, too": func(name, text string) string {
			if strings.Contains(name, "before") {
				node, _, _ := strings.Cut(name, "-")
				return text + "root@" + node + ":~# cat /var/log/ospfd.log\n" + badSequence + "root@" + node + ":~# \n"
			}
			return text
		},
		"from the start": func(_, text string) string {
			return strings.Replace(text, "cat /var/log/ospfd.log\n", "cat /var/log/ospfd.log\n"+strings.Replace(badSequence, "06:28:52", "06:23:50", 1), 1)
		},
		"of another daemon":  replaced(" OSPF: [QR85S", " ZEBRA: [QR85S"),
		"no error":           replaced("[QR85S-H564P][EC 134217740]", "[QR85S-H564P]"),
		"of another version": replaced("FRRouting 8.4.4", "FRRouting 9.0.2"),
	} {
		altered := slices.Clone(files)
		for i := range altered {
			altered[i].Data = []byte(alter(altered[i].Name, string(altered[i].Data)))
		}
		d, n := drafted(t, "", altered...)
		valid(t, d, n)
		if len(d.Complaints) > 0 || len(d.Hypotheses) == 0 {
			t.Errorf("%s: complaints %+v", name, d.Complaints)
		}
		for i := range d.Hypotheses {
			if patterns := demanded(t, d.Hypotheses[i]); len(patterns) > 0 {
				t.Errorf("%s: %s asks for %q", name, d.Hypotheses[i].Name, patterns)
			}
		}
	}
}

// TestComplaintNames: names of ports and devices that have no number are values of a message as well: both ends then say
// the same, which has to be brought about once.
func TestComplaintNames(t *testing.T) {
	const rejected = "2026/11/29 11:20:40 BGP: [EC 33554455] 10.0.0.2(r2) rcvd UPDATE with errors in attr(s)!! Withdrawing route.\n"
	for name, c := range map[string]struct {
		archive, logged string // after the last line that the archive has of r1
		names           []string
		what            string
		complaints      int
		same, other     []string
	}{
		"a port": {
			archive: "frr-ospf-md5-2106.txtar", names: []string{"eth1", "uplink"}, what: "interface <IF>: ospf_check_md5 bad sequence <N> (expect <N>), Router-ID: <IP>", complaints: 2,
			same:  []string{badSequence, strings.Replace(badSequence, "eth1", "uplink", 1)},
			other: []string{strings.Replace(badSequence, "ospf_check_md5", "ospf_read", 1)},
		},
		"a device": {
			archive: "frr-bgp-no-shutdown.txtar", logged: rejected, names: []string{"r2", "CORE"}, what: "<IP>(<HOST>) rcvd UPDATE with errors in attr(s)!! Withdrawing route.", complaints: 1,
			same:  []string{rejected, strings.Replace(rejected, "(r2)", "(Unknown)", 1)},
			other: []string{strings.Replace(rejected, "UPDATE", "OPEN", 1)},
		},
		"a device that is called as a mask is": {
			archive: "frr-ospf-md5-2106.txtar", names: []string{"r2", "N"}, what: "interface <IF>: ospf_check_md5 bad sequence <N> (expect <N>), Router-ID: <IP>", complaints: 2,
			same:  []string{badSequence},
			other: []string{strings.Replace(badSequence, "expect", "want", 1)},
		},
	} {
		files := archive(t, c.archive)
		const last = "Disabled administrative shutdown on BGP instance AS 65001\n"
		names := strings.NewReplacer(c.names...)
		for i := range files {
			text := strings.Replace(string(files[i].Data), last, last+c.logged, 1)
			files[i].Name, files[i].Data = names.Replace(files[i].Name), []byte(names.Replace(text))
		}
		d, n := drafted(t, "", files...)
		valid(t, d, n)
		if len(d.Complaints) != c.complaints || slices.ContainsFunc(d.Complaints, func(x draft.Complaint) bool { return x.What != c.what }) {
			t.Errorf("%s: complaints %+v", name, d.Complaints)
		}
		asked := 0
		for i := range d.Hypotheses {
			patterns := demanded(t, d.Hypotheses[i])
			if len(patterns) == 0 { // it rests on a line of the files
				continue
			}
			asked++
			re := regexp.MustCompile(patterns[0])
			if len(patterns) != 1 || slices.ContainsFunc(c.same, func(l string) bool { return !re.MatchString(l) }) || slices.ContainsFunc(c.other, re.MatchString) {
				t.Errorf("%s: %s asks for %q", name, d.Hypotheses[i].Name, patterns)
			}
		}
		if asked == 0 {
			t.Errorf("%s: none of %d hypotheses asks for it", name, len(d.Hypotheses))
		}
	}
}

// written is what tests look at in a scenario.
type written struct {
	Baseline, Symptom []struct{ Node, Exec, Run, Expect, Log string }
	Stimulus          []struct{ Node, Exec, Hold string }
	Nodes             map[string]struct {
		Platform string
		Services []string
		Files    map[string]string
	}
}

// parsed is the scenario of a hypothesis.
func parsed(t *testing.T, h draft.Hypothesis) (w written) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(scenarioText(t, h)), &w); err != nil {
		t.Fatal(err)
	}
	return w
}
