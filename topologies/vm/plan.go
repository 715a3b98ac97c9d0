package vm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/plain"
	"github.com/reprise-lab/reprise/topologies/vm/guest"
)

// LabelNIC is the node label that chooses the model of a guest's network devices.
const LabelNIC = "reprise.nic"

// Names that the way into a guest takes, and that no link may have.
const (
	mgmtInterface = "mgmt0"
	mgmtVRF       = "mgmt"
)

// Is reports whether a topology is one of machines: whether a node's image is a disk or a
// guest of ours. One that mixes them with containers is; Check then says what is wrong.
func Is(t topologies.Topology) bool {
	return slices.ContainsFunc(t.Nodes, func(n topologies.Node) bool { return !n.IsSegment() && isDisk(n.Image) })
}

func isDisk(image string) bool {
	return strings.HasPrefix(image, guest.Prefix) || strings.HasSuffix(image, ".qcow2")
}

// planned is a node with everything decided that can be before it starts.
type planned struct {
	topologies.Node
	disk   string      // backing file
	guest  guest.Guest // zero for a vendor's disk
	model  model
	memory int // MiB
	cpus   int
	nics   []nic // in the order of the slots, without that of the way in
}

// own says that the node is a guest of ours.
func (n planned) own() bool { return n.guest.Ref != "" }

// nic is one network device of a machine.
type nic struct {
	iface string // of the topology; empty: nothing is plugged in
	mac   string // that the interface has; a guest is given it by its set-up
	link  int    // index
	end   string // a or b
	mtu   int
	ipv4  string
	ipv6  string
}

// plan decides what each machine is, or says everything that is in the way.
func (p *Provider) plan(t topologies.Topology) ([]planned, error) {
	var nodes []planned
	var errs []error
	for _, n := range t.Nodes {
		pl, err := p.planNode(t, n)
		if err != nil {
			errs = append(errs, fmt.Errorf("node %s: %w", n.Name, err))
		}
		nodes = append(nodes, pl)
	}
	for _, l := range t.Links {
		for _, e := range []topologies.Endpoint{l.A, l.B} {
			if _, ok := t.Node(e.Node); !ok {
				errs = append(errs, fmt.Errorf("link %s–%s: no node %s", l.A, l.B, e.Node))
			}
		}
	}
	return nodes, errors.Join(errs...)
}

func (p *Provider) planNode(t topologies.Topology, n topologies.Node) (planned, error) {
	pl := planned{Node: n, cpus: max(1, int(n.CPU+0.999))}
	if n.IsSegment() {
		return pl, errors.New("a shared segment cannot be among machines: make it a node of its own with a bridge in it (image " + guest.Ref("bookworm") + ")")
	}
	if !isDisk(n.Image) {
		return pl, fmt.Errorf("image %q is a container's, and a lab is either of machines or of containers: give every node a disk (a path that ends in .qcow2, or %s)", n.Image, guest.Ref("bookworm"))
	}
	if err := refuse(n); err != nil {
		return pl, err
	}
	var err error
	if strings.HasPrefix(n.Image, guest.Prefix) {
		if pl.guest, err = p.guests.Find(n.Image); err != nil {
			return pl, err
		}
		pl.disk = pl.guest.Disk()
		pl.model, err = guestModel(p.options.Memory, n.Labels[LabelNIC])
	} else {
		pl.model = vendorModel(n.Type)
		pl.disk, err = p.locate(n.Image, t.Dir)
	}
	if err != nil {
		return pl, err
	}
	if pl.memory, err = memoryOf(n, pl.model.memory); err != nil {
		return pl, err
	}
	pl.nics, err = nicsOf(t, pl)
	return pl, err
}

// refuse names what a container can and a machine cannot be given.
func refuse(n topologies.Node) error {
	for what, set := range map[string]bool{
		"binds": len(n.Binds) > 0, "ports": len(n.Ports) > 0, "cmd": n.Cmd != "", "entrypoint": n.Entrypoint != "",
		"network-mode": n.NetworkMode != "" && n.NetworkMode != "none", "user": n.User != "" && n.User != "root" && n.User != "0",
	} {
		if set {
			return fmt.Errorf("%s is of containers; a machine has nothing like it", what)
		}
	}
	return nil
}

