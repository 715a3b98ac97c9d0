package cli

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/reprise-lab/reprise/drivers/sim"
	"github.com/reprise-lab/reprise/topologies"
)

// SimPassword is the password of every simulated switch. It protects nothing: a simulator
// listens on this machine's loopback only.
const (
	simUser     = "admin"
	SimPassword = "simulated-password"
	// SimPorts is the number of ports of every simulated switch.
	SimPorts = 28
)

// SimLab is a lab of simulated switches in this process, with the inventory of it on disk:
// they are used over real sockets, as switches are.
type SimLab struct {
	Dir      string // holds lab.yaml, known_hosts, password and the switches' flash
	Switches []*sim.Switch
	Lines    []string // how to reach each, for people
}

// SimNode is one switch to simulate.
type SimNode struct {
	Name, Platform string
}

// SimCable joins two of them.
type SimCable struct{ A, APort, B, BPort string }

// StartSims starts switches and cables between them, and writes the inventory. The
// half-started lab comes back with an error, to be closed.
func StartSims(dir string, nodes []SimNode, cables []SimCable, reboot time.Duration, log func(string)) (*SimLab, error) {
	l := &SimLab{Dir: dir}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return l, fmt.Errorf("make folder of the simulators: %w", err)
	}
	var yaml, hosts strings.Builder
	yaml.WriteString("# Simulators: they show that a scenario runs, and nothing of any problem.\nreprise: lab/v1\nname: simulators\ndefaults: {user: " + simUser +
		", password: \"file:" + filepath.Join(dir, "password") + "\", known-hosts: known_hosts}\ndevices:\n")
	for i := range nodes {
		if err := l.start(i, nodes, cables, reboot, log, &yaml, &hosts); err != nil {
			return l, err
		}
	}
	if len(cables) > 0 {
		yaml.WriteString("cables:\n")
	}
	for _, c := range cables {
		fmt.Fprintf(&yaml, "  - [\"%s:%s\", \"%s:%s\"]\n", c.A, c.APort, c.B, c.BPort)
	}
	return l, errors.Join(
		os.WriteFile(filepath.Join(dir, "password"), []byte(SimPassword+"\n"), 0o600),
		os.WriteFile(filepath.Join(dir, "known_hosts"), []byte(hosts.String()), 0o600),
		os.WriteFile(filepath.Join(dir, "lab.yaml"), []byte(yaml.String()), 0o644),
	)
}

// chassis is the address that a simulated switch is known by: locally administered (IEEE
// 802-2014 clause 8.4).
func chassis(nodes []SimNode, name string) string {
	i := slices.IndexFunc(nodes, func(n SimNode) bool { return n.Name == name })
	return fmt.Sprintf("02:04:96:00:%02x:%02x", i>>8&0xff, i&0xff)
}

func (l *SimLab) start(i int, nodes []SimNode, cables []SimCable, reboot time.Duration, log func(string), yaml, hosts *strings.Builder) error {
	n := nodes[i]
	config := sim.Config{
		Platform: n.Platform, Name: n.Name, Serial: fmt.Sprintf("SIM%06d", i+1), Ports: SimPorts, RebootTime: reboot,
		Users: []sim.User{{Name: simUser, Password: SimPassword}, {Name: "user", Password: SimPassword, ReadOnly: true}},
		Dir:   filepath.Join(l.Dir, n.Name),
	}
	if log != nil {
		config.Log = func(line string) { log(n.Name + ": " + line) }
	}
	for _, c := range cables {
		for _, end := range []SimCable{c, {c.B, c.BPort, c.A, c.APort}} {
			if end.A == n.Name {
				config.Neighbours = append(config.Neighbours, sim.Neighbour{Port: end.APort, RemoteName: end.B, RemotePort: end.BPort, RemoteID: chassis(nodes, end.B), Protocol: sim.ProtocolLLDP})
			}
		}
	}
	s, err := sim.New(config)
	if err != nil {
		return fmt.Errorf("simulate %s: %w", n.Name, err)
	}
	l.Switches = append(l.Switches, s)
	for _, n := range config.Neighbours {
		s.SetPort(n.Port, true)
	}
	var ssh, telnet, console net.Addr
	for _, listen := range []struct {
		to *net.Addr
		on func(string) (net.Addr, error)
	}{{&ssh, s.ListenSSH}, {&telnet, s.ListenTelnet}, {&console, s.ListenConsole}} {
		if *listen.to, err = listen.on("127.0.0.1:0"); err != nil {
			return fmt.Errorf("simulate %s: %w", n.Name, err)
		}
	}
	fmt.Fprintf(hosts, "%s\n", knownhosts.Line([]string{knownhosts.Normalize(ssh.String())}, s.HostKey()))
	fmt.Fprintf(yaml, `  %s:
    platform: %s
    kind: simulator
    serial: SIM%06d
    access: {transport: ssh, address: "%s"}
    console: {transport: console, console: raw, address: "%s"}
    ports: {"%s": {speed: 1G}}
    marks: [simulated]
`, n.Name, n.Platform, i+1, ssh, console, portRange(n.Platform))
	_, sshPort, _ := net.SplitHostPort(ssh.String())
	_, telnetPort, _ := net.SplitHostPort(telnet.String())
	l.Lines = append(l.Lines, fmt.Sprintf("%-12s %-5s ssh -p %s %s@127.0.0.1   telnet 127.0.0.1 %s   console %s", n.Name, n.Platform, sshPort, simUser, telnetPort, console))
	return nil
}

// portRange lists the ports of a simulated switch, as its platform names them.
func portRange(platform string) string {
	if platform == sim.PlatformVOSS {
		return fmt.Sprintf("1/1-1/%d", SimPorts)
	}
	return fmt.Sprintf("1-%d", SimPorts)
}

// PortName is the name of the n-th port of a platform.
func PortName(platform string, n int) string {
	if platform == sim.PlatformVOSS {
		return fmt.Sprintf("1/%d", n)
	}
	return fmt.Sprint(n)
}

// Close ends every simulator.
func (l *SimLab) Close() error {
	var errs []error
	for _, s := range l.Switches {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// SimsFor gives the switches and cables that a topology asks for. A platform that is not
// simulated is an error.
func SimsFor(t topologies.Topology, platforms map[string]string) ([]SimNode, []SimCable, error) {
	var nodes []SimNode
	used := map[string]int{}
	for _, n := range t.Nodes {
		if n.IsSegment() {
			return nil, nil, InputError("%s: a shared segment cannot be simulated", n.Name)
		}
		p := platforms[n.Name]
		if !slices.Contains([]string{sim.PlatformEXOS, sim.PlatformVOSS}, p) {
			return nil, nil, InputError("%s: platform %s has no simulator (there are exos and voss)", n.Name, p)
		}
		nodes = append(nodes, SimNode{n.Name, p})
	}
	next := func(node string) string { used[node]++; return PortName(platforms[node], used[node]) }
	var cables []SimCable
	for _, l := range t.Links {
		cables = append(cables, SimCable{l.A.Node, next(l.A.Node), l.B.Node, next(l.B.Node)})
	}
	for node, n := range used {
		if n > SimPorts {
			return nil, nil, InputError("%s: a simulated switch has %d ports, and %d are needed", node, SimPorts, n)
		}
	}
	return nodes, cables, nil
}
