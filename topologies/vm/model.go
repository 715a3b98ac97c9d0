package vm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// model is what the hardware of a machine looks like.
type model struct {
	name    string
	memory  int    // MiB, where the node says nothing
	cpu     string // -cpu; empty: the best there is
	disk    string // interface of the disk
	nic     string // model of the network devices
	maxNICs int    // besides the first, which is for management
	// port is the switch's own name of the nth data port; nil: it is not known.
	port func(n int) string
}

const defaultMemory = 512

// guestModel is the hardware of a guest of ours.
func guestModel(memory int, device string) (model, error) {
	m := model{name: "a guest", memory: memory, disk: "virtio", nic: "virtio-net-pci", maxNICs: 32}
	if m.memory == 0 {
		m.memory = defaultMemory
	}
	switch device {
	case "", "virtio", "virtio-net":
	case "e1000", "rtl8139":
		m.nic = device
	default:
		return m, fmt.Errorf("label %s: unknown model %q: known are virtio, e1000 and rtl8139", LabelNIC, device)
	}
	return m, nil
}

// vendorModel is the hardware that a vendor's virtual switch expects, by the type of the
// node. One that is not known gets what most boot with.
func vendorModel(kind string) model {
	switch strings.ToLower(kind) {
	case "exos":
		return model{
			name: "a virtual EXOS", memory: 512, cpu: "core2duo", disk: "ide", nic: "rtl8139", maxNICs: 13,
			port: strconv.Itoa,
		}
	case "voss":
		return model{
			name: "a virtual VOSS", memory: 2048, disk: "ide", nic: "e1000", maxNICs: 32,
			port: func(n int) string { return "1/" + strconv.Itoa(n) },
		}
	default:
		return model{name: "a vendor's machine", memory: 1024, disk: "ide", nic: "e1000", maxNICs: 32}
	}
}

// slots puts links where a vendor's switch has the port: eth3 is the third data port. Where
// a name has no number, the links are taken in their order.
func (m model) slots(links []nic) ([]nic, error) {
	numbers := make([]int, len(links))
	for i, l := range links {
		n, ok := number(l.iface)
		if !ok || slices.Contains(numbers[:i], n) {
			for j := range links {
				numbers[j] = j + 1
			}
			break
		}
		numbers[i] = n
	}
	last := 0
	for _, n := range numbers {
		last = max(last, n)
	}
	if last > m.maxNICs {
		return nil, fmt.Errorf("port %d is too high: %s has %d", last, m.name, m.maxNICs)
	}
	nics := make([]nic, last)
	for i, n := range numbers {
		nics[n-1] = links[i]
	}
	return nics, nil
}

// number reads the n of eth<n>.
func number(iface string) (int, bool) {
	text, ok := strings.CutPrefix(iface, "eth")
	n, err := strconv.Atoi(text)
	return n, ok && err == nil && n > 0
}

// ports names the switch's own port of each interface; nil where that is not known.
func (n planned) ports() map[string]string {
	if n.own() || n.model.port == nil {
		return nil
	}
	names := map[string]string{}
	for i, c := range n.nics {
		if c.iface != "" {
			names[c.iface] = n.model.port(i + 1)
		}
	}
	return names
}
