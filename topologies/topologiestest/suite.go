// Package topologiestest is what every provider of Linux nodes is tested with: the contract of
// package topologies, whatever the nodes are made of.
package topologiestest

import (
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// Subject is a provider to be tested.
type Subject struct {
	Image string // of the nodes: one of this tool's for Debian
	Init  string // what the kernel calls a node's first process
	// Open gives the provider, or skips the test where this machine cannot have it.
	Open func(tb testing.TB) topologies.Provider
	// OutOfReach says that what drops frames by rules is not where the nodes of a cable could take it away.
	OutOfReach bool
	// NoEntry says that the nodes are on another machine, where no command of this one enters them.
	NoEntry bool
	// NoTraffic says that none can be sent between the nodes. A lab that says so has to refuse it by name; every other one
	// has to do it.
	NoTraffic bool
	// ClockOff is by how much a clock of the lab's own may be wrong, in real time, as on machines whose clocks are measured.
	ClockOff time.Duration
	// Left lists what is left of a run's labs on this machine.
	Left func(tb testing.TB, run string) []string
}

// Suite runs every test, each in parallel with the others.
func (s Subject) Suite(t *testing.T) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"Pair", s.pair},
		{"Ring", s.ring},
		{"TwoLabsOfOneTopology", s.twoLabsOfOneTopology},
		{"RestartNode", s.restartNode},
		{"RestartKeepsNeighbour", s.restartKeepsNeighbour},
		{"RestartWithFault", s.restartWithFault},
		{"Reset", s.reset},
		{"Missing", s.missing},
		{"BadTopology", s.badTopology},
		{"Cancelled", s.cancelled},
		{"Host", s.hosts},
		{"Drop", s.drop},
		{"DropByChance", s.dropByChance},
		{"FaultsTogether", s.faultsTogether},
		{"Frames", s.frames},
		{"ReplugUnderFire", s.replugUnderFire},
		{"RestartUnderFire", s.restartUnderFire},
		{"InjectNowhere", s.injectNowhere},
		{"Segment", s.segment},
		{"InterfaceOrder", s.interfaceOrder},
		{"ChangesByTheLab", s.changesByTheLab},
		{"ProcessEnds", s.processEnds},
		{"Clock", s.clock},
		{"Capture", s.captured},
		{"Traffic", s.traffic},
	} {
		t.Run(test.name, test.run)
	}
}
