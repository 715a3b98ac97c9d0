package speaker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/bgp"
	"github.com/reprise-lab/reprise/drivers/tester/speaker/peer"
	"github.com/reprise-lab/reprise/drivers/tester/speaker/replay"
)

// orders is what a speaker can be told, in the order in which it is listed.
var orders = []struct { //nolint:gochecknoglobals // a table
	word string
	form string
	do   func(d *daemon, rest string) (any, error)
}{
	{"show neighbors", "", func(d *daemon, rest string) (any, error) { return d.neighbors(rest) }},
	{"show routes", "{from: 10.0.0.2, within: 10.0.0.0/8}", func(d *daemon, rest string) (any, error) { return d.routes(rest) }},
	{"show version", "", func(d *daemon, rest string) (any, error) { return d.version(rest) }},
	{"announce", "{from: 10.0.0.0/24, count: 100}", func(d *daemon, rest string) (any, error) { return d.announce(rest) }},
	{"withdraw", "{from: 10.0.0.0/24, count: 100}, or all", func(d *daemon, rest string) (any, error) { return d.withdraw(rest) }},
	{"replay", "{file: /etc/x.pcapng, port: eth1}, or stop", func(d *daemon, rest string) (any, error) { return d.replay(rest) }},
	{"emit", "{port: eth1, lldp: {port-id: eth1}}", func(d *daemon, rest string) (any, error) { return d.emit(rest) }},
	{"start", "{name: b1, port: eth1, bfd: {local: 10.0.0.1, remote: 10.0.0.2}}", func(d *daemon, rest string) (any, error) { return d.peers.Start([]byte(rest)) }},
	{"change", "{name: b1, bfd: {detect-mult: 0}}", func(d *daemon, rest string) (any, error) { return d.peers.Change([]byte(rest)) }},
	{"stop", "b1", func(d *daemon, rest string) (any, error) { return d.peers.Stop(rest) }},
	{"show sessions", "", func(d *daemon, rest string) (any, error) { return d.sessions(rest) }},
	{"show replays", "", func(d *daemon, rest string) (any, error) { return d.replays(rest) }},
	{"send", "{to: 10.0.0.2, type: 2, body: 00000000}", func(d *daemon, rest string) (any, error) { return d.send(rest) }},
	{"neighbor", "10.0.0.2 stop, start or drop", func(d *daemon, rest string) (any, error) { return d.neighbor(rest) }},
	{"reset", "", func(d *daemon, rest string) (any, error) { return d.reset(rest) }},
}

// obey does what a line says, and gives the answer as JSON.
func (d *daemon) obey(line string) (string, error) {
	line = strings.TrimSpace(line)
	for _, o := range orders {
		rest, ok := strings.CutPrefix(line, o.word)
		if !ok || rest != "" && rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		answer, err := o.do(d, strings.TrimSpace(rest))
		if err != nil {
			return "", fmt.Errorf("%s: %w", o.word, err)
		}
		text, err := json.MarshalIndent(answer, "", " ")
		return string(text), err
	}
	var known []string
	for _, o := range orders {
		known = append(known, strings.TrimSpace(o.word+" "+o.form))
	}
	return "", fmt.Errorf("there is no order %q: there are %s", line, strings.Join(known, "; "))
}

// done is the answer of an order that has nothing to tell.
type done struct {
	Done bool `json:"done"`
}

func (d *daemon) speaker() (*bgp.Speaker, error) {
	if d.bgp == nil {
		return nil, errors.New("the configuration of this node has no bgp")
	}
	return d.bgp, nil
}

func alone(rest string) error {
	if rest != "" {
		return fmt.Errorf("%q is too much", rest)
	}
	return nil
}

func (d *daemon) neighbors(rest string) (any, error) {
	if err := alone(rest); err != nil {
		return nil, err
	}
	s, err := d.speaker()
	if err != nil {
		return nil, err
	}
	return struct {
		Neighbors map[netip.Addr]bgp.NeighborState `json:"neighbors"`
	}{s.Neighbors()}, nil
}

func (d *daemon) routes(rest string) (any, error) {
	var q bgp.RouteQuery
	if err := strict([]byte(rest), &q); err != nil {
		return nil, err
	}
	s, err := d.speaker()
	if err != nil {
		return nil, err
	}
	return s.Routes(q)
}

func (d *daemon) version(rest string) (any, error) {
	return struct {
		Version string `json:"version"`
	}{Version()}, alone(rest)
}

func (d *daemon) announce(rest string) (any, error) {
	var a bgp.Announcement
	if err := strict([]byte(rest), &a); err != nil {
		return nil, err
	}
	s, err := d.speaker()
	if err != nil {
		return nil, err
	}
	return s.Announce(a)
}

func (d *daemon) withdraw(rest string) (any, error) {
	s, err := d.speaker()
	if err != nil {
		return nil, err
	}
	if rest == "all" {
		return s.WithdrawAll(), nil
	}
	var r bgp.Routes
	if err := strict([]byte(rest), &r); err != nil {
		return nil, err
	}
	return s.Withdraw(r)
}

func (d *daemon) send(rest string) (any, error) {
	var r bgp.Raw
	if err := strict([]byte(rest), &r); err != nil {
		return nil, err
	}
	s, err := d.speaker()
	if err != nil {
		return nil, err
	}
	return done{true}, s.Send(r)
}

func (d *daemon) neighbor(rest string) (any, error) {
	s, err := d.speaker()
	if err != nil {
		return nil, err
	}
	name, what, _ := strings.Cut(rest, " ")
	addr, err := netip.ParseAddr(name)
	if err != nil {
		return nil, fmt.Errorf("%q is no address", name)
	}
	return done{true}, s.Control(addr, strings.TrimSpace(what))
}

// replay begins a replay, which goes on by itself, or stops all.
func (d *daemon) replay(rest string) (any, error) {
	if rest == "stop" {
		return struct {
			Stopped int `json:"stopped"`
		}{d.player.Stop()}, nil
	}
	var o replay.Order
	if err := strict([]byte(rest), &o); err != nil {
		return nil, err
	}
	return d.player.Play(context.Background(), o)
}

func (d *daemon) emit(rest string) (any, error) {
	var e replay.Emit
	if err := strict([]byte(rest), &e); err != nil {
		return nil, err
	}
	return d.player.Emit(context.Background(), e)
}

func (d *daemon) replays(rest string) (any, error) {
	return struct {
		Replays []replay.State `json:"replays"`
	}{d.player.States()}, alone(rest)
}

func (d *daemon) sessions(rest string) (any, error) {
	return struct {
		Sessions map[string]peer.State `json:"sessions"`
	}{d.peers.States()}, alone(rest)
}

func (d *daemon) reset(rest string) (any, error) {
	if err := alone(rest); err != nil {
		return nil, err
	}
	d.player.Forget()
	if err := d.peers.Reset(d.said); err != nil {
		return nil, err
	}
	if d.bgp == nil {
		return done{true}, nil
	}
	return done{true}, d.bgp.Reset()
}
