package pooltest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/harnesstest"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// RoomsScenario is what searches cut: it needs two of its steps and one of its nodes.
const RoomsScenario = `
reprise: v1
id: rooms
title: The session goes down after a and b
topology: {nodes: {r1: {image: one}, r2: {image: other}, r3: {image: other}, r4: {image: other}}}
nodes: {r1: {role: dut, platform: room}, r2: {platform: room}, r3: {platform: room}, r4: {platform: room}}
baseline: [{name: up, node: r1, run: await, expect: 'text == "up"', eventually: 30s}]
stimulus: [{node: r1, run: c}, {node: r2, run: d}, {node: r1, run: a}, {node: r1, run: e}, {node: r3, run: f}, {node: r1, run: b}, {node: r4, run: g}, {node: r1, run: h}]
symptom: [{name: down, node: r1, run: show, expect: 'text == "down"', eventually: 100ms}]
control: {without: [stimulus.2]}
trials: {reset: redeploy}
`

// Rooms are labs in memory of which any number is up at once, each with a state of its own: its session is down once
// both a and b were run on r1.
type Rooms struct {
	Takes   time.Duration           // how long a trial takes
	Healthy func(image string) bool // the session of a lab whose first node has this image stays up; nil: of none

	provider *harnesstest.Provider
	mu       sync.Mutex
	most     int
	built    int
}

// NewRooms makes labs whose trials take so long.
func NewRooms(takes time.Duration) *Rooms {
	m := &Rooms{Takes: takes}
	m.provider = &harnesstest.Provider{ReserveFn: func(context.Context, topologies.Topology, topologies.Options) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.built++
		m.most = max(m.most, m.provider.Up()+1)
		return nil
	}}
	return m
}

// LoadRooms loads [RoomsScenario] with a reset between trials.
func LoadRooms(tb testing.TB, reset scenarios.Reset) *scenarios.Loaded {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(RoomsScenario, "reset: redeploy", "reset: "+string(reset), 1)), 0o600); err != nil {
		tb.Fatal(err)
	}
	l, err := scenarios.Load(file, scenarios.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// Up is the number of labs that are up.
func (m *Rooms) Up() int { return m.provider.Up() }

// Most is the number of labs that were up at once.
func (m *Rooms) Most() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.most
}

// Built is the number of labs that were built.
func (m *Rooms) Built() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.built
}

// Env is the environment of these labs.
func (m *Rooms) Env() trial.Environment {
	return trial.Environment{Provider: m.Provider(), Registry: m.Registry()}
}

// Registry knows the platform of the nodes.
func (m *Rooms) Registry() *drivers.Registry {
	r := &drivers.Registry{}
	if err := r.Register(m); err != nil {
		panic(err) // an empty registry takes any name
	}
	return r
}

// Provider builds the labs.
func (m *Rooms) Provider() topologies.Provider { return roomProvider{m.provider} }

// Platform is the name that scenarios use.
func (m *Rooms) Platform() string { return "room" }

// Open opens a session with a node of a lab that was just built.
func (m *Rooms) Open(ctx context.Context, t drivers.Target) (drivers.Driver, error) {
	breaks := true
	if host, ok := t.Host.(roomHost); ok && m.Healthy != nil {
		breaks = !m.Healthy(host.image)
	}
	var mu sync.Mutex
	ran := map[string]bool{}
	node := &harnesstest.Platform{Name: m.Platform(), RunCtxFn: func(ctx context.Context, _, line string) (drivers.Exchange, error) {
		if line == "await" {
			select {
			case <-time.After(m.Takes):
			case <-ctx.Done():
				return drivers.Exchange{Command: line}, context.Cause(ctx)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		ran[line] = true
		if breaks && ran["a"] && ran["b"] {
			return drivers.Exchange{Command: line, Output: "down"}, nil
		}
		return drivers.Exchange{Command: line, Output: "up"}, nil
	}}
	node.ResetFn = func(string) error {
		mu.Lock()
		defer mu.Unlock()
		clear(ran)
		return nil
	}
	return node.Open(ctx, t)
}

// room is a lab that knows the image of its first node.
type room struct {
	topologies.Reservation
	image string
}

type roomHost struct {
	drivers.Host
	image string
}

func (r room) Host(node string) (topologies.Host, error) {
	h, err := r.Reservation.Host(node)
	return roomHost{h, r.image}, err
}

type roomProvider struct{ *harnesstest.Provider }

func (p roomProvider) Reserve(ctx context.Context, t topologies.Topology, o topologies.Options) (topologies.Reservation, error) {
	r, err := p.Provider.Reserve(ctx, t, o)
	return room{r, t.Nodes[0].Image}, err
}
