package scenarios

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture/filter"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// ProbeFrame is the kind of [FrameProbe].
const ProbeFrame ProbeKind = "frame"

// FrameProbe is the frames that pass an endpoint.
type FrameProbe struct{ Frame }

// Frame says which frames a condition looks at.
type Frame struct {
	At        string    `yaml:"at" json:"at" jsonschema:"required" jsonschema_description:"Where, as node:interface."`
	Filter    string    `yaml:"filter" json:"filter,omitempty" jsonschema_description:"Which frames, in tcpdump's syntax (pcap-filter(7)), such as \"icmp6 and ip6[40] == 134\"; default all."`
	Direction Direction `yaml:"direction" json:"direction,omitempty" jsonschema_description:"Seen from the endpoint: in, frames that arrive there; out, those it sends; both. Default both."`
	Since     Since     `yaml:"since" json:"since,omitempty" jsonschema_description:"From when on: stimulus, or baseline. Default stimulus; before it, since the baseline began."`
	Max       string    `yaml:"max" json:"max,omitempty" jsonschema_description:"Bound of the capture that is made for it, such as 500MB, beyond which nothing is known. Default 64MiB."`
}

// Since is the phase whose beginning frames count from.
type Since string

// Phases that frames count from.
const (
	SinceStimulus Since = "stimulus"
	SinceBaseline Since = "baseline"
)

func (Since) words() []string { return []string{"stimulus", "baseline"} }

// DecodeYAML accepts the known words only.
func (s *Since) DecodeYAML(doc *yamlpos.Doc, n *yaml.Node, path string) {
	decodeWord(doc, n, path, s)
}

// JSONSchema lists the words.
func (s Since) JSONSchema() *jsonschema.Schema { return enumSchema(s.words()) }

func frameProbe(c Condition) (Probe, bool) {
	if c.Frame == nil {
		return nil, false
	}
	return FrameProbe{*c.Frame}, true
}

// Kind implements Probe.
func (FrameProbe) Kind() ProbeKind { return ProbeFrame }

// Describe implements Probe.
func (p FrameProbe) Describe() string {
	words := []string{"frame:"}
	if p.Filter != "" {
		words = append(words, p.Filter)
	} else {
		words = append(words, "any")
	}
	words = append(words, "at", p.At)
	if p.Way() != "" {
		words = append(words, string(p.Direction))
	}
	if p.Since == SinceBaseline {
		words = append(words, "since the baseline")
	}
	return strings.Join(words, " ")
}

// Sight implements Probe.
func (p FrameProbe) Sight() Sight {
	return Sight{Anew: p.Since != SinceBaseline, Rows: true, Fields: &Fields{
		Rows: []string{
			"number", "time", "direction", "length", "src", "dst", "vlan", "ethertype", "ipsrc", "ipdst", "proto", "sport", "dport", "kind", "message", "summary", "layout",
		},
		JSON: []string{
			"count", "bytes", "rate", "first", "last", "gap", "silence", "newest", "frames", "at", "filter", "direction", "file", "earlier", "later",
			"began", "from", "until", "delivered", "stepped", "clock", "moved",
		},
		Values: map[string][]string{"direction": {"in", "out"}, "kind": slices.Sorted(maps.Keys(topologies.FrameKinds())), "message": topologies.FrameMessages()},
		Forms: map[string]func(string) (string, bool){
			"message": messageForm, "src": hardwareForm, "dst": hardwareForm, "ipsrc": addressForm, "ipdst": addressForm,
		},
	}}
}

// messageForm takes the messages that have no word; another may be that of a match.
func messageForm(word string) (hint string, is bool) {
	n, numbered := strings.CutPrefix(word, "type ")
	_, err := strconv.ParseUint(n, 10, 8)
	if told := topologies.FrameWord(word); told != word && slices.Contains(topologies.FrameMessages(), told) {
		hint = told
	}
	return hint, numbered && err == nil
}

// hardwareForm takes hardware addresses as frames tell them.
func hardwareForm(word string) (hint string, is bool) {
	if _, err := netip.ParseAddr(word); err == nil {
		return "ipsrc and ipdst are the addresses of IP", false
	}
	mac, err := net.ParseMAC(word)
	if err != nil || len(mac) != 6 {
		return "02:00:00:00:00:01", false
	}
	return mac.String(), mac.String() == word
}

