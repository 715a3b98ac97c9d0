package draft

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/infer"
)

// notListed is how a capture has what it does not list.
const notListed = "not listed"

// inState has a sign ask for the state in which the latest capture has it, and not for its loss alone: a neighbour that
// is gone is another failure than one that is stuck, and one that is shut down another than one that does not answer.
// What a state passes into and out of by itself stays the loss, in which the state has to be seen once.
func (w *drafter) inState(s *Sign, n *infer.Node, r row) {
	quoted := inText(s.id)
	bird, listed := platform(n) == "bird", r.state != ""
	state := regexp.MustCompile(`\w[\w-]*(?: ?\(\w+\))?`).FindString(r.state)
	seen := ""
	switch {
	case s.look.Run+s.look.Exec == "": // it is asked for by reach, and is there or not
	case s.Kind == OSPF:
		s.stuck, seen = ospfState(quoted, state)
	case s.Kind == ISIS:
		iface, level, _ := strings.Cut(s.id, " level ")
		line := fmt.Sprintf(`text matches "(?m)\\s%s +%s +`, inText(iface), level)
		if seen = line + state + `\\b"`; !listed {
			seen = "not (" + line + `\\w")`
		}
		if strings.EqualFold(state, "initializing") {
			s.stuck = seen
		}
	case s.Kind == BGP && bird:
		seen = birdState(s.look.Run, r.state)
	case s.Kind == BGP:
		s.stuck, seen = bgpState(quoted, state)
	case s.Kind == VRRP && platform(n) == "frr" && !listed:
		s.stuck = `not (text contains "Virtual Router ID")`
	case s.Kind == VRRP && platform(n) == "frr":
		s.stuck = fmt.Sprintf(`text matches "(?i)Status \\(v4\\) +%s"`, state)
	case s.Kind == VRRP:
		s.stuck = otherRole(n.Platform, s.id)
	case s.Kind == LAG:
		_, port := w.bondOf(n, s.id)
		if seen = `text matches "(?m)\\b` + port + `: disabled"`; !listed {
			seen = `not (text matches "(?m)\\b` + port + `: ")`
		}
	case s.Kind == Prefix && !bird && listed:
		seen = `text matches "(?m)^[^*\\n]{0,5}\\b` + quoted + `\\s"`
	case s.Kind == Prefix && !bird:
		seen = `not (text matches "(?m)(?:^|[ =>*i])` + quoted + `\\s")`
	case s.Kind == Route && listed:
		seen = `text matches "(?m)^[ORIBE][^\\s>]* +` + quoted + `\\s"`
	case s.Kind == Route:
		seen = `not (text matches "(?m)^[ORIBE]\\S* +` + quoted + `\\s")`
	}
	if seen == "" || seen == s.stuck {
		return
	}
	c := s.look
	if s.Kind == BGP && !bird {
		c.Run = "show bgp summary"
	}
	c.Name, c.Expect = fmt.Sprintf("%s shows %s as %s", s.Node, s.What, s.Is), seen
	s.seen = &c
}

// inText is a text in a regular expression in a string of an expression.
func inText(s string) string { return strings.ReplaceAll(regexp.QuoteMeta(s), `\`, `\\`) }

// ospfState are expressions for a state of an adjacency (RFC 2328, 10.1): stuck for one in which it stays when it cannot
// go on, empty where it does not stay, and seen for the state itself. An adjacency that exchanges no descriptions
// goes from ExStart to Exchange and back.
func ospfState(address, state string) (stuck, seen string) {
	in := func(states string) string {
		return `text matches "(?mi)\\b(` + states + `)/.*\\s` + address + `\\s"`
	}
	switch state = strings.ToLower(state); state {
	case "", "down": // FRR does not list one that is down
		return "", `not (text matches "\\s` + address + `\\s") or ` + in("Down")
	case "exstart", "exchange":
		return in("ExStart|Exchange"), in(state)
	case "2way":
		state = "2-way"
	}
	return in(state), in(state)
}

// bgpState are such expressions for a session (RFC 4271, 8.2.2), in what FRR's summary lists. Without a connection of TCP
// it goes from Idle to Connect to Active by its timers; OpenSent and OpenConfirm have one. What is in brackets says
// why a session is Idle, and does not pass by itself.
func bgpState(address, state string) (stuck, seen string) {
	line := `text matches "(?mi)^` + address + `(?: +\\S+){8} +`
	if state == "" {
		return "", `not (text matches "(?m)^` + address + ` ")`
	}
	word, why, _ := strings.Cut(strings.TrimSuffix(strings.ReplaceAll(state, " ", ""), ")"), "(")
	seen = line + word + `(?: +[^ (]| *$)"`
	if why != "" {
		seen = line + word + ` ?\\(` + why + `\\)"`
	}
	return "", seen
}

// birdState is such an expression for a session of BIRD, of what it lists of a protocol: its state, and where it starts
// that of RFC 4271.
func birdState(command, state string) string {
	f := strings.Fields(state)
	name := inText(strings.TrimPrefix(command, "show protocols "))
	switch {
	case len(f) == 0:
		return `not (text matches "(?m)^` + name + ` +BGP ")`
	case len(f) > 1 && slices.Contains([]string{"Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Close"}, f[1]):
		return `text matches "(?m)^` + name + ` +BGP .* ` + f[0] + ` .* ` + f[1] + `\\b"`
	default:
		return `text matches "(?m)^` + name + ` +BGP +\\S+ +` + inText(f[0]) + `\\b"`
	}
}
