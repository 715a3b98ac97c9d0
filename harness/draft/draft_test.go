package draft_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/reprise-lab/reprise/drivers/all"
	"github.com/reprise-lab/reprise/harness/draft"
	"github.com/reprise-lab/reprise/harness/infer"
	"github.com/reprise-lab/reprise/harness/intake"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies/origin"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	grammar  = sync.OnceValues(intake.NewGrammar)
	registry = sync.OnceValues(all.Registry)
)

// image has two versions of FRR, and one of BIRD and of Open vSwitch.
func image(platform, version string) (string, bool, bool) {
	if platform == "frr" && version == "10.3" {
		return "reprise/frr:10.3", true, true
	}
	at := map[string]string{"frr": "8.4.4", "bird": "2.0.12", "ovs": "3.1.0", "keepalived": "2.2.7"}[platform]
	return "reprise/" + platform + ":" + at, version == at, at != ""
}

func others(image string) []string {
	return map[string][]string{"reprise/frr:8.4.4": {"reprise/frr:10.3"}, "reprise/bird:2.0.12": {"reprise/bird:2.17.6"}, "reprise/keepalived:2.2.7": {"reprise/keepalived:2.3.3"}}[image]
}

// drafted makes a draft of the texts of files, and the network that it is for.
func drafted(tb testing.TB, sentence string, files ...txtar.File) (*draft.Draft, *infer.Network) {
	tb.Helper()
	g, err := grammar()
	if err != nil {
		tb.Fatal(err)
	}
	drivers, err := registry()
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	var names []string
	for _, f := range files {
		name := filepath.Join(dir, f.Name)
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			tb.Fatal(err)
		}
		names = append(names, name)
	}
	r, i := draft.New(draft.Options{Lacks: g.ConfigLacks, Image: image, Others: others, Template: drivers.Template, Commands: func(platform, class string) []string {
		if c, ok := drivers.Classed(platform); ok {
			return c.EvidenceFor(class)
		}
		return nil
	}}), infer.New(infer.Options{Template: drivers.Template, Image: image, Lacks: g.ConfigLacks})
	im, err := g.Files(names, intake.Options{Visit: func(p *intake.Part, c *intake.Command, text string) error {
		if err := r.Visit(p, c, text); err != nil {
			return err
		}
		return i.Visit(p, c, text)
	}})
	if err != nil {
		tb.Fatal(err)
	}
	n := i.Infer(im)
	return r.Draft(im, &n, sentence), &n
}

// archive is a failure of the corpus as a customer's terminals showed it: what the routers answered, trimmed.
func archive(tb testing.TB, name string) []txtar.File {
	tb.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return a.Files
}

// valid loads every scenario of a draft as run does, and fails where one is not valid.
func valid(t *testing.T, d *draft.Draft, n *infer.Network) {
	t.Helper()
	drivers, err := registry()
	if err != nil {
		t.Fatal(err)
	}
	same := func(_ string, text []byte) []byte { return text }
	lab, err := n.Files("lab", same)
	if err != nil {
		t.Fatal(err)
	}
	for i := range d.Hypotheses {
		h := &d.Hypotheses[i]
		files, err := h.Files(lab, same)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := origin.Write(dir, "a draft"); err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		l, err := scenarios.Load(dir, scenarios.Options{Platforms: drivers.Platforms(), Template: drivers.Template})
		if err != nil {
			t.Errorf("%s: %v", h.Name, err)
		} else if len(l.Warnings) > 0 {
			t.Errorf("%s: %v", h.Name, l.Warnings)
		} else if err := l.Permit(l.Topology); err != nil {
			t.Errorf("%s asks for more than a stranger's gets: %v", h.Name, err)
		}
	}
}

