package bgp

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Config is what a speaker is, and whom it speaks to.
type Config struct {
	AS        uint32                  `yaml:"as"`
	RouterID  netip.Addr              `yaml:"router-id"`
	Neighbors map[netip.Addr]Neighbor `yaml:"neighbors"`
}

// Neighbor is one that a speaker has a session with.
type Neighbor struct {
	AS uint32 `yaml:"as"` // of the neighbour; another one ends the session with a NOTIFICATION
	// LocalAS and RouterID stand in this session for the speaker's own.
	LocalAS  uint32     `yaml:"local-as"`
	RouterID netip.Addr `yaml:"router-id"`
	// Local is the address that is spoken from; without it the kernel chooses.
	Local netip.Addr `yaml:"local"`
	Port  uint16     `yaml:"port"` // of the neighbour; 179
	// Passive waits for the neighbour's call, which brings both addresses and ports, and a TTL of the kernel's from
	// its first answer on: Local, Port and TTL are of a call.
	Passive bool           `yaml:"passive"`
	Hold    *time.Duration `yaml:"hold"` // offered; 90 s, and 0 for sessions without KEEPALIVE
	Retry   time.Duration  `yaml:"retry"`
	TTL     int            `yaml:"ttl"`
	// Families are ipv4 and ipv6; ipv4 where none is named.
	Families []Family `yaml:"families"`
	// Capabilities are those that are offered beside the families; route-refresh and 4-octet-as
	// where the list is absent.
	Capabilities *[]Capability `yaml:"capabilities"`
	// NoEnd leaves out the mark behind all routes (End-of-RIB, RFC 4724).
	NoEnd bool `yaml:"no-end-of-rib"`
	// Stopped leaves the session down until it is started.
	Stopped bool `yaml:"stopped"`
}

// Defaults of sessions.
const (
	defaultPort  = 179
	defaultHold  = 90 * time.Second // RFC 4271 section 10
	defaultRetry = time.Second
)

// Check says what is wrong with a configuration, and fills in what it leaves open.
func (c *Config) Check() error {
	if c.AS == 0 {
		return errors.New("bgp.as: there is none")
	}
	if !c.RouterID.Is4() {
		return errors.New("bgp.router-id: write it as an IPv4 address")
	}
	for addr, n := range c.Neighbors {
		if err := n.check(c, addr); err != nil {
			return fmt.Errorf("bgp.neighbors.%s: %w", addr, err)
		}
		c.Neighbors[addr] = n
	}
	return nil
}

func (n *Neighbor) check(c *Config, addr netip.Addr) error {
	if !addr.IsValid() {
		return errors.New("it is no address")
	}
	if n.AS == 0 {
		return errors.New("as: there is none")
	}
	if n.LocalAS == 0 {
		n.LocalAS = c.AS
	}
	if !n.RouterID.IsValid() {
		n.RouterID = c.RouterID
	}
	if !n.RouterID.Is4() {
		return errors.New("router-id: write it as an IPv4 address")
	}
	if n.Passive && (n.Local.IsValid() || n.Port != 0 || n.TTL != 0) {
		return errors.New("local, port and ttl: they are of a call, and a passive session takes the neighbor's; leave them out, or passive")
	}
	if n.Port == 0 {
		n.Port = defaultPort
	}
	if n.Hold == nil {
		hold := defaultHold
		n.Hold = &hold
	}
	if h := *n.Hold; h < 0 || h > 65535*time.Second || h%time.Second != 0 || h > 0 && h < 3*time.Second {
		return fmt.Errorf("hold: %v is none: it is 0, or whole seconds from 3 to 65535", h)
	}
	if n.Retry == 0 {
		n.Retry = defaultRetry
	}
	if n.Retry < 0 || n.TTL < 0 || n.TTL > 255 {
		return errors.New("retry and ttl: they are not negative, and a ttl is at most 255")
	}
	if len(n.Families) == 0 {
		n.Families = []Family{IPv4}
	}
	if n.Capabilities == nil {
		n.Capabilities = &[]Capability{{Name: "route-refresh"}, {Name: "4-octet-as"}}
	}
	for _, p := range *n.Capabilities {
		if _, err := p.wire(n.LocalAS); err != nil {
			return fmt.Errorf("capabilities: %w", err)
		}
	}
	return nil
}

// internal tells a session within one AS.
func (n *Neighbor) internal() bool { return n.AS == n.LocalAS }
