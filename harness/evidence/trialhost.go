package evidence

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"
)

// HostFile is beside a trial of a fleet, with a [TrialHost].
const HostFile = "host.json"

// TrialHost is what one trial of a fleet was executed on, as the worker says, whose name is that in the ledger; or, of a lab that was
// spread over several machines, where its nodes were.
type TrialHost struct {
	Host     HostInfo          `json:"host,omitzero"`
	Provider string            `json:"provider"`             // that built the lab
	Nodes    map[string]string `json:"nodes,omitempty"`      // machine of each node
	Ways     []Way             `json:"ways,omitempty"`       // of the cables between machines
	Clocks   []HostClock       `json:"clocks,omitempty"`     // of the machines, but that of who had the lab
	Unknown  string            `json:"unmeasured,omitempty"` // why there is nothing of some ways
}

// Way is the one that a cable takes between two machines of a lab, since the lab was built.
type Way struct {
	A    string `json:"a"` // node:interface
	B    string `json:"b"`
	From string `json:"from"` // machine of A
	To   string `json:"to"`   // of B
	Over string `json:"over"` // what carries the frames
	// The delay is half of the time there and back, in nanoseconds; how that is divided is not known.
	Least    time.Duration `json:"least"`
	Median   time.Duration `json:"median"`
	Most     time.Duration `json:"most"`
	Measured uint64        `json:"measured"` // how often

	Frames     uint64 `json:"frames"` // that went through, either way
	Lost       uint64 `json:"lost,omitempty"`
	Duplicated uint64 `json:"duplicated,omitempty"`
	Reordered  uint64 `json:"reordered,omitempty"`
}

// String says all of it in a line.
func (w Way) String() string {
	var line strings.Builder
	fmt.Fprintf(&line, "%s–%s goes from %s to %s over %s: frames take %s (%s to %s in %d measurements)",
		w.A, w.B, w.From, w.To, w.Over, w.Median.Round(time.Microsecond), w.Least.Round(time.Microsecond), w.Most.Round(time.Microsecond), w.Measured)
	for _, x := range []struct {
		n    uint64
		what string
	}{{w.Lost, "lost"}, {w.Duplicated, "doubled"}, {w.Reordered, "reordered"}} {
		if x.n > 0 {
			fmt.Fprintf(&line, ", %d of %d %s", x.n, w.Frames, x.what)
		}
	}
	return line.String()
}

// HostClock is how the clock of a machine of a lab stood to that of who had the lab, which all times are told in. It was measured
// when the lab was built, at both ends of each trial, and twice a minute between. Times are in nanoseconds.
type HostClock struct {
	Host     string        `json:"host"`
	Ahead    time.Duration `json:"ahead"`    // of the other one, at the end of the trial
	Within   time.Duration `json:"within"`   // how wrong times that were told by it may be, with the worst of the measurements
	Drift    time.Duration `json:"drift"`    // how much more it was ahead than when the lab was built
	Over     time.Duration `json:"over"`     // the time of that
	Measured int           `json:"measured"` // how often
}

// String says all of it in a line.
func (c HostClock) String() string {
	return fmt.Sprintf("the clock of %s is %s ahead, to within %s: %s more than %s before (%d measurements)",
		c.Host, c.Ahead.Round(time.Microsecond), c.Within.Round(time.Microsecond), c.Drift.Round(time.Microsecond), c.Over.Round(time.Second), c.Measured)
}

// Placed are the nodes of a lab that was spread over machines, a line for each of these; none where it was on one.
func (h TrialHost) Placed() (lines []string) {
	of := map[string][]string{}
	for _, n := range slices.Sorted(maps.Keys(h.Nodes)) {
		of[h.Nodes[n]] = append(of[h.Nodes[n]], n)
	}
	for _, host := range slices.Sorted(maps.Keys(of)) {
		lines = append(lines, host+" has "+strings.Join(of[host], ", "))
	}
	return lines
}

// mostPlaces bounds a placement in a line of the ledger, in bytes.
const mostPlaces = 120

// Machines say where the nodes of a lab were that was spread over several, as a line of the ledger has it: r1@left,r2@right, or of
// many the machines and a digest of that; empty where it was on one.
func (h TrialHost) Machines() string {
	var places []string
	for _, n := range slices.Sorted(maps.Keys(h.Nodes)) {
		places = append(places, n+"@"+h.Nodes[n])
	}
	line := strings.Join(places, ",")
	if len(line) > mostPlaces {
		const enough = 8
		return strings.Join(slices.Compact(slices.Sorted(maps.Values(h.Nodes))), "+") + "#" + SHA256([]byte(line))[:enough]
	}
	return line
}

// Host reads what the trial was executed on, where it has its own; ok is false where nothing is said.
func (t TrialDir) Host() (h TrialHost, ok bool, err error) {
	err = ReadJSON(t.File(HostFile), &h)
	if errors.Is(err, fs.ErrNotExist) {
		return TrialHost{}, false, nil
	}
	return h, err == nil, err
}

// Machines says of a run whose labs were spread over several machines where nodes were, and how cables went between them: of each
// placement there was, as the last trial with it has measured; none of a run on one. What cannot be read is told with what can.
func (d Dir) Machines() (lines []string, err error) {
	trials, err := d.Trials()
	errs := []error{err}
	last := map[string]TrialHost{}
	var order []string
	for _, t := range trials {
		h, ok, err := t.Host()
		errs = append(errs, err)
		if !ok || len(h.Nodes) == 0 {
			continue
		}
		placed := strings.Join(h.Placed(), "; ")
		if _, known := last[placed]; !known {
			order = append(order, placed)
		}
		last[placed] = h
	}
	for _, placed := range order {
		lines = append(lines, placed)
		for _, w := range last[placed].Ways {
			lines = append(lines, w.String())
		}
		if why := last[placed].Unknown; why != "" {
			lines = append(lines, "how long frames were on their way is not known of all: "+why)
		}
		for _, c := range last[placed].Clocks {
			lines = append(lines, c.String())
		}
	}
	return lines, errors.Join(errs...)
}
