package experiment

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture/frames"
)

// Bounds of the frames that are looked through for those that decided a cell.
const (
	maxDecisive = 5
	maxRecent   = 2000 // of a capture
)

// decisive are the frames that a trial which failed was decided by, as far as its captures tell: the last before
// the decision in which a side said that it does not take what the other sent, or else the last with which
// it ended a session, and what went before it of the same conversation; without one the last frames of
// control protocols before the decision, or of any. They are at most maxDecisive, in the order in
// which they went by.
//
// Where both ends of a link are captured, a frame is that which arrived.
func decisive(run evidence.Dir, p *plan.Plan, v evidence.TrialVerdict) ([]result.Decisive, error) {
	dir := run.Trial(v.Trial)
	record, err := dir.Read()
	if err != nil {
		return nil, err
	}
	until := decidedAt(record, v)
	var all []passing
	captured := map[string]bool{}
	for _, e := range record.Events {
		captured[e.Lane] = captured[e.Lane] || e.Kind == evidence.EventCollect && e.Capture != nil && e.Capture.File != ""
	}
	for _, e := range record.Events {
		if e.Kind != evidence.EventCollect || e.Capture == nil || e.Capture.File == "" {
			continue
		}
		found, err := passedBy(dir.File(filepath.FromSlash(e.Capture.File)), until, captured[otherEnd(p.Topology, e.Lane)])
		if err != nil {
			return nil, fmt.Errorf("look for what decided %s in %s: %w", run.ID(), e.Capture.File, err)
		}
		for i := range found {
			found[i].capture, found[i].at = filepath.ToSlash(filepath.Join("trials", filepath.Base(dir.Path), e.Capture.File)), e.Lane
		}
		all = append(all, found...)
	}
	slices.SortStableFunc(all, func(a, b passing) int { return a.time.Compare(b.time) })
	var out []result.Decisive
	for _, f := range chosen(all) {
		out = append(out, result.Decisive{Capture: f.capture, Frame: f.number, Words: f.words(), Complains: f.complains()})
	}
	return out, nil
}

// decidedAt is the moment at which what a trial failed by was decided: the condition that is to blame, or the
// death of a process. It is the end of the record where neither is told.
func decidedAt(record evidence.Record, v evidence.TrialVerdict) (at time.Time) {
	for _, e := range record.Events {
		if e.Kind == evidence.EventDeath && e.Ref == "" && v.Rule == judge.RuleOtherFailure {
			return e.Time
		}
	}
	ref := blamed(v)
	for _, e := range record.Events {
		if at = e.Time; e.Kind == evidence.EventDecided && e.Ref == ref {
			return at
		}
	}
	return at
}

// blamed is the condition that a trial failed by: one of the set-up, or else of what is expected, or of the
// symptom the last.
func blamed(v evidence.TrialVerdict) string {
	for _, list := range []string{"baseline[", "expect["} {
		var of []evidence.ConditionVerdict
		for _, c := range v.Conditions {
			if strings.HasPrefix(c.Ref, list) && c.Holds == evidence.False {
				of = append(of, c)
			}
		}
		if c, ok := judge.Blamed(of); ok {
			return c.Ref
		}
	}
	last := evidence.ConditionVerdict{}
	for _, c := range v.Conditions {
		if strings.HasPrefix(c.Ref, "symptom[") && c.At >= last.At {
			last = c
		}
	}
	return last.Ref
}

// otherEnd is the endpoint that a cable leads to; empty where none does.
func otherEnd(t topologies.Topology, endpoint string) string {
	for _, l := range t.Links {
		switch endpoint {
		case l.A.String():
			return l.B.String()
		case l.B.String():
			return l.A.String()
		}
	}
	return ""
}

// passing is a frame of a capture.
type passing struct {
	capture, at string
	number      int
	time        time.Time
	frames.Fields
	control bool
	data    []byte // of one that notifies
}

