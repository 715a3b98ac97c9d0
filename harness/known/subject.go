package known

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// Subject is what known issues are matched with: a case, a run, or both.
type Subject struct {
	// Products are those that are told apart in what is said of it.
	Products *Products `json:"-"`

	Name     string `json:"name"`
	Product  string `json:"product,omitempty"`
	Version  string `json:"version,omitempty"`
	Scenario string `json:"scenario,omitempty"` // that shows the problem, for verify-fix
	Node     string `json:"node,omitempty"`     // the device under test, for verify-fix
	Image    string `json:"image,omitempty"`    // that it ran
	// Images that are at hand, or that can be built here: what is proposed is one of them.
	Images []string `json:"-"`
	// Features are found in configurations and given as classes of problem, with where.
	Features map[string]string `json:"features,omitempty"`
	// Mnemonics are names of log messages, with where they were seen.
	Mnemonics map[string]string `json:"mnemonics,omitempty"`
	// Functions are those that the signatures of crashes are made of, with where they were seen.
	Functions map[string]string `json:"functions,omitempty"`
	// Text is what people wrote: the first are the most telling.
	Text []Saying `json:"-"`
	// IDs that are named in the text: of issues, CVEs, pull requests.
	IDs   []string `json:"ids,omitempty"`
	Notes []string `json:"notes,omitempty"` // what could not be read
}

// Saying is a text and how much its words tell: 1 for the title, less for the rest.
type Saying struct {
	Where  string
	Text   string
	Weight float64
}

// Say adds a text.
func (s *Subject) Say(where, text string, weight float64) {
	if strings.TrimSpace(text) != "" {
		s.Text = append(s.Text, Saying{where, clip(text, 8<<10), weight})
		for _, id := range idsIn(text) {
			if !slices.Contains(s.IDs, id) {
				s.IDs = append(s.IDs, id)
			}
		}
	}
}

// Uses adds a feature, unless it is there.
func (s *Subject) Uses(feature, where string) {
	if s.Features == nil {
		s.Features = map[string]string{}
	}
	if f := featureName(feature); f != "" && !s.Products.names(f) && s.Features[f] == "" {
		s.Features[f] = where
	}
}

// AddCore takes in what the signature of a crash is made of: the functions in which a process ended. A
// place in a module is another one in each build, and tells nothing.
func (s *Subject) AddCore(where string, c evidence.Core) {
	_, places, _ := strings.Cut(c.Title, " in ")
	for place := range strings.SplitSeq(places, " | ") {
		if !function.MatchString(place) || s.Functions[place] != "" {
			continue
		}
		if s.Functions == nil {
			s.Functions = map[string]string{}
		}
		s.Functions[place] = where
	}
}

// function is the name of one, of two words at least: one word is a word of the language too.
var function = regexp.MustCompile(`^[A-Za-z]\w*_\w+$`)

// AddConfig looks for features in a configuration.
func (s *Subject) AddConfig(where, text string) {
	for f, line := range FeaturesIn(text) {
		s.Uses(f, where+": "+line)
	}
}

// AddLog looks for names of messages in a log.
func (s *Subject) AddLog(where, text string) {
	if s.Mnemonics == nil {
		s.Mnemonics = map[string]string{}
	}
	for _, m := range MnemonicsIn(text) {
		if s.Mnemonics[m] == "" {
			s.Mnemonics[m] = where
		}
	}
}

// Bounds on what is read of a run or a case: a match looks, it does not analyse.
const (
	MaxRead  = 2 << 20 // bytes of one file
	maxFiles = 200
	maxTrial = 3
)

// ReadBounded reads a regular file up to MaxRead bytes.
func ReadBounded(path string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", errors.New(filepath.Base(path) + " is no regular file")
	}
	f, err := plain.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // read only
	data, err := io.ReadAll(io.LimitReader(f, MaxRead))
	return strings.ToValidUTF8(string(data), "\uFFFD"), err
}

// AddRun takes in a run: what its scenario says, the configurations that it read, and the
// logs of its first trials. What is set already stays.
func (s *Subject) AddRun(dir string) error {
	d, info, err := evidence.OpenDir(dir)
	if err != nil {
		return err
	}
	s.AddInfo(info)
	files := 0
	add := func(root, where string, take func(where, text string)) {
		_ = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return nil //nolint:nilerr // a folder that is not there has nothing
			}
			if files++; files > maxFiles {
				return fs.SkipAll
			}
			rel, _ := filepath.Rel(d.Path, path)
			text, err := ReadBounded(path)
			if err != nil {
				s.Notes = append(s.Notes, where+" "+rel+": "+err.Error())
				return nil //nolint:nilerr // it is noted, and the rest is read
			}
			take(filepath.ToSlash(rel), text)
			return nil
		})
	}
	add(d.File("input"), "configuration", func(where, text string) {
		if !strings.HasSuffix(where, ".yaml") && !strings.HasSuffix(where, ".yml") && !strings.HasSuffix(where, ".md") {
			s.AddConfig(where, text)
		}
	})
	trials, err := d.Trials()
	if err != nil {
		return err
	}
	s.addFindings(d)
	for _, t := range trials[:min(len(trials), maxTrial)] {
		add(t.File("logs"), "log", s.AddLog)
	}
	s.addFailures(d, trials)
	s.addCores(d, trials)
	return nil
}

