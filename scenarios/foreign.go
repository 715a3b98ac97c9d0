package scenarios

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/origin"
)

// A scenario that came out of somebody else's bundle is foreign: see [origin]. What it may
// ask for is listed here. Whatever is not on the list, a key that nobody thought of among
// it, has to be allowed by name.

// Foreign says where a foreign scenario comes from, and what was allowed to it.
type Foreign struct {
	Bundle  string   // digest of the bundle's evidence
	Trusted []string // tokens, as --trust takes them

	names []name   // of this machine's environment, in the order of the file
	keys  []string // of the topology, which have no effect here
}

// name is a variable of the machine that a topology file wants.
type name struct {
	name     string
	optional bool // the file has a default
}

// Ask is one thing that a foreign scenario asks for beyond the list.
type Ask struct {
	Token string `json:"token"` // what allows it: binds.r1, env.HOME, machines.r1 …
	What  string `json:"what"`  // for people
}

// ForeignError says what a foreign scenario asks for and was not allowed.
type ForeignError struct {
	File   string
	Bundle string
	Asks   []Ask
}

func (e *ForeignError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s came out of a bundle (%.12s), and asks for what a foreign scenario gets by name only:\n", e.File, e.Bundle)
	width := 0
	for _, a := range e.Asks {
		width = max(width, len(a.Token))
	}
	var tokens []string
	for _, a := range e.Asks {
		fmt.Fprintf(&b, "  %-*s  %s\n", width, a.Token, a.What)
		if !slices.Contains(tokens, a.Token) {
			tokens = append(tokens, a.Token)
		}
	}
	fmt.Fprintf(&b, "nothing was started. Where you have looked at each of them and want it, name it: --trust %s", strings.Join(tokens, ","))
	return b.String()
}

// Trusts says whether a token was allowed: by its own name or by that of its kind, binds
// for binds.r1. Variables of the environment are allowed one by one.
func (f *Foreign) Trusts(token string) bool {
	return slices.ContainsFunc(f.Trusted, func(t string) bool {
		return t == token || t != "env" && strings.HasPrefix(token, t+".")
	})
}

// may is topologies.Environ.Ask.
func (f *Foreign) may(variable string, optional bool) bool {
	i := slices.IndexFunc(f.names, func(n name) bool { return n.name == variable })
	if i < 0 {
		f.names = append(f.names, name{variable, optional})
	} else {
		f.names[i].optional = f.names[i].optional && optional
	}
	return f.Trusts("env." + variable)
}

// Withheld are the variables that have a default and were not expanded.
func (f *Foreign) Withheld() []string {
	var list []string
	for _, n := range f.names {
		if n.optional && !f.Trusts("env."+n.name) {
			list = append(list, n.name)
		}
	}
	return list
}

// foreignOf finds out whether a scenario file, or a file that it is made of, is foreign.
func foreignOf(file string, trusted []string) (*Foreign, error) {
	mark, ok, err := origin.Find(file)
	if err != nil || !ok {
		return nil, err
	}
	return &Foreign{Bundle: mark.Bundle, Trusted: trusted}, nil
}

// Inherit marks a folder that a scenario is written into, where that is foreign.
func (l *Loaded) Inherit(dir string) error {
	if l.Foreign == nil {
		return nil
	}
	return origin.Write(dir, l.Foreign.Bundle)
}

// Permit says what a foreign scenario asks for and was not allowed, a [*ForeignError]; nil
// for one's own. t is the topology that would be built, overrides applied.
func (l *Loaded) Permit(t topologies.Topology) error {
	return l.refuse(l.Asks(t))
}

// refuse is the error of what is asked for and was not allowed; nil where all of it was.
func (l *Loaded) refuse(list []Ask) error {
	var asks []Ask
	for _, a := range list {
		if !l.Foreign.Trusts(a.Token) {
			asks = append(asks, a)
		}
	}
	if len(asks) == 0 {
		return nil
	}
	return &ForeignError{File: l.File, Bundle: l.Foreign.Bundle, Asks: asks}
}

// PermitEngine is Permit for who builds the lab in a container engine: who may use that is root of
// the machine, and so is whatever finds a way out of a node. why says what stands in the way of
// labs without it; it is empty where nobody asked for those.
func (l *Loaded) PermitEngine(why string) error {
	if l.Foreign == nil {
		return nil
	}
	ask := AskEngine()
	what := ask.What
	if why == "" {
		what += "; a lab of namespaces asks for nothing (--provider namespaces)"
	} else {
		what += ", since a lab of namespaces cannot be built here: " + strings.ReplaceAll(why, "\n", "; ")
	}
	return l.refuse([]Ask{{Token: ask.Token, What: what}})
}

