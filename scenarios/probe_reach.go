package scenarios

import (
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ProbeReach is the kind of [ReachProbe].
const ProbeReach ProbeKind = "reach"

// ReachProbe is a ping, or a TCP connection, from the node.
type ReachProbe struct{ Reach }

// Reach is a probe from a node to an address.
type Reach struct {
	Ping    string   `yaml:"ping" json:"ping,omitempty" jsonschema_description:"Address to ping."`
	TCP     string   `yaml:"tcp" json:"tcp,omitempty" jsonschema_description:"Address:port to connect to."`
	Count   int      `yaml:"count" json:"count,omitempty" jsonschema:"minimum=1,maximum=100" jsonschema_description:"Packets or connections; default 1."`
	From    string   `yaml:"from" json:"from,omitempty" jsonschema_description:"Source address or interface. For tcp it takes python3 in the node's image."`
	Timeout Duration `yaml:"timeout" json:"timeout,omitempty" jsonschema_description:"Wait per packet; default 1s."`
}

func reachProbe(c Condition) (Probe, bool) {
	if c.Reach == nil {
		return nil, false
	}
	return ReachProbe{*c.Reach}, true
}

// Kind implements Probe.
func (ReachProbe) Kind() ProbeKind { return ProbeReach }

// Describe implements Probe.
func (p ReachProbe) Describe() string {
	if p.TCP != "" {
		return "reach: tcp " + p.TCP
	}
	return "reach: ping " + p.Ping
}

// Sight implements Probe.
func (p ReachProbe) Sight() Sight {
	return Sight{NoJSON: "what ping says", Most: p.Tries(), Silent: time.Duration(p.Tries()) * p.Wait()}
}

// Tries is the number of packets or connections.
func (r Reach) Tries() int { return max(r.Count, 1) }

// Wait is how long each of them waits for its answer.
func (r Reach) Wait() time.Duration {
	return time.Duration(orDefault(r.Timeout, Duration(time.Second)))
}

// Linkless reports whether the probe goes to an address that is one link's only, and names no
// interface: the kernel does not know where to send it (RFC 4007 section 6).
func (r Reach) Linkless() bool {
	target := r.Ping
	if r.TCP != "" {
		target, _, _ = net.SplitHostPort(r.TCP)
	}
	a, err := netip.ParseAddr(target)
	if err != nil || !a.Is6() || a.Zone() != "" || !a.IsLinkLocalUnicast() && !a.IsLinkLocalMulticast() && !a.IsInterfaceLocalMulticast() {
		return false
	}
	_, err = netip.ParseAddr(r.From)
	return r.From == "" || err == nil
}

// families gives the addresses that the probe goes to and comes from, where they are of different versions of IP. A name may be of both.
func (r Reach) families() (target, from netip.Addr, differ bool) {
	to := r.Ping
	if r.TCP != "" {
		to, _, _ = net.SplitHostPort(r.TCP)
	}
	target, err := netip.ParseAddr(to)
	from, ferr := netip.ParseAddr(r.From)
	return target, from, err == nil && ferr == nil && target.Is4() != from.Is4()
}

func (p ReachProbe) check(c *checker, where string, cond Condition) {
	where += ".reach"
	if (p.Ping == "") == (p.TCP == "") {
		c.Faultf(where, "ping: ADDRESS or tcp: ADDRESS:PORT", "reach needs exactly one target")
	}
	if p.Count < 0 || p.Count > 100 {
		c.Faultf(where+".count", "1 to 100", "%d packets are not possible", p.Count)
	}
	if p.Ping != "" {
		c.address(where+".ping", p.Ping)
	}
	if p.Count == 0 && c.Has(where+".count") {
		c.refuse(where+".count", "1 to 100", "a probe that sends nothing has no answer")
	}
	if p.From != "" && (digits.MatchString(p.From) || strings.Contains(p.From, ":")) {
		c.address(where+".from", p.From)
	}
	if target, from, differ := p.families(); differ {
		c.refuse(where+".from", "an address of the same version, or an interface", "%s cannot be reached from %s: they are of different versions of IP", target, from)
	}
	c.source(where+".from", cond.Node, p.From)
	if p.Linkless() {
		c.Warnf(where, "name the interface: fe80::1%eth1, or from: eth1", "an address of one link is not reached without an interface: nothing is sent")
	}
	if p.TCP != "" {
		c.addressAndPort(where+".tcp", p.TCP)
	}
}

var (
	digits   = regexp.MustCompile(`^[0-9.]+$`)
	hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$`)
)

// addressAndPort checks what a connection is made to.
func (c *checker) addressAndPort(where, s string) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		c.Faultf(where, `10.0.0.2:179, or "[2001:db8::2]:179"`, "%q is no address and port", s)
		return
	}
	c.address(where, host)
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		c.refuse(where, "1 to 65535", "%q is no port", port)
	}
}

// address checks an address that a probe is sent to. One that is none makes every observation
// unknown, which the probe says by itself: a warning is enough.
func (c *checker) address(where, s string) {
	if _, err := netip.ParseAddr(s); err == nil || !digits.MatchString(s) && hostName.MatchString(s) {
		return
	}
	c.Warnf(where, "10.0.0.2 or 2001:db8::2", "%q is no address: nothing can be sent there", s)
}

// source warns of an interface that the node has no link for and that nothing of the scenario
// makes there.
func (c *checker) source(where, node, from string) {
	t, known := c.loaded.Topology.Node(node)
	if _, err := netip.ParseAddr(from); err == nil || from == "" || !known || strings.Contains(from, ":") || digits.MatchString(from) || from == "lo" {
		return
	}
	links := c.loaded.Topology.Interfaces(node)
	if slices.Contains(links, from) || t.NetworkMode != "" && t.NetworkMode != "none" || c.starts(node, from, Platform{AnyService: true}) {
		return
	}
	hint := "it has " + strings.Join(append(slices.Clone(links), "lo"), ", ")
	c.Warnf(where, hint, "%s has no link at %q, and nothing of the scenario makes such an interface: nothing can be sent from it", node, from)
}