// addressForm takes addresses of IP as frames tell them.
func addressForm(word string) (hint string, is bool) {
	bare, _, _ := strings.Cut(word, "/")
	bare, _, _ = strings.Cut(bare, "%")
	a, err := netip.ParseAddr(bare)
	if err != nil {
		return "10.0.0.1 or 2001:db8::1", false
	}
	return a.String(), a.String() == word
}

// Capture is what must be captured for it. It never hides a frame that the condition asks for.
func (p FrameProbe) Capture() Capture {
	return Capture{Endpoint: p.At, Filter: p.Filter, Max: p.Max}
}

// Way is the direction, empty for both.
func (p FrameProbe) Way() Direction {
	if p.Direction == DirectionBoth {
		return ""
	}
	return p.Direction
}

func (p FrameProbe) check(c *checker, where string, cond Condition) {
	where += ".frame"
	if p.At == "" {
		c.Faultf(where, `at: "r1:eth1"`, "the probe needs to know at which endpoint to look")
		return
	}
	c.endpoint(where+".at", p.At)
	if node := p.Capture().At().Node; cond.Node != node {
		c.Faultf(where+".at", "leave node out", "the endpoint is of %s, and the condition looks at %s", node, cond.Node)
	}
	c.filter(where+".filter", p.Filter)
	c.captureMax(where+".max", p.Max)
}

// filter checks one in tcpdump's syntax.
func (c *checker) filter(where, text string) {
	f, err := filter.Compile(text)
	if err == nil {
		if f.Never() {
			c.refuse(where, "or in place of and", "no frame can match: the parts of the filter exclude each other")
		}
		return
	}
	msg, hint := err.Error(), ""
	if e, ok := errors.AsType[*filter.Error](err); ok {
		msg, hint = fmt.Sprintf("column %d of the filter: %s", e.Column, e.Msg), e.Hint
	}
	c.Faultf(where, hint, "%s", msg)
}

// captureMax checks the bound of a capture.
func (c *checker) captureMax(where, text string) {
	n, err := topologies.ParseBytes(text)
	switch {
	case err != nil:
		c.Faultf(where, "100MB", "%v", err)
	case text != "" && (n < minCapture || n > maxCapture):
		c.Faultf(where, "1MiB to 4GiB", "a capture of %d bytes is not possible", n)
	}
}

// Captures are all that a trial captures: what the scenario keeps as evidence, then what its conditions
// over frames need beside that. A condition shares the capture of its endpoint that has its filter, and
// has one of its own where there is none: what another filter keeps is not what it asks for.
func (s *Scenario) Captures() []Capture {
	list := append([]Capture(nil), s.Evidence.Captures...)
	for _, cond := range s.conditions() {
		if cond.Frame != nil {
			list = withCapture(list, FrameProbe{*cond.Frame}.Capture())
		}
	}
	return list
}

// withCapture adds a capture to those that there are, or makes the same one as large as both need.
func withCapture(list []Capture, one Capture) []Capture {
	for i := range list {
		if list[i].Endpoint == one.Endpoint && list[i].Filter == one.Filter {
			if one.MaxBytes() > list[i].MaxBytes() {
				list[i].Max = one.Max
			}
			return list
		}
	}
	return append(list, one)
}

// conditions are all of the scenario's, wherever they stand.
func (s *Scenario) conditions() []*Condition {
	var all []*Condition
	add := func(list []Condition) {
		for i := range list {
			all = append(all, &list[i])
		}
	}
	var wait func(list []Step)
	wait = func(list []Step) {
		for _, s := range list {
			for _, cond := range []*Condition{s.WaitFor, s.Arm, s.Disarm} {
				if cond != nil {
					all = append(all, cond)
				}
			}
			wait(s.Members())
		}
	}
	add(s.Baseline)
	wait(s.Stimulus)
	add(s.Symptom)
	add(s.Expect)
	if s.Workaround != nil {
		wait(s.Workaround.Steps)
		add(s.Workaround.Expect)
	}
	return all
}

// settleFrames gives conditions over frames the node of their endpoint, which need not be written.
func (s *Scenario) settleFrames() {
	for _, cond := range s.conditions() {
		if cond.Frame != nil && cond.Node == "" {
			cond.Node = Capture{Endpoint: cond.Frame.At}.At().Node
		}
	}
}