// addFindings takes in what the logs of all trials of a run say together: known bad signs, and the messages that failing
// trials have and clean ones have not, where there are enough of both to tell. A run without that says nothing by it.
func (s *Subject) addFindings(d evidence.Dir) {
	text, err := ReadBounded(d.File(evidence.LogFindingsFile))
	var found result.LogFindings
	if err == nil {
		err = json.Unmarshal([]byte(text), &found)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		s.Notes = append(s.Notes, evidence.LogFindingsFile+": "+err.Error())
		return
	}
	for _, c := range found.Checks {
		if c.Status == "fail" || c.Status == "warn" {
			s.Say("bad sign in the logs: "+c.Rule, c.Title, 0.6)
			s.AddLog(fmt.Sprintf("%s:%d", c.Example.File, c.Example.Line), c.Example.Text)
		}
	}
	if found.Diff == nil || !found.Diff.Enough {
		return
	}
	const most = 3
	for _, r := range found.Diff.Ranked[:min(len(found.Diff.Ranked), most)] {
		if r.Kind != "more" || r.Demoted {
			continue
		}
		s.addAlone(r.Template)
		for _, t := range r.Together[:min(len(r.Together), most)] {
			s.addAlone(t.Template)
		}
	}
}

// addAlone takes in a message, as a template with its name before it, that failing trials alone have.
func (s *Subject) addAlone(template string) {
	name, words, _ := strings.Cut(template, ": ")
	s.Say("message of failing trials alone", values.ReplaceAllString(words, " "), 0.6)
	s.AddLog(evidence.LogFindingsFile+", in failing trials alone", "["+name+"] "+template)
}

// values are what stands for them in a template of a log.
var values = regexp.MustCompile(`<[A-Z0-9*]+>`)

// addCores takes in what trials recorded of core files.
func (s *Subject) addCores(d evidence.Dir, trials []evidence.TrialDir) {
	for _, t := range trials[:min(len(trials), maxTrial)] {
		records, err := os.ReadDir(t.File("cores"))
		if err != nil {
			continue // there are none
		}
		for _, r := range records[:min(len(records), maxFiles)] {
			if filepath.Ext(r.Name()) != ".json" {
				continue
			}
			file := t.File("cores", r.Name())
			rel := filepath.ToSlash(strings.TrimPrefix(file, d.Path+string(filepath.Separator)))
			text, err := ReadBounded(file)
			var c evidence.Core
			if err == nil {
				err = json.Unmarshal([]byte(text), &c)
			}
			if err != nil {
				s.Notes = append(s.Notes, "core record "+rel+": "+err.Error())
				continue
			}
			s.AddCore(rel, c)
		}
	}
}

// addFailures says what failures of the run are called: those that a symptom asks about and
// those that none does, by each of their titles.
func (s *Subject) addFailures(d evidence.Dir, trials []evidence.TrialDir) {
	var met []evidence.Failure
	for _, t := range trials[:min(len(trials), maxTrial)] {
		r, err := t.Read()
		if err != nil {
			s.Notes = append(s.Notes, fmt.Sprintf("failures of trial %d of %s: %v", t.Number, d.ID(), err))
		}
		for _, e := range r.Events {
			if e.Kind == evidence.EventDeath && e.Failure != nil && e.Outcome != evidence.Doubtful { // the others have no name, or may be none
				met, _ = evidence.AddFailures(met, nil, []evidence.Failure{e.Failed()}, nil)
			}
		}
	}
	for _, f := range met {
		s.Say("failure of "+f.Node, f.Title, 1)
		for _, title := range f.Alt {
			s.Say("failure of "+f.Node, title, 0.5)
		}
	}
}

