package scenarios

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// FaultExpect says how often a fault has to act.
type FaultExpect struct {
	Fired *int `yaml:"fired" json:"fired,omitempty" jsonschema:"required" jsonschema_description:"Frames that it acts on, no more and no fewer."`
}

// Fires is how often the step's fault has to act; ok is false where it does not say.
func (s Step) Fires() (n uint64, ok bool) {
	if s.Expect == nil || s.Expect.Fired == nil {
		return 0, false
	}
	return uint64(max(*s.Expect.Fired, 0)), true
}

// onFrames says which faults take the keys that say which frames.
const onFrames = "drop and the other faults on frames"

// frameRow is a fault on the frames of a link, with what it takes beside what all of them do.
func frameRow(f Fault, keys ...string) faultRow {
	return faultRow{fault: f, onLink: true, counted: true, keys: append([]string{
		"for", "arm", "disarm", "direction", "match", "filter", "nth", "count", "every-nth", "probability", "seed", "transmission", "may-miss", "expect",
	}, keys...)}
}

// OnFrames says whether the fault acts on frames.
func (f Fault) OnFrames() bool { return topologies.FaultKind(f).OnFrames() }

// Defaults of faults on frames.
const (
	defaultXOR   = 0xff
	defaultQueue = 64 << 10
	defaultAfter = 1
)

// FrameFault is what a fault on frames does. Times are the lab's.
func (s FaultStep) FrameFault() topologies.FrameFault {
	f := topologies.FrameFault{
		Filter: s.Filter, Transmission: topologies.Transmission(s.Sent), Nth: s.Nth, Count: s.Count, Every: s.EveryNth, Seed: uint64(max(s.Seed, 0)),
		Delay: time.Duration(s.Delay), Jitter: time.Duration(s.Jitter), Unorder: s.Reorder, Offset: s.Offset, Size: s.Size, Rate: s.Rate,
	}
	switch {
	case s.EveryNth > 0:
		f.Nth = orElse(s.Nth, s.EveryNth)
	case s.Nth > 0:
		f.Count = orElse(s.Count, 1)
	}
	f.XOR, f.After, f.Queue = s.XOR, s.After, s.Queue
	if s.Fault == FaultCorrupt {
		f.XOR = orElse(s.XOR, defaultXOR)
	}
	if s.Fault == FaultReorder {
		f.After = orElse(s.After, defaultAfter)
	}
	if s.Fault == FaultRate {
		f.Queue = orElse(s.Queue, defaultQueue)
	}
	return f
}

func orElse(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// protocols lists what proto takes.
func protocols() []string {
	list := append(topologies.ProtocolNames(), topologies.MessageProtocols()...)
	slices.Sort(list)
	return slices.Compact(list)
}

// messages makes a match with a message's name plain. ok is false where it is none.
func (c *checker) messages(where string, m topologies.FrameMatch) (plain topologies.FrameMatch, ok bool) {
	known := topologies.MessageTypes(m.Proto)
	switch {
	case m.Type == "":
	case m.Proto == "":
		c.refuse(where+".type", "proto: ospf", "%q needs to know of which protocol", m.Type)
		return m, false
	case len(known) == 0:
		hint := yamlpos.Suggest(m.Proto, topologies.MessageProtocols())
		if hint == "" {
			hint = "those of " + strings.Join(topologies.MessageProtocols(), ", ")
		}
		c.refuse(where+".type", hint, "no messages of protocol %q are known by name", m.Proto)
		return m, false
	case !slices.Contains(known, topologies.MessageNamed(m.Proto, m.Type)):
		hint := yamlpos.Suggest(m.Type, known)
		if hint == "" {
			hint = "one of " + strings.Join(known, ", ")
		}
		c.refuse(where+".type", hint, "%s has no message %q", m.Proto, m.Type)
		return m, false
	}
	if m.LSA != "" && !c.named(where+".lsa", "LSA", m.LSA, slices.Sorted(maps.Keys(topologies.LSATypes()))) {
		return m, false
	}
	if m.Attribute != "" && !c.named(where+".attribute", "path attribute", m.Attribute, slices.Sorted(maps.Keys(topologies.PathAttributes()))) {
		return m, false
	}
	plain, _, err := m.Plain()
	switch {
	case err == nil:
	case m.LSA != "":
		c.refuse(where+".lsa", "proto: ospf, type: ls-update", "%v", err)
	case m.Attribute != "":
		c.refuse(where+".attribute", "proto: bgp, type: update", "%v", err)
	default:
		c.refuse(where, "leave out ethertype", "%v: no frame can match", err)
	}
	return plain, err == nil
}

// named refuses a word that is none of those that there are.
func (c *checker) named(where, what, word string, known []string) bool {
	if slices.Contains(known, word) {
		return true
	}
	hint := yamlpos.Suggest(word, known)
	if hint == "" {
		hint = "one of " + strings.Join(known, ", ")
	}
	c.refuse(where, hint, "there is no %s %q", what, word)
	return false
}

// Sent says which transmission of its message a frame has to be for a fault to act on it.
type Sent string

func (Sent) words() []string {
	var words []string
	for _, t := range topologies.Transmissions() {
		words = append(words, string(t))
	}
	return words
}

// DecodeYAML accepts the known words only.
func (s *Sent) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) { decodeWord(d, n, path, s) }

