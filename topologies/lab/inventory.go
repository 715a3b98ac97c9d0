package lab

import (
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Version is the inventory format this package reads, the value of the key "reprise".
const Version = "lab/v1"

// Inventory is a lab.yaml as resolved: defaults are applied, ranges of ports are expanded,
// every cable ends at ports that exist, and no port has two cables.
type Inventory struct {
	File     string
	Name     string
	State    string   // folder of leases.db and journal/
	Devices  []Device // in the file's order
	Cables   []Cable  // in the file's order
	Warnings yamlpos.Problems
}

// Device is one piece of equipment.
type Device struct {
	Name         string             `json:"name"`
	Hostname     string             `json:"hostname,omitempty"` // what it calls itself, when that is not Name
	Platform     string             `json:"platform"`
	Model        string             `json:"model,omitempty"`
	Version      string             `json:"version,omitempty"` // software, as known
	Serial       string             `json:"serial,omitempty"`
	Kind         topologies.Kind    `json:"kind"`
	Access       topologies.Access  `json:"-"`
	Console      *topologies.Access `json:"-"` // nil when there is none
	Ports        []Port             `json:"ports,omitempty"`
	Capabilities []string           `json:"capabilities,omitempty"`
	Marks        []string           `json:"marks,omitempty"`
}

// Port of a device.
type Port struct {
	Name  string `json:"name"` // as the device's command line calls it: 5, 1:5, 1/5
	Speed Speed  `json:"speed,omitempty"`
}

// End is one end of a cable.
type End struct {
	Device string `json:"device"`
	Port   string `json:"port"`
}

// String gives the form people write: device:port.
func (e End) String() string { return e.Device + ":" + e.Port }

// Cable joins two ports. Its speed is the written one, else that of the slower port; 0
// when neither is known.
type Cable struct {
	A     End   `json:"a"`
	B     End   `json:"b"`
	Speed Speed `json:"speed,omitempty"`
}

// String gives the form people write: device:port – device:port.
func (c Cable) String() string { return c.A.String() + " – " + c.B.String() }

// Device finds a device by name.
func (inv *Inventory) Device(name string) (Device, bool) {
	i := slices.IndexFunc(inv.Devices, func(d Device) bool { return d.Name == name })
	if i < 0 {
		return Device{}, false
	}
	return inv.Devices[i], true
}

// CablesOf returns the cables that end at a device.
func (inv *Inventory) CablesOf(device string) []Cable {
	var cables []Cable
	for _, c := range inv.Cables {
		if c.A.Device == device || c.B.Device == device {
			cables = append(cables, c)
		}
	}
	return cables
}

// Names gives the device names in the file's order.
func (inv *Inventory) Names() []string {
	names := make([]string, 0, len(inv.Devices))
	for _, d := range inv.Devices {
		names = append(names, d.Name)
	}
	return names
}

// Port finds a port in any of the forms that [NormalPort] knows.
func (d Device) Port(name string) (Port, bool) {
	i := slices.IndexFunc(d.Ports, func(p Port) bool { return p.Name == name })
	if i < 0 {
		i = slices.IndexFunc(d.Ports, func(p Port) bool { return NormalPort(p.Name) == NormalPort(name) })
	}
	if i < 0 {
		return Port{}, false
	}
	return d.Ports[i], true
}

// called says whether a name that a neighbour gave, with or without a domain, is this device.
func (d Device) called(name string) bool {
	short, _, _ := strings.Cut(name, ".")
	for _, own := range []string{d.Name, d.Hostname} {
		if own != "" && (strings.EqualFold(own, name) || strings.EqualFold(own, short)) {
			return true
		}
	}
	return false
}