// AddInfo takes in what run.json says.
func (s *Subject) AddInfo(info evidence.RunInfo) {
	sc := info.Scenario
	given := s.Version != ""
	s.Name = cmp.Or(s.Name, info.ID)
	s.Scenario = cmp.Or(s.Scenario, sc.ID)
	if platform, rest, _ := strings.Cut(sc.Product, " "); s.Product == "" && platform != "" {
		s.Product = s.Products.Name(platform)
		words := strings.Fields(rest)
		if len(words) > 0 && s.Version == "" {
			s.Version = words[len(words)-1]
		}
	}
	s.addNodes(info.Nodes, given)
	s.sayProblem(Account{Title: sc.Title, What: sc.What, When: sc.When, How: sc.How, Expected: sc.Expected, Impact: sc.Impact})
	for _, l := range sc.Labels {
		s.Uses(l, "label of the scenario")
	}
	for _, st := range sc.Steps {
		s.Say("step "+st.Ref, st.Name+" "+st.Action, 0.5)
		s.AddConfig("step "+st.Ref, st.Action)
	}
	for _, c := range sc.Conditions {
		weight := 0.3
		if evidence.Watched(c.Ref) {
			weight = 0.7
		}
		s.Say(c.Ref, c.Name+" "+c.Expect, weight)
		if strings.HasPrefix(c.Probe, "log") {
			s.AddLog(c.Ref, c.Expect)
		}
	}
	for _, r := range sc.References {
		s.Say("reference", r, 0.3)
	}
}

// addNodes finds the device under test: the one of the product, or the first that is said
// to be it. The package that it ran knows its version better than the scenario does; the
// customer's version, when a case gives one, stays.
func (s *Subject) addNodes(nodes []evidence.NodeInfo, given bool) {
	var dut *evidence.NodeInfo
	for i := range nodes {
		n := &nodes[i]
		if n.Role == "dut" && (dut == nil || s.Products.Name(n.Platform) == s.Product && s.Products.Name(dut.Platform) != s.Product) {
			dut = n
		}
	}
	if dut == nil {
		return
	}
	s.Node, s.Image = cmp.Or(s.Node, dut.Name), cmp.Or(s.Image, dut.Image)
	if s.Product == "" || s.Product == "linux" {
		s.Product = s.Products.Name(dut.Platform)
	}
	for _, p := range slices.Sorted(maps.Keys(dut.Packages)) {
		if s.Products.Name(p) == s.Product && s.Products.vendor(s.Product) != "" {
			if v := dut.Packages[p]; v != s.Version {
				s.Notes = append(s.Notes, "in the lab node "+dut.Name+" ran package "+p+" "+v)
				if !given {
					s.Version = v
				}
			}
			break
		}
	}
}

// featureWords are the words of configurations that show a feature in use: EXOS, VOSS, FRR,
// BIRD, Open vSwitch, keepalived and lldpd. A line has to begin with them, after spaces, "no"
// left out: what is switched off is not in use.
var featureWords = []struct { //nolint:gochecknoglobals // a table that nothing changes
	feature string
	line    expression
}{
	{"ospf", express(`(?im)^\s*(?:enable ospf\b|configure ospf\b|router ospf6?\b|ip ospf\b|protocol ospf\b|ipv6 ospf6\b).*$`)},
	{"bgp", express(`(?im)^\s*(?:enable bgp\b|configure bgp\b|router bgp\b|protocol bgp\b).*$`)},
	{"isis", express(`(?im)^\s*(?:enable isis\b|configure isis\b|router isis\b|ip router isis\b|protocol isis\b|isis\b).*$`)},
	{"rip", express(`(?im)^\s*(?:enable rip\b|router rip(?:ng)?\b|protocol rip\b).*$`)},
	{"vrrp", express(`(?im)^\s*(?:create vrrp\b|configure vrrp\b|enable vrrp\b|vrrp\b|vrrp_instance\b|ip vrrp\b).*$`)},
	{"mlag", express(`(?im)^\s*(?:create mlag\b|enable mlag\b|configure mlag\b|virtual-ist\b|smlt\b).*$`)},
	{"lag", express(`(?im)^\s*(?:enable sharing\b|configure sharing\b|mlt \d+|lacp\b|vlacp\b|.*\badd-bond\b|.*\bbond_mode\b).*$`)},
	{"stp", express(`(?im)^\s*(?:create stpd\b|configure stpd\b|enable stpd\b|spanning-tree\b|.*\bstp_enable\b|.*\bstp-enable\b).*$`)},
	{"rstp", express(`(?im)^.*(?:\brstp[_-]enable\b|\bdot1w\b|spanning-tree rstp\b).*$`)},
	{"elrp", express(`(?im)^\s*(?:enable elrp\b|configure elrp\b).*$`)},
	{"eaps", express(`(?im)^\s*(?:create eaps\b|configure eaps\b|enable eaps\b).*$`)},
	{"esrp", express(`(?im)^\s*(?:create esrp\b|configure esrp\b|enable esrp\b).*$`)},
	{"slpp", express(`(?im)^\s*(?:slpp\b|enable slpp\b|configure slpp\b).*$`)},
	{"spb", express(`(?im)^\s*(?:spbm\b|i-sid\b|vlan i-sid\b|isis spbm\b).*$`)},
	{"fabric attach", express(`(?im)^\s*(?:fa\b|fa enable\b|configure fabric attach\b|enable fabric attach\b).*$`)},
	{"lldp", express(`(?im)^\s*(?:enable lldp\b|configure lldp\b|lldp\b).*$`)},
	{"poe", express(`(?im)^\s*(?:enable inline-power\b|configure inline-power\b|inline-power\b|poe\b).*$`)},
	{"ssh", express(`(?im)^\s*(?:enable ssh2?\b|configure ssh2?\b|ssh\b).*$`)},
	{"snmp", express(`(?im)^\s*(?:enable snmp\b|configure snmpv?3?\b|snmp-server\b).*$`)},
	{"mirroring", express(`(?im)^\s*(?:enable mirror\b|create mirror\b|configure mirror\b|mirror-by-port\b).*$`)},
	{"acl", express(`(?im)^\s*(?:configure access-list\b|create access-list\b|filter acl\b|access-list\b|ip prefix-list\b).*$`)},
	{"multicast", express(`(?im)^\s*(?:enable igmp\b|configure igmp\b|ip igmp\b|enable pim\b|ip pim\b).*$`)},
	{"meter", express(`(?im)^.*\b(?:add-meter|meter:\d+|meter=\d+)\b.*$`)},
	{"openflow", express(`(?im)^.*\b(?:ovs-ofctl|add-flow|packet-out)\b.*$`)},
	{"filter", express(`(?im)^\s*(?:filter\s+\w+|function\s+\w+\s*\().*$`)},
}