// TestCorpus: what routers answered before and after real failures becomes hypotheses, each a valid scenario.
func TestCorpus(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) < 9 {
		t.Fatalf("%v %v", names, err)
	}
	for _, path := range names {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		t.Run(name, func(t *testing.T) {
			d, n := drafted(t, "", archive(t, name+".txtar")...)
			valid(t, d, n)
			same := func(_ string, text []byte) []byte { return text }
			files, err := d.Hypotheses[0].Files(nil, same)
			if err != nil {
				t.Fatal(err)
			}
			got := d.Markdown() + "\n# The first of them\n\n" + string(files[0].Data)
			golden := strings.TrimSuffix(path, ".txtar") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// latest are the files of an archive from while it failed.
func latest(files []txtar.File) []txtar.File {
	return slices.DeleteFunc(slices.Clone(files), func(f txtar.File) bool { return strings.Contains(f.Name, "before") })
}

// TestNothingKnown: captures of one time, in which all is as it should be, are no failure: without a sentence it
// is said what to ask for, and with one the symptom is what that names.
func TestNothingKnown(t *testing.T) {
	all := archive(t, "frr-default-originate-slash1.txtar")
	healthy := slices.DeleteFunc(slices.Clone(all), func(f txtar.File) bool { return strings.Contains(f.Name, "after") })
	d, _ := drafted(t, "", healthy...)
	if len(d.Hypotheses) > 0 || len(d.Broken) > 0 || len(d.Ask) < 2 || len(d.Healthy) == 0 {
		t.Errorf("drafted %d of %v, asks %q", len(d.Hypotheses), d.Broken, d.Ask)
	}
	d, n := drafted(t, "Since Monday the BGP session of r2 is gone", healthy...)
	if len(d.Broken) != 1 || d.Broken[0].Node != "r2" || d.Broken[0].Kind != draft.BGP || len(d.Hypotheses) == 0 {
		t.Errorf("broken %v", d.Broken)
	}
	valid(t, d, n)
	if d, _ = drafted(t, "The telephones do not work", healthy...); len(d.Hypotheses) > 0 || len(d.Ask) == 0 {
		t.Errorf("drafted %d of a sentence that names nothing", len(d.Hypotheses))
	}
}

// TestSentence: a sentence is taken for a symptom where it says of one protocol, and in so many words, that it is lost.
func TestSentence(t *testing.T) {
	healthy := slices.DeleteFunc(archive(t, "frr-default-originate-slash1.txtar"), func(f txtar.File) bool { return strings.Contains(f.Name, "after") })
	for sentence, want := range map[string]draft.Kind{
		"BGP to r2 is down since the night":                                              draft.BGP,
		"bgp does not come up":                                                           draft.BGP,
		"BGP is not established any more":                                                draft.BGP,
		"The link is fine, but BGP with 10.0.0.2 is lost":                                draft.BGP,
		"On r2 the route 0.0.0.0/1 is missing":                                           draft.Prefix,
		"BGP is fine, but since Monday OSPF has the wrong cost and prefixes are missing": "",
		"BGP is fine, but OSPF has the wrong cost":                                       "",
		"BGP is up, but the telephones are down":                                         "",
		"BGP is not down":                                                                "",
		"BGP is slow":                                                                    "",
		"Nothing of BGP is lost":                                                         "",
		"BGP or OSPF is down":                                                            "",
	} {
		d, _ := drafted(t, sentence, healthy...)
		if want == "" {
			if len(d.Broken)+len(d.Hypotheses) > 0 || len(d.Ask) == 0 {
				t.Errorf("%s: broken %v", sentence, d.Broken)
			}
			continue
		}
		if len(d.Broken) == 0 || d.Broken[0].Kind != want || len(d.Hypotheses) == 0 || !d.Hypotheses[0].Said {
			t.Errorf("%s: broken %v, %+v", sentence, d.Broken, d.Hypotheses)
		}
	}
	d, _ := drafted(t, "BGP is down", archive(t, "frr-default-originate-slash1.txtar")...)
	if len(d.Hypotheses) == 0 || d.Hypotheses[0].Said {
		t.Errorf("what the files show is taken for a sentence's: %+v", d.Hypotheses)
	}
}

// TestNoTable: a table that did not come, or whose answer was refused, is no lost neighbour.
func TestNoTable(t *testing.T) {
	files := archive(t, "ospf-mtu-mismatch.txtar")
	for i, f := range files {
		if !strings.Contains(f.Name, "after") {
			continue
		}
		node, _, _ := strings.Cut(f.Name, "-")
		before, rest, ok := strings.Cut(string(f.Data), node+"# show ip ospf neighbor detail\n")
		if !ok {
			t.Fatalf("%s has no neighbours", f.Name)
		}
		_, after, _ := strings.Cut(rest, "root@")
		files[i].Data = []byte(before + node + "# show ip ospf neighbor detail\n% Unknown command: show ip ospf neighbor detail\nroot@" + after)
	}
	d, _ := drafted(t, "", files...)
	if len(d.Broken) > 0 || len(d.Hypotheses) > 0 {
		t.Errorf("broken: %v", d.Broken)
	}
}

// TestOneCapture: what is in a state that it should not stay in is broken without an earlier capture where the
// configuration asks for it, and what was merely not seen is not.
func TestOneCapture(t *testing.T) {
	d, n := drafted(t, "", latest(archive(t, "bird-role-no-capability.txtar"))...)
	if len(d.Broken) != 2 || d.Broken[0].Why == "" || len(d.Hypotheses) == 0 {
		t.Errorf("broken %v", d.Broken)
	}
	valid(t, d, n)
}

// TestPassing: an adjacency that one end saw in a state on the way to Full is lost, and not stuck in that state,
// where the other end did not list it: a symptom that waits for the state would never come.
func TestPassing(t *testing.T) {
	files := archive(t, "frr-ospf-md5-2106.txtar")
	for i, f := range files {
		if f.Name == "r2-2-after.txt" {
			head := "r2# show ip ospf neighbor detail\n"
			before, after, ok := strings.Cut(string(f.Data), head)
			if !ok {
				t.Fatal("no neighbours in " + f.Name)
			}
			files[i].Data = []byte(before + head + " Neighbor 1.1.1.1, interface address 10.0.0.1\n    In the area 0.0.0.0 via interface eth1\n    Neighbor priority is 1, State is ExStart/-, 3 state changes\n" + after)
		}
	}
	d, n := drafted(t, "", files...)
	if len(d.Broken) != 2 || d.Broken[1].Is != "ExStart" {
		t.Fatalf("broken %v", d.Broken)
	}
	lab, err := n.Files("lab", func(_ string, text []byte) []byte { return text })
	if err != nil {
		t.Fatal(err)
	}
	written, err := d.Hypotheses[0].Files(lab, func(_ string, text []byte) []byte { return text })
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(written[0].Data), "ExStart|") || !strings.Contains(string(written[0].Data), "r2 has lost OSPF with 10.0.0.1") {
		t.Errorf("%s", written[0].Data)
	}
}

// TestLoaded: another configuration of BIRD is loaded whole, beside the one that it starts from; a BIRD that birdc
// cannot reach any more died.
func TestLoaded(t *testing.T) {
	session := func(conf, protocols string) []byte {
		return []byte("root@d:~# cat /etc/bird/bird.conf\nrouter id 3.3.3.3;\nprotocol device {}\n" + conf + "root@d:~# birdc show status\nBIRD 2.0.12\nHostname is d\nroot@d:~# birdc show protocols all\n" + protocols + "root@d:~# \n")
	}
	const refused = "Unable to connect to server control socket (/run/bird/bird.ctl): Connection refused\n"
	d, n := drafted(t, "", txtar.File{Name: "1.txt", Data: session("", "device1    Device     ---        up     10:51:15.440\n")},
		txtar.File{Name: "2.txt", Data: session("filter none { reject; }\n", refused)})
	if len(d.Broken) != 1 || d.Broken[0].What != "bird" || d.Broken[0].Kind != draft.Crash || len(d.Changes) != 1 || len(d.Hypotheses) == 0 {
		t.Fatalf("broken %v, changes %v", d.Broken, d.Changes)
	}
	valid(t, d, n)
	lab, err := n.Files("lab", func(_ string, text []byte) []byte { return text })
	if err != nil {
		t.Fatal(err)
	}
	files, err := d.Hypotheses[0].Files(lab, func(_ string, text []byte) []byte { return text })
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(files, func(f infer.File) bool { return f.Name == "d-later.conf" })
	if i < 0 || !strings.Contains(string(files[i].Data), "filter none") {
		t.Errorf("%v", files)
	}
}

// TestUpgrade: where a router has another version in its latest capture, that is the first that is tried, with
// the earlier version for a control; of a version that there is no image of, it is said.
func TestUpgrade(t *testing.T) {
	upgraded := func(version string) []txtar.File {
		files := archive(t, "frr-default-originate-slash1.txtar")
		for i := range files {
			if files[i].Name == "r1-2-after.txt" {
				files[i].Data = []byte(strings.NewReplacer("FRRouting 8.4.4", "FRRouting "+version, "frr version 8.4.4", "frr version "+version).Replace(string(files[i].Data)))
			}
		}
		return files
	}
	d, n := drafted(t, "", upgraded("10.3")...)
	if len(d.Hypotheses) < 2 || d.Hypotheses[0].Name != "01-upgrade-r1" || d.Hypotheses[0].Control != "r1 with reprise/frr:8.4.4" {
		t.Fatalf("%+v", d.Hypotheses)
	}
	valid(t, d, n)
	d, _ = drafted(t, "", upgraded("9.0.2")...)
	if d.Hypotheses[0].Name == "01-upgrade-r1" || !slices.ContainsFunc(d.Unknown, func(u string) bool { return strings.Contains(u, "9.0.2") && strings.Contains(u, "no image") }) {
		t.Errorf("%+v, %q", d.Hypotheses, d.Unknown)
	}
}

// TestHostile: what a file says is never given to a shell, nor to an expression, as more than plain words.
func TestHostile(t *testing.T) {
	session := func(iface, mtu, peer, state, typed string) []byte {
		return []byte("r1# show version\nFRRouting 8.4.4 (r1).\nr1# show running-config\nfrr version 8.4.4\nhostname r1\ninterface eth1\n ip address 10.0.0.1/30\nend\n" +
			"root@r1:~# ip -d link show\n2: " + iface + "@if2: <UP,LOWER_UP> mtu " + mtu + " qdisc noqueue\n" + typed +
			"r1# show bgp summary\n" + peer + "        4      65002         4         5        0    0    0 00:00:09  " + state + "        0 N/A\n" +
			"10.0.0.2        4      65002         4         5        0    0    0 00:00:09  " + state + "        0 N/A\nr1# \n")
	}
	const bad, worse = "eth1;touch${IFS}/gone", `1"||true||"`
	d, n := drafted(t, "", txtar.File{Name: "1.txt", Data: session(bad, "1500", worse, "1", "root@r1:~# ip link set eth1 down; touch /gone\nroot@r1:~# ip link set eth1 up\n")},
		txtar.File{Name: "2.txt", Data: session(bad, "1400", worse, "Active", "")},
		txtar.File{Name: "3.txt", Data: []byte("r2# show version\nFRRouting 8.4.4 (r2).\nr2# show running-config\nfrr version 8.4.4\nhostname r2\ninterface eth1\n ip address 10.0.0.2/30\nend\nr2# \n")})
	if len(d.Hypotheses) == 0 || len(d.Changes) != 1 || d.Changes[0].What != "somebody typed ip link set eth1 up" {
		t.Errorf("%+v", d.Changes)
	}
	valid(t, d, n)
	for i := range d.Hypotheses {
		files, err := d.Hypotheses[i].Files(nil, func(_ string, text []byte) []byte { return text })
		if err != nil {
			t.Fatal(err)
		}
		if text := string(files[0].Data); strings.Contains(text, "touch") || strings.Contains(text, "true||") {
			t.Errorf("%s", text)
		}
	}
	if !slices.ContainsFunc(d.Unknown, func(u string) bool { return strings.Contains(u, "more than plain words") }) {
		t.Errorf("%q", d.Unknown)
	}
}

// TestElsewhere: a neighbour that no file is of is no condition: the lab never has it. That it is lost is told.
func TestElsewhere(t *testing.T) {
	session := func(provider, peer string) []byte {
		return []byte("r1# show version\nFRRouting 8.4.4 (r1).\nr1# show running-config\nfrr version 8.4.4\nhostname r1\ninterface eth1\n ip address 10.0.0.1/30\ninterface eth2\n ip address 203.0.113.1/30\nend\n" +
			"r1# show bgp summary\n203.0.113.2        4      64500         4         5        0    0    0 00:00:09  " + provider + "        0 N/A\n" +
			"10.0.0.2        4      65002         4         5        0    0    0 00:00:09  " + peer + "        0 N/A\nr1# \n")
	}
	other := txtar.File{Name: "3.txt", Data: []byte("r2# show version\nFRRouting 8.4.4 (r2).\nr2# show running-config\nfrr version 8.4.4\nhostname r2\ninterface eth1\n ip address 10.0.0.2/30\nend\nr2# \n")}
	d, n := drafted(t, "", txtar.File{Name: "1.txt", Data: session("7", "1")}, txtar.File{Name: "2.txt", Data: session("7", "Active")}, other)
	if len(d.Hypotheses) == 0 {
		t.Fatalf("%+v", d)
	}
	valid(t, d, n)
	files, err := d.Hypotheses[0].Files(nil, func(_ string, text []byte) []byte { return text })
	if err != nil {
		t.Fatal(err)
	}
	if text := string(files[0].Data); strings.Contains(text, "203.0.113.2") || !strings.Contains(text, "10.0.0.2") {
		t.Errorf("%s", text)
	}
	d, _ = drafted(t, "", txtar.File{Name: "1.txt", Data: session("7", "1")}, txtar.File{Name: "2.txt", Data: session("Active", "1")}, other)
	if len(d.Broken)+len(d.Hypotheses) > 0 || len(d.NotShown) != 1 || !strings.Contains(d.NotShown[0].What, "203.0.113.2") {
		t.Errorf("broken %v, not shown %v", d.Broken, d.NotShown)
	}
}

// TestNeverRan: a daemon that no capture has running did not die.
func TestNeverRan(t *testing.T) {
	d, _ := drafted(t, "", latest(archive(t, "frr-crash.txtar"))...)
	if len(d.Broken) == 0 || d.Broken[0].Is != "dead of signal 11" {
		t.Errorf("the log says that it died: %v", d.Broken)
	}
	files := latest(archive(t, "frr-crash.txtar"))
	for i := range files {
		files[i].Data = []byte(strings.ReplaceAll(string(files[i].Data), "Received signal", "Took note of signal"))
	}
	if d, _ = drafted(t, "", files...); slices.ContainsFunc(d.Broken, func(s draft.Sign) bool { return s.Kind == draft.Crash }) {
		t.Errorf("broken %v", d.Broken)
	}
}

// TestLikeness: each hypothesis says what in its lab is not the customer's.
func TestLikeness(t *testing.T) {
	d, n := drafted(t, "", pair("", "Active", "")...)
	if len(d.Hypotheses) == 0 || len(d.Hypotheses[0].Likeness) != 0 {
		t.Errorf("%+v", d.Hypotheses)
	}
	valid(t, d, n)
	files := pair("", "Active", "")
	for i := range files {
		if strings.HasPrefix(files[i].Name, "r2-") {
			files[i].Data = []byte(strings.ReplaceAll(string(files[i].Data), "8.4.4", "9.1"))
		}
	}
	d, _ = drafted(t, "", files...)
	for _, h := range d.Hypotheses {
		if len(h.Likeness) != 1 || h.Likeness[0] != "reprise/frr:8.4.4 stands for the frr 9.1 of r2" {
			t.Errorf("%s: %q", h.Name, h.Likeness)
		}
	}
}

// TestSameNames: a node called as another's later configuration would be has its own.
func TestSameNames(t *testing.T) {
	session := func(name, conf, protocols string) []byte {
		return []byte("root@" + name + ":~# cat /etc/bird/bird.conf\nrouter id 3.3.3.3;\nprotocol device {}\n" + conf + "root@" + name + ":~# birdc show status\nBIRD 2.0.12\nHostname is " + name + "\nroot@" + name + ":~# birdc show protocols all\n" + protocols + "root@" + name + ":~# \n")
	}
	const up = "device1    Device     ---        up     10:51:15.440\n"
	d, n := drafted(t, "", txtar.File{Name: "1.txt", Data: session("d", "", up)},
		txtar.File{Name: "2.txt", Data: session("d", "filter none { reject; }\n", "Unable to connect to server control socket (/run/bird/bird.ctl): Connection refused\n")},
		txtar.File{Name: "3.txt", Data: session("d-later", "filter other { accept; }\n", up)})
	if len(d.Hypotheses) == 0 {
		t.Fatalf("%+v", d)
	}
	same := func(_ string, text []byte) []byte { return text }
	lab, err := n.Files("lab", same)
	if err != nil {
		t.Fatal(err)
	}
	files, err := d.Hypotheses[0].Files(lab, same)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, f := range files {
		if _, twice := seen[f.Name]; twice {
			t.Errorf("%s is written twice", f.Name)
		}
		seen[f.Name] = string(f.Data)
	}
	if !strings.Contains(seen["d-later.conf"], "filter other") || !strings.Contains(seen["d-later-.conf"], "filter none") {
		t.Errorf("%v", seen)
	}
	valid(t, d, n)
}

// TestOldCrash: a daemon that answers in the end, and died before all was well, is not what fails; it is where it died
// since, or does not answer.
func TestOldCrash(t *testing.T) {
	const crash = "root@r1:~# cat /var/log/frr/bgpd.log\n%sBGP: Received signal 11 at %d (si_addr 0x6c, PC 0x7f625a712366); aborting...\n%s"
	const line = "2026/11/29 %s BGP: [N9HHH-F8H1M] something is done\n"
	const well = "root@r1:~# cat /var/log/frr/bgpd.log\n2026/11/29 10:00:00 BGP: [N9HHH-F8H1M] %ADJCHANGE: neighbor 10.0.0.2 in vrf default Up\n"
	for _, c := range []struct {
		name, log, state string // the log is of when all was well
		died             int
		crash            bool
		before, after    string // lines around it
	}{
		{"months ago", well, "Active", 1_780_000_000, false, "", ""},
		{"since", well, "Active", 1_795_946_700, true, "10:04:50", ""}, // 10:05 UTC
		{"since, by a clock of two hours more", strings.Replace(well, "10:00", "12:00", 1), "Active", 1_795_946_700, true, "12:04:50", ""},
		{"since, by the line after it", well, "Active", 1_795_946_700, true, "", "10:05:02"},
		{"before, by a clock of two hours less", well, "Active", 1_795_946_700, false, "08:04:50", ""},
		{"since, by no clock that is told", well, "Active", 1_795_946_700, false, "", ""},
		{"by a line that is too far from it", well, "Active", 1_795_946_700, false, "09:57:00", ""},
		{"since a time that is not told", "", "Active", 1_795_946_700, false, "10:04:50", ""},
		{"and does not answer", well, "", 1_780_000_000, true, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines := map[string]string{"": ""}
			for _, at := range []string{c.before, c.after} {
				if at != "" {
					lines[at] = fmt.Sprintf(line, at)
				}
			}
			files := pair("", c.state, fmt.Sprintf(crash, lines[c.before], c.died, lines[c.after]))
			for i, f := range files {
				if f.Name == "r1-1.txt" {
					files[i].Data = []byte(strings.TrimSuffix(string(f.Data), "r1# \n") + c.log + "r1# \n")
				}
				if f.Name == "r1-2.txt" && c.state == "" {
					before, after, _ := strings.Cut(string(f.Data), "show bgp summary\n")
					_, after, _ = strings.Cut(after, "\n")
					files[i].Data = []byte(before + "show bgp summary\nbgpd is not running\n" + after)
				}
			}
			d, _ := drafted(t, "", files...)
			if len(d.Broken) == 0 || (d.Broken[0].Kind == draft.Crash) != c.crash {
				t.Errorf("broken %v, %q", d.Broken, d.Unknown)
			}
			if said := strings.Contains(strings.Join(d.Unknown, "\n"), "bgpd died of signal 11 (r1-2.txt:"); said == c.crash {
				t.Errorf("%q", d.Unknown)
			}
		})
	}
}

// TestTyped: what was typed at the prompt of a router becomes the stimulus, in its order.
func TestTyped(t *testing.T) {
	files := archive(t, "frr-default-originate-slash1.txtar")
	typed := "r1# configure terminal\nr1(config)# router bgp 65001\nr1(config-router)# neighbor 10.0.0.2 shutdown\nr1(config-router)# end\nr1# show version\n"
	for i := range files {
		if files[i].Name == "r1-1-before.txt" {
			text := strings.TrimSuffix(string(files[i].Data), "root@r1:~# \n")
			files[i].Data = []byte(text + typed)
		}
	}
	d, n := drafted(t, "", files...)
	i := slices.IndexFunc(d.Changes, func(c draft.Change) bool {
		return strings.Contains(c.What, "typed router bgp 65001 / neighbor 10.0.0.2 shutdown")
	})
	if i < 0 {
		t.Errorf("changes %+v", d.Changes)
	}
	valid(t, d, n)
}

// TestTypedEnd: what is typed behind the end of configuring is no line of the configuration.
func TestTypedEnd(t *testing.T) {
	typed := "r1# configure terminal\nr1(config)# router bgp 65001\nr1(config-router)# neighbor 10.0.0.2 shutdown\nr1(config-router)# end\nr1# clear bgp 10.0.0.2\n"
	d, n := drafted(t, "", txtar.File{Name: "1.txt", Data: session("1", "")}, txtar.File{Name: "2.txt", Data: session("Active", typed)}, other())
	if len(d.Changes) != 2 || d.Changes[0].What != "somebody typed router bgp 65001 / neighbor 10.0.0.2 shutdown" || d.Changes[1].What != "somebody typed clear bgp 10.0.0.2" {
		t.Errorf("changes %+v", d.Changes)
	}
	valid(t, d, n)
}

// TestNoPort: the MTU, or the shutdown, of a port that the lab does not have is told, and no step.
func TestNoPort(t *testing.T) {
	links := func(mtu, flags string) string {
		return "root@r1:~# ip -d link show\n2: eth1@if2: <" + flags + "UP> mtu " + mtu + " qdisc noqueue\n3: eth9@if3: <" + flags + "> mtu " + mtu + " qdisc noqueue\n"
	}
	d, _ := drafted(t, "", txtar.File{Name: "1.txt", Data: session("1", links("1500", "UP,"))}, txtar.File{Name: "2.txt", Data: session("Active", links("1400", ""))}, other())
	if len(d.Changes) != 1 || !strings.Contains(d.Changes[0].What, "MTU of eth1") || !slices.ContainsFunc(d.Unknown, func(u string) bool { return strings.HasPrefix(u, "r1: eth9 was shut") }) {
		t.Errorf("changes %+v, not known %q", d.Changes, d.Unknown)
	}
}

// TestDamage: a capture that is cut anywhere, or whose lines are lost, is drafted of without a panic, and what
// is drafted is valid.
func TestDamage(t *testing.T) {
	rng := rand.New(rand.NewPCG(16, 1))
	for _, name := range []string{"ospf-mtu-mismatch.txtar", "frr-suppress-fib-network.txtar"} {
		files := archive(t, name)
		for range 12 {
			cut := slices.Clone(files)
			at := rng.IntN(len(cut))
			text := string(cut[at].Data)
			if rng.IntN(2) == 0 {
				text = text[:rng.IntN(len(text))]
			} else {
				lines := strings.SplitAfter(text, "\n")
				from := rng.IntN(len(lines))
				lines = slices.Delete(lines, from, min(len(lines), from+1+rng.IntN(30)))
				text = strings.Join(lines, "")
			}
			cut[at].Data = []byte(text)
			d, n := drafted(t, "", cut...)
			if len(d.Hypotheses) > 0 {
				valid(t, d, n)
			}
		}
	}
}

// TestOrder: captures whose parts tell their own time are put in order by it, and others as they are given.
func TestOrder(t *testing.T) {
	files := archive(t, "frr-default-originate-slash1.txtar")
	slices.Reverse(files)
	d, _ := drafted(t, "", files...)
	for _, s := range d.Broken {
		if strings.Contains(fmt.Sprint(s), "0.0.0.0/1") {
			t.Errorf("the later capture is taken for the healthy one, in spite of their order: %v", s)
		}
	}
	if !slices.ContainsFunc(d.Unknown, func(u string) bool { return strings.Contains(u, "in the order given") }) {
		t.Errorf("the order is not called into question: %q", d.Unknown)
	}
	bird := slices.DeleteFunc(archive(t, "frr-suppress-fib-network.txtar"), func(f txtar.File) bool { return !strings.HasPrefix(f.Name, "d-") })
	slices.Reverse(bird)
	if d, _ = drafted(t, "", bird...); len(d.Broken) > 0 || len(d.Unknown) > 0 {
		t.Errorf("the session that came up in the later capture is taken for lost: %v, %q", d.Broken, d.Unknown)
	}
}

// TestEarliestLab: the lab has the configuration of the capture that clocks call the earliest, whatever the order of
// the files: the change is made in it.
func TestEarliestLab(t *testing.T) {
	later := strings.Replace(string(birdSession("11:00:00", "start ", "Idle", "")), "protocol device {}\n", "protocol device {}\nfilter later { reject; }\n", 1)
	d, n := drafted(t, "", txtar.File{Name: "1.txt", Data: []byte(later)}, txtar.File{Name: "2.txt", Data: birdSession("10:00:00", "up    ", "Established", "")}, other())
	if len(d.Changes) != 1 || !strings.HasSuffix(d.Changes[0].What, "filter later { reject; }") {
		t.Errorf("changes %+v", d.Changes)
	}
	if config := n.Of("r1").Config; config == "" || strings.Contains(config, "later") {
		t.Errorf("the lab begins with the later configuration:\n%s", config)
	}
}

// TestDifference: what makes one configuration the other is configured line by line, each in its stanza.
func TestDifference(t *testing.T) {
	for _, c := range []struct{ name, before, after, want string }{
		{"a line in a stanza", "router ospf\n", "router ospf\n default-metric 7\n", "router ospf / default-metric 7"},
		{"a new stanza", "", "interface eth2\n ip address 10.0.2.1/24\n ip ospf area 0\n", "interface eth2 / ip address 10.0.2.1/24 / ip ospf area 0"},
		{"a line by itself is gone", "ip route 10.9.0.0/16 blackhole\n", "", "no ip route 10.9.0.0/16 blackhole"},
		{"a stanza is gone", "router ospf\n redistribute static\n passive-interface lo\n", "", "no router ospf"},
		{"another value", "router bgp 1\n neighbor 10.0.0.2 timers 1 3\n", "router bgp 1\n neighbor 10.0.0.2 timers 1 9\n", "router bgp 1 / neighbor 10.0.0.2 timers 1 9"},
		{"out becomes in", "router bgp 1\n neighbor 10.0.0.2 route-map RM out\n", "router bgp 1\n neighbor 10.0.0.2 route-map RM in\n", "router bgp 1 / no neighbor 10.0.0.2 route-map RM out / router bgp 1 / neighbor 10.0.0.2 route-map RM in"},
		{"another entry of a list", "ip prefix-list P seq 5 permit 10.0.0.0/8\n", "ip prefix-list P seq 5 permit 11.0.0.0/8\n", "no ip prefix-list P seq 5 permit 10.0.0.0/8 / ip prefix-list P seq 5 permit 11.0.0.0/8"},
		{"an access list", "access-list A permit 10.0.0.0/8\n", "access-list A permit 11.0.0.0/8\n", "no access-list A permit 10.0.0.0/8 / access-list A permit 11.0.0.0/8"},
		{"a community list", "bgp community-list standard C permit 1:1\n", "bgp community-list standard C permit 1:2\n", "no bgp community-list standard C permit 1:1 / bgp community-list standard C permit 1:2"},
		{"another area address", "router isis 1\n net 49.0001.0000.0000.0001.00\n", "router isis 1\n net 49.0002.0000.0000.0001.00\n", "router isis 1 / no net 49.0001.0000.0000.0001.00 / router isis 1 / net 49.0002.0000.0000.0001.00"},
		{"another metric", "interface eth1\n ip ospf cost 10\n", "interface eth1\n ip ospf cost 20\n", "interface eth1 / ip ospf cost 20"},
		{"a no is gone", "router bgp 1\n no bgp ebgp-requires-policy\n", "router bgp 1\n", "router bgp 1 / bgp ebgp-requires-policy"},
		{
			"two families", "router bgp 1\n !\n address-family ipv4 unicast\n  network 10.1.0.0/16\n exit-address-family\n !\n address-family ipv6 unicast\n exit-address-family\n",
			"router bgp 1\n !\n address-family ipv4 unicast\n  network 10.2.0.0/16\n exit-address-family\n !\n address-family ipv6 unicast\n  redistribute static\n exit-address-family\n",
			"router bgp 1 / address-family ipv4 unicast / no network 10.1.0.0/16 / router bgp 1 / address-family ipv4 unicast / network 10.2.0.0/16 / router bgp 1 / address-family ipv6 unicast / redistribute static",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			session := func(config string) []byte {
				return []byte("r1# show version\nFRRouting 8.4.4 (r1).\nr1# show running-config\nfrr version 8.4.4\nhostname r1\n" + config + "end\nr1# \n")
			}
			d, _ := drafted(t, "", txtar.File{Name: "1.txt", Data: session(c.before)}, txtar.File{Name: "2.txt", Data: session(c.after)})
			if len(d.Changes) != 1 || !strings.HasSuffix(d.Changes[0].What, ": "+c.want) {
				t.Errorf("%+v", d.Changes)
			}
		})
	}
}