// JSONSchema lists the words.
func (s Sent) JSONSchema() *jsonschema.Schema { return enumSchema(s.words()) }

// numbers refuses those out of bounds.
func (s FaultStep) numbers(c *checker, where string) {
	for _, n := range []struct {
		key        string
		value      int64
		least, top int64
	}{
		{"nth", int64(s.Nth), 1, 1 << 40},
		{"count", int64(s.Count), 1, 1 << 40},
		{"every-nth", int64(s.EveryNth), 2, 1 << 40},
		{"offset", int64(s.Offset), 0, 9216},
		{"xor", int64(s.XOR), 1, 255},
		{"after", int64(s.After), 1, 1000},
		{"size", int64(s.Size), 14, 65535},
		{"rate", s.Rate, 1, 1 << 40},
		{"queue", int64(s.Queue), 64, 1 << 30},
		{"seed", s.Seed, 1, 1 << 53},
	} {
		if c.Has(where+"."+n.key) && (n.value < n.least || n.value > n.top) {
			c.refuse(where+"."+n.key, fmt.Sprintf("%d to %d", n.least, n.top), "%s of %d is not possible", n.key, n.value)
		}
	}
}

// checkOnFrames checks a fault on frames, its match aside.
func (s FaultStep) checkOnFrames(c *checker, where string) {
	s.numbers(c, where)
	if c.Has(where + ".filter") {
		c.filter(where+".filter", s.Filter)
	}
	for _, need := range []struct {
		of         Fault
		key, value string
		missing    bool
	}{
		{FaultDelay, "delay", "delay: 200ms", s.Delay == 0},
		{FaultTruncate, "size", "size: 60", s.Size == 0},
		{FaultMTU, "size", "size: 1300", s.Size == 0},
		{FaultRate, "rate", "rate: 1000000", s.Rate == 0},
		{FaultCorrupt, "offset", "offset: 40", !c.Has(where + ".offset")},
	} {
		if s.Fault == need.of && need.missing && !c.Has(where+"."+need.key) {
			c.Faultf(where, need.value, "%s needs %s", s.Fault, need.key)
		}
	}
	if s.Jitter > s.Delay {
		c.refuse(where+".jitter", "at most "+s.Delay.String(), "frames cannot arrive before they were sent: a jitter of %s is more than the delay of %s", s.Jitter, s.Delay)
	}
	if s.Fault == FaultReorder && s.Nth == 0 && s.EveryNth == 0 && s.Count == 0 && (s.Probability == 0 || s.Probability == 1) {
		c.refuse(where, "nth, count, every-nth or a probability below 1", "where every frame is to go after the next, none goes")
	}
	if c.Has(where+".seed") && (s.Probability == 0 || s.Probability == 1) && s.Jitter == 0 {
		c.refuse(where+".seed", "probability: 0.5", "nothing of this fault is left to chance")
	}
	s.checkExpect(c, where)
}

// checkExpect refuses what a fault can never come to.
func (s FaultStep) checkExpect(c *checker, where string) {
	if s.Expect == nil {
		return
	}
	switch n := s.Expect.Fired; {
	case n == nil:
		c.Faultf(where+".expect", "fired: 1", "expect needs to know how often")
	case *n < 0:
		c.refuse(where+".expect.fired", "0 and more", "a fault never fires %d times", *n)
	case s.MayMiss:
		c.refuse(where+".may-miss", "leave it out", "expect says already how often the fault acts")
	case s.atMost() > 0 && *n > s.atMost():
		c.refuse(where+".expect.fired", fmt.Sprintf("at most %d", s.atMost()), "the fault acts on %d frames at most: it never fires %d times", s.atMost(), *n)
	}
}

// atMost is how many frames the fault acts on at most; 0: nobody knows.
func (s FaultStep) atMost() int {
	n := s.FrameFault().Count
	if s.Direction == DirectionBoth {
		n *= 2
	}
	return n
}

// frameWords say which frames a fault acts on, and how, as the file does.
func (s FaultStep) frameWords() []string {
	words := matchWords(s.Match)
	if s.Filter != "" {
		words = append(words, fmt.Sprintf("filter %q", s.Filter))
	}
	if s.Sent != "" {
		words = append(words, "transmission "+string(s.Sent))
	}
	for _, n := range []struct {
		key   string
		value int64
	}{
		{"nth", int64(s.Nth)},
		{"count", int64(s.Count)},
		{"every-nth", int64(s.EveryNth)},
		{"offset", int64(s.Offset)},
		{"xor", int64(s.XOR)},
		{"after", int64(s.After)},
		{"size", int64(s.Size)},
		{"rate", s.Rate},
		{"queue", int64(s.Queue)},
	} {
		if n.value != 0 {
			words = append(words, fmt.Sprintf("%s %d", n.key, n.value))
		}
	}
	if s.Delay > 0 {
		words = append(words, "by "+s.Delay.String())
	}
	if s.Jitter > 0 {
		words = append(words, "jitter "+s.Jitter.String())
	}
	if s.Reorder {
		words = append(words, "out of order")
	}
	if s.Seed != 0 {
		words = append(words, fmt.Sprintf("seed %d", s.Seed))
	}
	return words
}