// AskEngine is what a foreign scenario asks for whose lab is built in a container engine.
func AskEngine() Ask {
	return Ask{Token: "engine", What: "its nodes run in the container engine, which is root's"}
}

// PermitRead is Permit for who only looks at the topology: it says which variables of this
// machine's environment are wanted, as they would be seen in what comes out.
func (l *Loaded) PermitRead() error {
	if l.Foreign == nil {
		return nil
	}
	a := &asking{dir: l.Dir}
	a.environment(l.Foreign)
	return l.refuse(a.list)
}

// Asks lists what a foreign scenario asks for beyond what every scenario may have, whether
// it was allowed or not; none for one's own.
func (l *Loaded) Asks(t topologies.Topology) []Ask {
	if l.Foreign == nil {
		return nil
	}
	a := &asking{dir: l.Dir}
	a.environment(l.Foreign)
	for _, key := range l.Foreign.keys {
		if !slices.Contains(harmlessKeys(), key) {
			a.add("keys."+key, "the topology has the key %s", key)
		}
	}
	a.topology(t)
	a.scenario(&l.Scenario)
	if c := l.Scenario.Control; c != nil {
		if steps, err := l.StimulusWith(c.Set); err == nil { // it may take longer
			with := l.Scenario
			with.Stimulus = steps
			a.scenario(&with)
		}
	}
	return a.list
}

// PermitPart says what a topology asks for that somebody else sent and that was not allowed; trusted is as --trust takes it. It is
// [Loaded.Permit] where the topology is all that came.
func PermitPart(t topologies.Topology, trusted []string) error {
	a := &asking{}
	a.topology(t)
	allowed := &Foreign{Trusted: trusted}
	var errs []error
	for _, ask := range a.list {
		if !allowed.Trusts(ask.Token) {
			errs = append(errs, fmt.Errorf("%s: it was not told to trust others with that (reprise worker --trust %s)", ask.What, ask.Token))
		}
	}
	return errors.Join(errs...)
}

// asking collects what is asked for. Values are quoted: they are somebody else's words.
type asking struct {
	dir  string
	list []Ask
}

func (a *asking) add(token, format string, args ...any) {
	ask := Ask{Token: plainToken(token), What: fmt.Sprintf(format, args...)}
	if !slices.Contains(a.list, ask) {
		a.list = append(a.list, ask)
	}
}

func (a *asking) environment(f *Foreign) {
	for _, n := range f.names {
		if !n.optional {
			a.add("env."+n.name, "the topology wants the value of %s, which tells of this machine", n.name)
		}
	}
}

// plainToken keeps a token to what can be typed as one word.
func plainToken(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f && r != ',' && r != '\'' && r != '"' && r != '`' && r != '$' && r != '\\' && r != ';' && r != '|' && r != '&' && r != '<' && r != '>' && r != '(' && r != ')' {
			return r
		}
		return '_'
	}, s)
}

// Bounds of what a foreign scenario gets without being asked for.
const (
	foreignNodes   = 64
	foreignLinks   = 256
	foreignTrials  = 200
	foreignTrial   = time.Hour // of one trial
	foreignMemory  = 2 << 30   // of one node, in bytes
	foreignCPU     = 4         // of one node
	foreignMTU     = 65535
	foreignSysctls = 200
	foreignCapture = 1 << 30 // of all captures of a trial, in bytes
)

// harmlessKeys are keys of containerlab's nodes that have no effect here and would not
// reach this machine if they had.
func harmlessKeys() []string {
	return []string{
		"image-pull-policy", "position", "hostname", "startup-delay", "enforce-startup-config", "suppress-startup-config",
		"auto-remove", "restart-policy", "config", "mgmt-ipv6", "healthcheck", "aliases", "link-apply-mode", "shm-size",
		"prefix", "mgmt", "settings", "debug", "vars", "labels",
	}
}

// What a foreign scenario may write. One of this machine is not asked, and does not wait for them.
//
//nolint:gochecknoglobals // compiled once
var (
	plainWord = lazily(`^[A-Za-z0-9._-]{0,64}$`)
	imageName = lazily(`^[a-z0-9][a-z0-9._/:@-]{0,254}$`)
	ownSysctl = lazily(`^net\.(ipv[46]\.(ip_forward|conf\.[A-Za-z0-9_/-]+\.[a-z0-9_]+|neigh\.[A-Za-z0-9_/-]+\.[a-z0-9_]+|fib_[a-z_]+|fwmark_reflect|route\.[a-z_]+|tcp_[a-z_0-9]+|icmp_[a-z_]+|icmp\.[a-z_]+)|mpls\.(platform_labels|default_ttl|ip_ttl_propagate|conf\.[A-Za-z0-9_/-]+\.input))$`)
	number    = lazily(`^-?[0-9]{1,10}$`)
)