// locate finds a disk of the user's.
func (p *Provider) locate(image, dir string) (string, error) {
	path := image
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find disk %s: %w", image, err)
	}
	if _, err := os.Stat(path); err != nil {
		return "", &topologies.MissingError{What: "disk", Name: image, Hint: "put the vendor's file there: " + path}
	}
	if err := standsAlone(path); err != nil {
		return "", fmt.Errorf("disk %s: %w", image, err)
	}
	p.disks.Store(image, path)
	return path, nil
}

// standsAlone refuses a disk that takes what is on it from another file: that may be any of
// this machine, and the digest of the disk says nothing about it. The layout is that of
// QEMU's docs/interop/qcow2.txt.
func standsAlone(path string) error {
	f, err := plain.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	const hint = "; write it anew as one file: qemu-img convert -O qcow2"
	head := make([]byte, 80)
	n, _ := io.ReadFull(f, head) // a shorter one is no disk, which QEMU says
	if n < 20 || string(head[:4]) != "QFI\xfb" {
		return nil
	}
	if binary.BigEndian.Uint64(head[8:]) != 0 {
		return errors.New("it is based on another file" + hint)
	}
	const external = 1 << 2 // of the incompatible features
	if binary.BigEndian.Uint32(head[4:]) >= 3 && n == len(head) && binary.BigEndian.Uint64(head[72:])&external != 0 {
		return errors.New("it keeps its data in another file" + hint)
	}
	return nil
}

// memoryOf gives a node's memory in MiB: its own, or else otherwise.
func memoryOf(n topologies.Node, otherwise int) (int, error) {
	bytes, err := n.MemoryBytes()
	if err != nil || bytes == 0 {
		return otherwise, err
	}
	const smallest = 128 << 20
	if bytes < smallest {
		return 0, fmt.Errorf("memory %s is too little for a machine", n.Memory)
	}
	return int(bytes >> 20), nil
}

// interfaceName matches names that need no quoting anywhere.
var interfaceName = regexp.MustCompile(`^[A-Za-z0-9_.@+-]{1,15}$`)

// nicsOf gives the network devices of a node: a guest's in the order of its links, a
// vendor's where the number in the interface's name puts them.
func nicsOf(t topologies.Topology, n planned) ([]nic, error) {
	var nics []nic
	for i, l := range t.Links {
		for end, e := range map[string]topologies.Endpoint{"a": l.A, "b": l.B} {
			if e.Node != n.Name {
				continue
			}
			if !interfaceName.MatchString(e.Interface) || slices.Contains([]string{"lo", ".", "..", mgmtInterface, mgmtVRF}, e.Interface) {
				return nil, fmt.Errorf("%q cannot be the name of an interface", e.Interface)
			}
			if slices.ContainsFunc(nics, func(o nic) bool { return o.iface == e.Interface }) {
				return nil, fmt.Errorf("interface %s has two links", e.Interface)
			}
			c := nic{iface: e.Interface, mac: e.MAC, link: i, end: end, mtu: l.MTU, ipv4: e.IPv4, ipv6: e.IPv6}
			if c.mac == "" {
				c.mac = address(t.Name, e)
			} else if _, err := net.ParseMAC(c.mac); err != nil {
				return nil, fmt.Errorf("read address of %s: %w", e, err)
			}
			for _, a := range []string{e.IPv4, e.IPv6} {
				if _, err := netip.ParsePrefix(a); a != "" && err != nil {
					return nil, fmt.Errorf("read address of %s: %w", e, err)
				}
			}
			nics = append(nics, c)
		}
	}
	slices.SortStableFunc(nics, func(a, b nic) int {
		if a.link == b.link {
			return strings.Compare(a.end, b.end)
		}
		return a.link - b.link
	})
	if !n.own() {
		return n.model.slots(nics)
	}
	if len(nics) > n.model.maxNICs {
		return nil, fmt.Errorf("%d links are too many: %s has room for %d", len(nics), n.model.name, n.model.maxNICs)
	}
	return nics, nil
}