// TestManyConfigurations: of the configurations of a session the first and the last are held against each other.
func TestManyConfigurations(t *testing.T) {
	var w strings.Builder
	w.WriteString("r1# show version\nFRRouting 8.4.4 (r1).\n")
	for _, metric := range []int{10, 20, 30, 40} {
		fmt.Fprintf(&w, "r1# show running-config\nfrr version 8.4.4\nhostname r1\nrouter ospf\n default-metric %d\n redistribute static\nend\n", metric)
	}
	w.WriteString("r1# \n")
	d, _ := drafted(t, "", txtar.File{Name: "r1.txt", Data: []byte(w.String())})
	if len(d.Changes) != 1 || !strings.HasSuffix(d.Changes[0].What, ": router ospf / default-metric 40") || d.Changes[0].From != "r1.txt:25" {
		t.Errorf("%+v", d.Changes)
	}
}

// TestSubstitute: a neighbour of OSPF that a switch lost is looked for at the router that stands for it; a port
// that its aggregate lost is told, and no lab is said to show it.
func TestSubstitute(t *testing.T) {
	switchOf := func(state, member string) []byte {
		return fmt.Appendf(nil, `x1.1 # show switch
SysName:          x1
System Type:      X690-48x-2q-4c
x1.2 # show version
Image   : ExtremeXOS version 32.7.2.19 by release-manager
x1.3 # show configuration
#
# Module vlan configuration.
#
create vlan "lan"
configure vlan lan tag 10
configure vlan lan add ports 5 untagged
configure vlan lan ipaddress 10.0.0.1 255.255.255.0
#
# Module ospf configuration.
#
configure ospf routerid 10.1.1.1
configure ospf add vlan lan area 0.0.0.0
x1.4 # show ospf neighbor
Neighbor ID     Pri State             Up/Dead Time             Address         Interface
                                                                               BFD Session State
==========================================================================================
10.1.1.2        1   %-8s/DR       00:01:10:20/00:00:00:08  10.0.0.2        lan
                                                                               None
x1.5 # show sharing
Load Sharing Monitor
Config    Current    Agg       Ld Share    Ld Share  Agg   Link    Link Up
Master    Master     Control   Algorithm   Group     Mbr   State   Transitions
==============================================================================
     1      1        LACP      L2          1          Y      A        2
                               L2          2          %s      A        1
==============================================================================
Number of load sharing trunks: 1
x1.6 #
`, state, member)
	}
	router := []byte("f1# show version\nFRRouting 8.4.4 (f1).\nf1# show running-config\nfrr version 8.4.4\nhostname f1\ninterface eth1\n ip address 10.0.0.2/24\nrouter ospf\n network 10.0.0.0/24 area 0\nend\nf1# \n")
	d, n := drafted(t, "", txtar.File{Name: "x1-1.txt", Data: switchOf("FULL", "Y")}, txtar.File{Name: "f1.txt", Data: router}, txtar.File{Name: "x1-2.txt", Data: switchOf("EXSTART", "-")})
	if len(d.Broken) != 1 || d.Broken[0].What != "OSPF with 10.0.0.2" || d.Broken[0].Is != "EXSTART" || len(d.Hypotheses) == 0 {
		t.Fatalf("broken %v, %d hypotheses", d.Broken, len(d.Hypotheses))
	}
	if len(d.NotShown) != 1 || d.NotShown[0].What != "lag member 2 of 1" {
		t.Errorf("not shown: %v", d.NotShown)
	}
	valid(t, d, n)
	d, _ = drafted(t, "", txtar.File{Name: "x1-1.txt", Data: switchOf("FULL", "Y")}, txtar.File{Name: "f1.txt", Data: router}, txtar.File{Name: "x1-2.txt", Data: switchOf("FULL", "-")})
	if len(d.Hypotheses) > 0 || len(d.NotShown) != 1 || len(d.Ask) == 0 {
		t.Errorf("%d hypotheses of what no lab shows; not shown %v", len(d.Hypotheses), d.NotShown)
	}
	d, _ = drafted(t, "The LAG is flapping", txtar.File{Name: "x1-1.txt", Data: switchOf("FULL", "Y")})
	if !slices.ContainsFunc(d.Ask, func(a string) bool {
		return strings.HasPrefix(a, "of x1, while it fails: ") && strings.Contains(a, "show sharing")
	}) {
		t.Errorf("asks %q", d.Ask)
	}
}

