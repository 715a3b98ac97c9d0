package lab

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Seen is what a device says of the other end of one of its ports (LLDP, EDP).
type Seen struct {
	Port       string `json:"port"`
	RemoteName string `json:"remote-name,omitempty"`
	RemotePort string `json:"remote-port,omitempty"`
	Protocol   string `json:"protocol,omitempty"`
}

// DifferenceKind tells how inventory and devices differ.
type DifferenceKind string

// Kinds of difference.
const (
	CableUnconfirmed DifferenceKind = "unconfirmed" // in the inventory, and neither end sees the other
	CableDiffers     DifferenceKind = "differs"     // one end sees something else there
	CableUnlisted    DifferenceKind = "unlisted"    // two devices of the lab see each other where no cable is listed
	NeighbourUnknown DifferenceKind = "unknown"     // a neighbour that is no device of the lab
)

// Difference is one thing that the inventory and the devices do not agree on.
type Difference struct {
	Kind  DifferenceKind `json:"kind"`
	End   End            `json:"end"`             // where it was seen; the first end of a cable that nobody confirms
	Cable *Cable         `json:"cable,omitempty"` // as listed
	Seen  *Seen          `json:"seen,omitempty"`
	Text  string         `json:"text"`
}

// CheckCabling compares the inventory's cables with what devices saw, by device name. A
// device that is not in seen was not asked. A cable is confirmed when one end sees the
// other and no end sees anything else. Neighbours are told by their name in the inventory
// or their hostname, with or without a domain; ports in any form that [SamePort] knows; a
// neighbour that gives no port, or a MAC address for it, is told by its name alone.
func CheckCabling(inv *Inventory, seen map[string][]Seen) []Difference {
	var out []Difference
	for i := range inv.Cables {
		if d := checkCable(inv, &inv.Cables[i], seen); d != nil {
			out = append(out, *d)
		}
	}
	reported := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		d, ok := inv.Device(name)
		if !ok {
			continue
		}
		for _, s := range seen[name] {
			if diff := checkSeen(inv, d, s, reported); diff != nil {
				out = append(out, *diff)
			}
		}
	}
	return out
}

func checkCable(inv *Inventory, c *Cable, seen map[string][]Seen) *Difference {
	confirmed, asked := false, false
	for _, ends := range [2][2]End{{c.A, c.B}, {c.B, c.A}} {
		here, there := ends[0], ends[1]
		if _, ok := seen[here.Device]; ok {
			asked = true
		}
		remote, _ := inv.Device(there.Device)
		for _, s := range seen[here.Device] {
			if !SamePort(s.Port, here.Port) {
				continue
			}
			if !remote.called(s.RemoteName) || !portFits(s.RemotePort, there.Port) {
				text := fmt.Sprintf("%s is listed to end at %s, and sees %s", here, there, s.remote())
				return &Difference{Kind: CableDiffers, End: here, Cable: c, Seen: &s, Text: text}
			}
			confirmed = true
		}
	}
	if confirmed {
		return nil
	}
	text := fmt.Sprintf("cable %s: neither end sees the other", c)
	if !asked {
		text = fmt.Sprintf("cable %s: neither device was asked", c)
	}
	return &Difference{Kind: CableUnconfirmed, End: c.A, Cable: c, Text: text}
}

// checkSeen looks at a neighbour on a port that has no cable. Two devices that see each
// other are one difference.
func checkSeen(inv *Inventory, d Device, s Seen, reported map[string]bool) *Difference {
	here := End{Device: d.Name, Port: s.Port}
	for _, p := range d.Ports {
		if SamePort(p.Name, s.Port) {
			here.Port = p.Name
		}
	}
	if slices.ContainsFunc(inv.Cables, func(c Cable) bool { return c.A == here || c.B == here }) {
		return nil
	}
	i := slices.IndexFunc(inv.Devices, func(d Device) bool { return d.called(s.RemoteName) })
	if i < 0 {
		if twice(reported, here.String(), s.RemoteName) {
			return nil
		}
		return &Difference{
			Kind: NeighbourUnknown, End: here, Seen: &s,
			Text: fmt.Sprintf("%s sees %s, which is no device of the lab", here, s.remote()),
		}
	}
	there := End{Device: inv.Devices[i].Name, Port: s.RemotePort}
	if p, ok := inv.Devices[i].Port(s.RemotePort); ok {
		there.Port = p.Name
	}
	if twice(reported, here.String(), there.String()) {
		return nil
	}
	return &Difference{Kind: CableUnlisted, End: here, Seen: &s, Text: fmt.Sprintf("%s sees %s, and no cable is listed there", here, there)}
}

// twice says whether a pair was reported before, in either order.
func twice(reported map[string]bool, a, b string) bool {
	key := min(a, b) + " " + max(a, b)
	was := reported[key]
	reported[key] = true
	return was
}

func portFits(seen, listed string) bool {
	return seen == "" || macAddress.MatchString(strings.ToLower(seen)) || SamePort(seen, listed)
}

func (s Seen) remote() string {
	text := cmp.Or(s.RemoteName, "a neighbour without a name")
	if s.RemotePort != "" {
		text += ":" + s.RemotePort
	}
	if s.Protocol != "" {
		text += " (" + s.Protocol + ")"
	}
	return text
}