// lazily is a regular expression that is compiled when it is needed first.
func lazily(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// Labels that a node may have: those of shared segments, what a drafted one stands for, of network devices, and what
// narrows the choice of a device without naming one.
func foreignLabels() []string {
	return []string{
		topologies.LabelGroupForward, topologies.LabelBridgeName, "reprise-likeness", "reprise.nic", "reprise.platform", "reprise.model", "reprise.version",
		"reprise.capabilities", "reprise.speed", "reprise.kind",
	}
}

// guestPrefix is how the machines of this machine's own store are named.
const guestPrefix = "reprise/guest:"

func (a *asking) topology(t topologies.Topology) {
	if len(t.Nodes) > foreignNodes || len(t.Links) > foreignLinks {
		a.add("size", "the lab has %d nodes and %d links, more than %d and %d", len(t.Nodes), len(t.Links), foreignNodes, foreignLinks)
	}
	for _, l := range t.Links {
		if l.MTU < 0 || l.MTU > foreignMTU {
			a.add("size", "the link %q has an MTU of %d", l.A.String(), l.MTU)
		}
	}
	for _, n := range t.Nodes {
		a.node(n)
	}
}

// node goes through the fields of a node one by one. A field that has no case here is asked
// for by its name: it was added later, and nobody has said yet what a foreigner may have.
func (a *asking) node(n topologies.Node) {
	v := reflect.ValueOf(n)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			continue
		}
		a.field(n, v.Type().Field(i).Name)
	}
}

func (a *asking) field(n topologies.Node, field string) {
	switch field {
	// They act within the node; the start-up file is one beside the scenario. The engine, said
	// under runtime or not, is refused by who opens the provider (see PermitEngine).
	// A host that a lab is spread over is one of who spreads it, and a name that it has not is refused.
	case "Name", "StartupConfig", "Exec", "Cmd", "Entrypoint", "Runtime", "Placement":
	case "Kind":
		if !slices.Contains([]string{topologies.KindLinux, topologies.KindBridge, topologies.KindOVSBridge}, n.Kind) {
			a.add("machines."+n.Name, "%s is of kind %q", n.Name, n.Kind)
		}
	case "Type", "Group":
		if !plainWord().MatchString(n.Type) || !plainWord().MatchString(n.Group) {
			a.add("words."+n.Name, "%s has the type %q and the group %q", n.Name, n.Type, n.Group)
		}
	case "Image":
		a.image(n)
	case "Binds":
		for _, b := range n.Binds {
			a.add("binds."+n.Name, "%s binds %q", n.Name, b)
		}
	case "Env":
		for _, key := range sortedKeys(n.Env) {
			if strings.HasPrefix(strings.ToUpper(key), "REPRISE") {
				a.add("credentials."+n.Name, "%s is given %s=%q, by which this program finds users and passwords", n.Name, key, n.Env[key])
			}
		}
	case "Ports":
		for _, p := range n.Ports {
			a.add("ports."+n.Name, "%s publishes port %q", n.Name, p)
		}
	case "CapAdd":
		for _, c := range n.CapAdd {
			a.add("rights."+n.Name, "%s wants the right %q", n.Name, c)
		}
	case "Rights":
		for _, r := range n.Rights {
			a.add("rights."+n.Name, "%s wants the right %q", n.Name, r)
		}
	case "Sysctls":
		a.sysctls(n)
	case "User":
		if n.User != "root" && n.User != "0" {
			a.add("users."+n.Name, "%s runs as the user %q", n.Name, n.User)
		}
	case "Labels":
		for _, key := range sortedKeys(n.Labels) {
			switch {
			case slices.Contains(foreignLabels(), key):
			case key == topologies.LabelRights, key == topologies.LabelPlacement: // the node has them as a field
			case key == "reprise.device":
				a.add("devices."+n.Name, "%s wants the device %q of this lab", n.Name, n.Labels[key])
			case strings.HasPrefix(key, "reprise."):
				a.add("machines."+n.Name, "%s has the label %s=%q", n.Name, key, n.Labels[key])
			default:
				a.add("labels."+n.Name, "%s has the label %q=%q", n.Name, key, n.Labels[key])
			}
		}
	case "Memory":
		if size, err := n.MemoryBytes(); err != nil || size > foreignMemory {
			a.add("size", "%s wants %q of memory", n.Name, n.Memory)
		}
	case "CPU":
		if !(n.CPU > 0 && n.CPU <= foreignCPU) { // and what is no number
			a.add("size", "%s wants %g processors", n.Name, n.CPU)
		}
	case "NetworkMode":
		if n.NetworkMode != "none" {
			a.add("networks."+n.Name, "%s uses the network %q", n.Name, n.NetworkMode)
		}
	case "MgmtIPv4":
		a.add("networks."+n.Name, "%s wants the address %q", n.Name, n.MgmtIPv4)
	default:
		a.add("fields."+n.Name, "%s has something under %s", n.Name, field)
	}
}