// FuzzDraft: whatever two routers answer, drafting ends, and its scenarios can be written.
func FuzzDraft(f *testing.F) {
	commands := []string{
		"show running-config", "show bgp summary", "show bgp ipv4 unicast", "show ip ospf neighbor", "show ip ospf neighbor detail", "show ip ospf route",
		"show isis neighbor", "show ip route", "show interface", "ip -d link show", "show protocols all", "show route all", "cat /var/log/bgpd.log", "router bgp 1",
	}
	f.Add("r1 interface eth1\nrouter bgp 1\n neighbor 10.0.0.2 remote-as 2\n", "10.0.0.2 4 65002 1 1 0 0 0 never Active 0\n", byte(1))
	f.Add(" Neighbor 2.2.2.2, interface address 10.0.0.2\n    In the area 0.0.0.0 via interface eth1\n    Neighbor priority is 1, State is Full/-\n", "", byte(4))
	f.Add("r          BGP        ---        up     10:51:42.734  Established\n    Neighbor address: 10.0.0.2\n", "r BGP --- start 10:51:42.734 Idle\n", byte(10))
	f.Add("2026/11/29 10:47:54 BGP: [XDY58-Y3CWV] Enabled administrative shutdown on BGP instance AS 65001\n", "Interface eth1 is up\n  Link ups: 1 last: (never)\n  Link downs: 2 last: 2026/11/29 10:50:14.30\n", byte(12))
	f.Fuzz(func(t *testing.T, before, after string, which byte) {
		r := draft.New(draft.Options{Others: others})
		im := &intake.Import{}
		for i, text := range []string{before, after} {
			p := &intake.Part{Device: "r1", Kind: intake.Session}
			im.Files = append(im.Files, intake.File{Name: fmt.Sprint(i), Parts: []*intake.Part{p}})
			for _, command := range []string{commands[0], commands[int(which)%len(commands)]} {
				if err := r.Visit(p, &intake.Command{Command: command, Status: intake.Answered, Line: 1}, text); err != nil {
					t.Fatal(err)
				}
			}
		}
		n := &infer.Network{Nodes: []infer.Node{{Name: "r1", Platform: "frr", Image: "reprise/frr:8.4.4", Likeness: infer.Exact, BGP: []infer.Peer{{Address: "10.0.0.2", AS: "2"}}, Ports: map[string]string{"eth1": "eth1"}}}}
		d := r.Draft(im, n, "bgp is down")
		for i := range d.Hypotheses {
			if _, err := d.Hypotheses[i].Files(nil, func(_ string, text []byte) []byte { return text }); err != nil {
				t.Error(err)
			}
		}
		_ = d.Markdown()
	})
}

// The running configuration is not held against the one that a device starts from.
func TestStartIsNotRunning(t *testing.T) {
	const session = "r1# show version\nFRRouting 8.4.4 (r1) on Linux.\nr1# show running-config\nfrr version 8.4.4\nfrr defaults traditional\nhostname r1\nrouter ospf\nexit\nend\n" +
		"r1# cat /etc/frr/frr.conf\nhostname r1\nlog file /x\nrouter ospf\n ospf router-id 1.1.1.1\nexit\nr1# show ip ospf neighbor\nr1# \n"
	d, _ := drafted(t, "OSPF is lost", txtar.File{Name: "r1.txt", Data: []byte(session)})
	for _, h := range d.Hypotheses {
		if strings.Contains(fmt.Sprintf("%+v", h), "the configuration has") {
			t.Errorf("%+v", h)
		}
	}
	if text := fmt.Sprintf("%+v", d); strings.Contains(text, "the configuration has") {
		t.Errorf("%s", text)
	}
}
