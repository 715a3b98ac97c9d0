package containers

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// A node may be a machine within a container, as vrnetlab packs the disks of vendors: the
// container starts QEMU, which takes the container's interfaces as its own. What is said of
// such images here is the contract of vrnetlab's launchers
// (https://github.com/srl-labs/vrnetlab, common/vrnetlab.py): --username, --password,
// --hostname and --connection-mode; CLAB_INTFS, the number of interfaces to wait for; ssh of
// the machine at port 22 of the container, its console at 5000, QEMU's monitor at 4000; its
// netdev for ethN is pNN.
const (
	// LabelMachine is the node label that says whether a node is a machine within its
	// container: true or false. Without it, images of a repository named vrnetlab are, and
	// nodes of containerlab's kind generic_vm.
	LabelMachine = "reprise.machine"
	// LabelAccess is the node label that says how such a machine is reached first: ssh, or
	// console. The console is the way in that is left where ssh does not answer.
	LabelAccess = "reprise.access"
	// LabelBoot is the node label that bounds its boot, as a duration.
	LabelBoot = "reprise.boot-timeout"

	machineSSH, machineConsole, machineMonitor = "22", "5000", "4000"
	defaultMachineUser                         = "admin"
	defaultMachineBoot                         = 15 * time.Minute
)

// Names in the env of a machine's node, as the launchers take them. The password is the
// lab's own: it is made up where the node gives none, and kept in a file that only its
// owner may read.
const (
	EnvUser     = "USERNAME"
	EnvPassword = "PASSWORD"
)

// machine is what a node needs to know of the machine within its container.
type machine struct {
	user    string
	console bool // reached over the console first
	boot    time.Duration
	health  bool // the image tells when the machine is up

	address  string // of the container, once it runs
	password string // file
	given    string // password that the node gives, or that was made up
}

// machineOf says whether a node is a machine within its container; nil when it is not.
func machineOf(n topologies.Node, health bool) (*machine, error) {
	is := n.Kind == "generic_vm" || slices.Contains(strings.Split(strings.SplitN(n.Image, ":", 2)[0], "/"), "vrnetlab")
	if text, ok := n.Labels[LabelMachine]; ok {
		var err error
		if is, err = strconv.ParseBool(text); err != nil {
			return nil, fmt.Errorf("read label %s: %q is neither true nor false", LabelMachine, text)
		}
	}
	if !is {
		return nil, nil
	}
	m := &machine{user: n.Env[EnvUser], given: n.Env[EnvPassword], boot: defaultMachineBoot, health: health}
	if m.user == "" {
		m.user = defaultMachineUser
	}
	switch n.Labels[LabelAccess] {
	case "", "ssh":
	case "console":
		m.console = true
	default:
		return nil, fmt.Errorf("read label %s: %q is neither ssh nor console", LabelAccess, n.Labels[LabelAccess])
	}
	if text := n.Labels[LabelBoot]; text != "" {
		var err error
		if m.boot, err = time.ParseDuration(text); err != nil || m.boot <= 0 {
			return nil, fmt.Errorf("read label %s: %q is no duration (15m)", LabelBoot, text)
		}
	}
	if shares(n.NetworkMode) || n.NetworkMode == "none" {
		return nil, fmt.Errorf("a machine within a container is reached over the engine's bridge: network-mode %s leaves no way to it", n.NetworkMode)
	}
	return m, nil
}

// Kind implements topologies.Kinder: one with machines within containers shows
// what machines can show.
func (p *Provider) Kind(t topologies.Topology) topologies.Kind {
	for _, n := range t.Nodes {
		if m, err := machineOf(n, false); err == nil && m != nil {
			return topologies.KindVM
		}
	}
	return topologies.KindContainer
}

