package vm

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// Addresses of a guest's way in, as QEMU's user network has them by default.
const (
	guestNetwork = "10.0.2.0/24"
	guestAddress = "10.0.2.15"
	guestLength  = 24
)

// snapshot is the name under which a machine's state is kept in its disk.
const snapshot = "base"

// launch is what one QEMU is started with. It runs in the folder of its lab, in which all
// its files and sockets are: the path of a socket must be short.
type launch struct {
	node  planned
	title string // in the list of processes
	dir   string // absolute
	file  string // beginning of the names of its files in dir
	accel string
	load  bool // continue from the snapshot
	// sandbox says that this QEMU can filter its own system calls.
	sandbox bool
}

func (l launch) path(suffix string) string { return filepath.Join(l.dir, l.file+suffix) }

// overlay is the name of the disk in the folder.
func (l launch) overlay() string { return l.file + ".qcow2" }

// argv is the command line, without the program's name.
func (l launch) argv() []string {
	n := l.node
	args := []string{
		"-name", l.title, "-pidfile", l.path(".pid"), "-nodefaults", "-no-user-config", "-display", "none",
		"-machine", "pc", "-accel", l.accel, "-cpu", l.cpu(), "-smp", strconv.Itoa(n.cpus), "-m", strconv.Itoa(n.memory),
		"-rtc", "base=utc", "-qmp", "unix:" + l.file + ".qmp,server=on,wait=off",
		"-drive", "file=" + l.overlay() + ",format=qcow2,cache=unsafe,discard=unmap,if=" + n.model.disk,
		"-serial", "chardev:console", "-chardev", l.console(),
	}
	if l.sandbox {
		// As libvirt does: a fault of a device starts no program on this machine.
		args = append(args, "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny")
	}
	if n.own() {
		args = append(
			args, "-device", "virtio-rng-pci",
			"-kernel", n.guest.KernelFile(), "-initrd", n.guest.Initrd(),
			"-append", "root=/dev/vda rw console=ttyS0 net.ifnames=0 biosdevname=0 quiet systemd.show_status=0 audit=0",
		)
	}
	args = append(args, l.network()...)
	if l.load {
		args = append(args, "-loadvm", snapshot)
	}
	return args
}

// cpu is the processor.
func (l launch) cpu() string {
	if l.node.model.cpu != "" {
		return l.node.model.cpu
	}
	return bestCPU(l.accel)
}

// bestCPU is the best processor that there is, but for page tables of five levels, which
// only cost when they are emulated.
func bestCPU(accelerator string) string {
	if accelerator == KVM {
		return "host"
	}
	return "max,la57=off"
}

// console is where the serial port leads: for a guest to its set-up, for a vendor's switch
// to a port that a driver connects to, which QEMU chooses.
func (l launch) console() string {
	log := ",server=on,wait=off,logfile=" + l.file + ".console.log,logappend=on"
	if l.node.own() {
		return "socket,id=console,path=" + l.file + ".console" + log
	}
	return "socket,id=console,host=127.0.0.1,port=0,telnet=off" + log
}

// busSlots is how many devices go on one bus, which has 32 places.
const busSlots = 20

// network is the way in and the links. Every device of a guest has the same address
// whatever the topology; its set-up gives it the right one.
func (l launch) network() []string {
	n := l.node
	mgmt := "user,id=mgmt,restrict=on,ipv6=off,net=" + guestNetwork + ",dhcpstart=" + guestAddress
	if n.own() {
		mgmt += ",hostfwd=tcp:127.0.0.1:0-:22"
	}
	args := []string{"-netdev", mgmt, "-device", device(n.model.nic, "mgmt", "mgmt0", slotAddress(0), 0)}
	for i, c := range n.nics {
		slot := i + 1
		if slot%busSlots == 0 {
			args = append(args, "-device", fmt.Sprintf("pci-bridge,id=%s,chassis_nr=%d", bus(slot), slot/busSlots))
		}
		mac := c.mac
		if n.own() || mac == "" {
			mac = slotAddress(slot)
		}
		netdev := ""
		if c.iface != "" {
			netdev = "net" + strconv.Itoa(slot)
			args = append(args, "-netdev", "dgram,id="+netdev+
				",local.type=unix,local.path="+socketName(c.link, c.end)+
				",remote.type=unix,remote.path="+socketName(c.link, otherEnd(c.end)))
		}
		args = append(args, "-device", device(n.model.nic, netdev, deviceID(i), mac, slot))
	}
	return args
}

// deviceID is the name of the network device of the ith data port, for its link state.
func deviceID(i int) string { return "nic" + strconv.Itoa(i+1) }

func bus(slot int) string { return "bus" + strconv.Itoa(slot/busSlots) }

func device(model, netdev, id, mac string, slot int) string {
	parts := []string{model, "id=" + id, "mac=" + mac}
	if netdev != "" {
		parts = append(parts, "netdev="+netdev)
	}
	if model == "virtio-net-pci" {
		// Without a speed, two ports of the kind do not make a link aggregation.
		parts = append(parts, "speed=1000", "duplex=full")
	}
	if slot >= busSlots {
		parts = append(parts, "bus="+bus(slot), fmt.Sprintf("addr=%d", slot%busSlots+1))
	}
	return strings.Join(parts, ",")
}

// socketName is the socket of one end of a link.
func socketName(link int, end string) string { return "l" + strconv.Itoa(link) + end }

func otherEnd(end string) string {
	if end == "a" {
		return "b"
	}
	return "a"
}