// FeaturesIn finds the features that a configuration uses, each with the line that shows it.
func FeaturesIn(text string) map[string]string {
	found := map[string]string{}
	for _, f := range featureWords {
		if line := f.line().FindString(text); line != "" {
			found[f.feature] = clip(squeeze(line), 80)
		}
	}
	return found
}

// featureName gives words that people use for a feature its name here.
func featureName(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	switch s {
	case "sharing", "load sharing", "lacp", "trunking", "mlt", "bond":
		return "lag"
	case "smlt", "vist", "virtual-ist", "mc-lag":
		return "mlag"
	case "is-is", "isis":
		return "isis"
	case "bgpd", "ospfd", "ospf6d", "isisd", "ripd", "bfdd", "pimd": // FRR's daemons
		return strings.TrimSuffix(strings.TrimSuffix(s, "d"), "6")
	case "802.1w":
		return "rstp"
	case "802.1d", "spanning tree":
		return "stp"
	case "spbm", "spb-m":
		return "spb"
	case "fa":
		return "fabric attach"
	case "fast", "interop", "intermittent", "crash", "vendor":
		return "" // of a scenario, and no feature
	}
	return s
}

//nolint:gochecknoglobals // each is compiled once
var (
	emsName  = express(`<(?:Crit|Erro|Error|Warn|Warning|Noti|Notice|Info|Critical)[a-z]*:([A-Za-z][\w]*(?:\.[A-Za-z]\w*)+)>`)
	vossCode = express(`\b0x[0-9a-f]{8}\b`)
	frrID    = express(`\[([0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5})\]`)
	emsBare  = express(`\b[A-Za-z]{2,12}\.[A-Z][A-Za-z]{2,24}\.[A-Z][A-Za-z]{2,40}\b|\b(?:ospf|ospfv3|bgp|isis|HAL|VLAN|STP|EDP|LACP|VRRP|ESRP|EAPS|Kern|DM|vsm|VSM|FDB)(?:\.[A-Za-z]\w{2,30}){1,3}\b`)
)

// MnemonicsIn finds the names of log messages: EXOS's component.condition, the codes of VOSS
// (0x00374589), the unique ids of FRR ([T5JFA-13199]).
func MnemonicsIn(text string) []string {
	var list []string
	add := func(m string) {
		if len(list) < 400 && !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	for _, m := range emsName().FindAllStringSubmatch(text, 5000) {
		add(m[1])
	}
	for _, m := range emsBare().FindAllString(text, 2000) {
		add(m)
	}
	for _, m := range vossCode().FindAllString(text, 2000) {
		add(m)
	}
	for _, m := range frrID().FindAllStringSubmatch(text, 2000) {
		add(m[1])
	}
	slices.Sort(list)
	return list
}