// Ports implements topologies.PortMapper: ethN of the container is the Nth data port of the
// switch in it, which its image or the node's type names. Without a name there is no mapping.
func (l *lab) Ports(name string) map[string]string {
	n, err := l.node(name)
	if err != nil || n.machine == nil {
		return nil
	}
	what := strings.ToLower(n.Type + " " + n.Image[strings.LastIndexByte(n.Image, '/')+1:])
	prefix := ""
	switch {
	case strings.Contains(what, "exos"):
	case strings.Contains(what, "voss"):
		prefix = "1/"
	default:
		return nil
	}
	ports := map[string]string{}
	for _, iface := range l.topology.Interfaces(name) {
		ports[iface] = prefix + strings.TrimPrefix(iface, "eth")
	}
	return ports
}

// launch gives the launcher's arguments, and what it must find in its environment. The
// number of interfaces has to be known when the machine boots: QEMU adds none later.
func (m *machine) launch(n *node, interfaces int) (args []string, env map[string]string) {
	env = maps.Clone(n.Env)
	if env == nil {
		env = map[string]string{}
	}
	env["CLAB_INTFS"], env[EnvUser], env[EnvPassword] = strconv.Itoa(interfaces), m.user, m.given
	return []string{"--username", m.user, "--password", m.given, "--hostname", n.Name, "--connection-mode", "tc"}, env
}

// makePasswords makes the folder of passwords, before any node is started.
func (l *lab) makePasswords() error {
	if !slices.ContainsFunc(l.order, func(n *node) bool { return n.machine != nil }) {
		return nil
	}
	return l.makePrivate()
}

// makePrivate makes the lab's folder for what is nobody else's, once.
func (l *lab) makePrivate() error {
	if l.private != "" {
		return nil
	}
	dir := privateDir(l.ID())
	if l.lock != nil { // whoever was attached before, and was killed, is gone
		dir = privateDir(l.ID() + ".attached")
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("make a folder of the lab's own: %w", err)
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("make a folder of the lab's own: %w", err)
	}
	l.private = dir
	return nil
}

// privateDir is where a lab keeps passwords and its helper's socket. Its name follows from the lab's, so that what
// a killed process left can be found.
func privateDir(lab string) string { return filepath.Join(os.TempDir(), lab+".private") }

// keepPassword makes up the machine's password where the node gives none, and writes it
// where the drivers read it by reference.
func (l *lab) keepPassword(n *node) error {
	m := n.machine
	if m.given == "" {
		var b [10]byte
		if _, err := rand.Read(b[:]); err != nil {
			return fmt.Errorf("draw a password: %w", err)
		}
		// Switches want a letter of either case and a digit.
		m.given = "Rp1" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
	}
	m.password = filepath.Join(l.private, containerName(n.Name)+".password")
	if err := os.WriteFile(m.password, []byte(m.given), 0o600); err != nil {
		return fmt.Errorf("keep the password: %w", err)
	}
	return nil
}

// Access implements topologies.Accessor.
func (l *lab) Access(name string) (topologies.Access, bool) {
	n, err := l.node(name)
	if err != nil || n.machine == nil {
		return topologies.Access{}, false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.machine.console {
		return n.machine.overConsole(), true
	}
	return topologies.Access{
		Transport: "ssh", Address: net.JoinHostPort(n.machine.address, machineSSH), User: n.machine.user, Password: "file:" + n.machine.password,
		// The machine makes its key when it boots, and lives as long as the lab.
		KnownHosts: filepath.Join(l.private, "known_hosts"), AcceptNew: true,
	}, true
}

// Console implements topologies.Consoler.
func (l *lab) Console(name string) (topologies.Access, bool) {
	n, err := l.node(name)
	if err != nil || n.machine == nil || n.machine.console {
		return topologies.Access{}, false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.machine.overConsole(), true
}

func (m *machine) overConsole() topologies.Access {
	return topologies.Access{
		Transport: "console", Console: "telnet", Address: net.JoinHostPort(m.address, machineConsole), User: m.user, Password: "file:" + m.password,
	}
}