// words say what a frame is, and where it was seen.
func (f passing) words() string {
	words := f.Summary + " at " + f.at
	var said []string
	for _, field := range frames.Layout(f.data) {
		if strings.HasPrefix(field.Name, "Error ") {
			said = append(said, strings.ToLower(field.Name)+" "+field.Value)
		}
	}
	if len(said) > 0 {
		words += ": " + strings.Join(said, ", ")
	}
	return words
}

// notifies reports whether a frame says why its sender ends the session: a NOTIFICATION of BGP (RFC 4271, section 4.5).
func (f passing) notifies() bool { return f.Kind == "bgp" && f.Message == "notification" }

// complains reports whether a side refuses with a frame what the other one sent: a NOTIFICATION of an error in a
// message header, an OPEN, an UPDATE (RFC 4271, section 6), in the state machine (RFC 6608), or in a ROUTE-REFRESH (RFC 7313,
// section 5). That the hold timer expired, and Cease, say nothing of what was sent.
func (f passing) complains() bool {
	if !f.notifies() {
		return false
	}
	for _, field := range frames.Layout(f.data) {
		if field.Name == "Error code" {
			code, _, _ := strings.Cut(field.Value, " ")
			return slices.Contains([]string{"1", "2", "3", "5", "7"}, code)
		}
	}
	return false // it was cut off
}

// resets reports whether a frame ends a connection of BGP without a word. Where nobody listens yet, that is how a
// kernel answers: it tells something only of a connection that carried BGP before.
func (f passing) resets() bool {
	const bgpPort = 179
	return f.Kind == "tcp" && (f.SPort == bgpPort || f.DPort == bgpPort) && strings.Contains(f.Summary, "[R")
}

// connected reports whether two segments are of one connection, in either direction.
func (f passing) connected(g passing) bool {
	same := f.IPSrc == g.IPSrc && f.IPDst == g.IPDst && f.SPort == g.SPort && f.DPort == g.DPort
	return same || f.IPSrc == g.IPDst && f.IPDst == g.IPSrc && f.SPort == g.DPort && f.DPort == g.SPort
}

// passedBy are the last frames of a capture until a moment. arrived leaves out those that went away from the
// endpoint.
func passedBy(file string, until time.Time, arrived bool) ([]passing, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	var all []passing
	number := 0
	_, _ = frames.Read(f, func(one topologies.Frame) error {
		number++
		if one.At.After(until) || arrived && one.Way == topologies.WayOut {
			return nil
		}
		p := passing{number: number, time: one.At, Fields: frames.Decode(one.Data), control: isControl(one.Data)}
		if p.notifies() {
			p.data = bytes.Clone(one.Data)
		}
		if all = append(all, p); len(all) > 2*maxRecent {
			all = slices.Clone(all[maxRecent:])
		}
		return nil
	}) // of a file that is cut off, the frames that are whole
	return all, nil
}

// isControl reports whether a frame is one of a control protocol.
func isControl(data []byte) bool {
	return frames.Layout(data) != nil || slices.Contains([]string{"isis", "igmp", "pim", "dhcp", "dhcp6", "rip"}, frames.Decode(data).Kind)
}

// chosen are, of frames in the order of their time, those that are told.
func chosen(all []passing) []passing {
	last := func(is func(passing) bool) []passing {
		var out []passing
		for i := len(all) - 1; i >= 0 && len(out) < maxDecisive; i-- {
			if is(all[i]) {
				out = append(out, all[i])
			}
		}
		slices.Reverse(out)
		return out
	}
	for i, f := range slices.Backward(all) {
		if f.complains() {
			all = all[:i+1]
			return last(func(f passing) bool { return f.Kind == "bgp" })
		}
	}
	for i, f := range slices.Backward(all) {
		carried := func(g passing) bool { return g.Kind == "bgp" && g.connected(f) }
		if f.notifies() || f.resets() && slices.ContainsFunc(all[:i], carried) {
			all = all[:i+1]
			return last(func(g passing) bool { return g.Kind == "bgp" || g.Kind == "tcp" && g.connected(f) })
		}
	}
	if control := last(func(f passing) bool { return f.control }); len(control) > 0 {
		return control
	}
	return last(func(passing) bool { return true })
}