// image allows the name of an image of containers and of a guest of this machine's store.
// A disk is a path: its file is not looked at before it is run, and neither is what it is
// based on.
func (a *asking) image(n topologies.Node) {
	switch {
	case strings.HasSuffix(strings.ToLower(n.Image), ".qcow2") || filepath.IsAbs(n.Image) || strings.HasPrefix(n.Image, "."):
		a.add("disks."+n.Name, "%s runs the disk %q", n.Name, n.Image)
	case strings.HasPrefix(n.Image, guestPrefix) && plainWord().MatchString(strings.TrimPrefix(n.Image, guestPrefix)):
	case !imageName().MatchString(n.Image):
		a.add("images."+n.Name, "%s runs the image %q", n.Name, n.Image)
	case slices.Contains(strings.FieldsFunc(n.Image, func(r rune) bool { return strings.ContainsRune("/:@", r) }), "vrnetlab"):
		a.add("machines."+n.Name, "%s runs %q, a machine within a container: it gets devices of this machine and a network", n.Name, n.Image)
	}
}

func (a *asking) sysctls(n topologies.Node) {
	if len(n.Sysctls) > foreignSysctls {
		a.add("sysctls."+n.Name, "%s sets %d settings of the kernel", n.Name, len(n.Sysctls))
		return
	}
	for _, key := range sortedKeys(n.Sysctls) {
		if !ownSysctl().MatchString(key) || !number().MatchString(n.Sysctls[key]) {
			a.add("sysctls."+n.Name, "%s sets %q to %q", n.Name, key, n.Sysctls[key])
		}
	}
}

// scenario goes through what the scenario file says beside the topology. Conditions and
// steps act on nodes of the lab and are free, within a bound of time.
func (a *asking) scenario(s *Scenario) {
	a.keys("", *s, "reprise", "id", "title", "labels", "problem", "spec", "topology", "without-external-links", "nodes", "fidelity", "needs", "baseline", "stimulus", "symptom", "expect",
		"workaround", "control", "evidence", "traffic", "trials", "clock")
	for _, name := range sortedKeys(s.Nodes) {
		a.keys("nodes."+name+".", s.Nodes[name], "role", "platform", "image", "config", "files", "services", "clock", "placement") // and rights by name only
	}
	if s.Control != nil {
		a.keys("control.", *s.Control, "without", "set")
	}
	a.keys("evidence.", s.Evidence, "commands", "files", "classes", "tech-support", "captures")
	var kept int64
	for _, one := range s.Captures() {
		a.keys("evidence.captures.", one, "endpoint", "filter", "max")
		kept += one.MaxBytes()
	}
	if kept > foreignCapture {
		a.add("captures", "its captures may keep %d MB in each trial", kept>>20)
	}
	for _, name := range sortedKeys(s.Traffic) {
		a.keys("traffic.", s.Traffic[name], "from", "to", "dst", "src", "port", "rate", "size", "count", "dscp", "start")
	}
	a.keys("trials.", s.Trials, "count", "reset", "timeout")
	a.keys("clock.", s.Clock, "speed", "start")
	if s.Trials.Count > foreignTrials {
		a.add("trials", "it runs %d trials", s.Trials.Count)
	}
	if d := max(time.Duration(s.Trials.Timeout), s.Clock.Speed.Real(s.longest())); d > foreignTrial {
		a.add("time", "one trial may take %s", d)
	}
}

// longest is the longest time that the windows of a trial can take together.
func (s *Scenario) longest() time.Duration {
	var total time.Duration
	conditions := func(cs []Condition) {
		var longest time.Duration // those of a phase are watched side by side
		for _, c := range cs {
			longest = max(longest, c.Longest())
		}
		total += longest
	}
	conditions(s.Baseline)
	total += s.longestBefore()
	conditions(s.Shown())
	steps := s.Stimulus
	if s.Workaround != nil {
		conditions(s.Workaround.Expect)
		steps = append(slices.Clone(steps), s.Workaround.Steps...)
	}
	for _, step := range steps {
		total += step.Longest()
	}
	return total
}

// keys asks for each key of a part of the scenario that is used and not on the list.
func (a *asking) keys(where string, part any, known ...string) {
	v := reflect.ValueOf(part)
	for i := range v.NumField() {
		key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		if key == "" || v.Field(i).IsZero() || slices.Contains(known, key) {
			continue
		}
		a.add(where+key, "the scenario uses %s%s", where, key)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
