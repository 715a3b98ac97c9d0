package sim

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"
)

// Banner is what the simulator says about itself at every login, on a line of its own.
const Banner = "REPRISE SIMULATOR: this is not a switch; it has no data plane"

// Platforms of a [Config].
const (
	PlatformEXOS = "exos"
	PlatformVOSS = "voss"
)

// Discovery protocols of a [Neighbour].
const (
	ProtocolLLDP = "lldp"
	ProtocolEDP  = "edp"
)

// Config says which switch is simulated. Only Platform is required.
type Config struct {
	Platform   string // PlatformEXOS or PlatformVOSS
	Name       string // sysName before any configuration; "" means the platform's default
	Model      string
	PartNumber string
	Serial     string // always begins with SIM; the prefix is added where it is missing
	Version    string
	Ports      int // of the switch, or of each slot; 0 means 28
	Slots      int // 0: no stack; EXOS only
	// Users may log in. nil means admin with an empty password on EXOS and rwa/rwa on VOSS.
	Users []User
	// Startup is the saved configuration of a switch that has none yet: command lines as
	// `show configuration` or `show running-config` prints them.
	Startup    string
	Neighbours []Neighbour
	PagingOff  bool          // sessions begin without paging; switches begin with it
	FirstBoot  bool          // EXOS asks its questionnaire at the first login
	PendingAAA time.Duration // how long EXOS boots before it can check a login
	RebootTime time.Duration // how long nothing answers; 0 means 2s
	TechSize   int           // least bytes of a whole tech-support text; 0 means 200 kB
	// Dir keeps the flash, the ssh host key and the counters, so that they outlive the
	// process. "" keeps them in memory.
	Dir       string
	Misbehave Misbehaviour
	// Log is told of logins, commands and reboots, a line at a time; passwords are never in it.
	// It is called with the switch locked and must not call it back.
	Log func(string)
}

// User is an account. ReadOnly gets a user-level account: `>` on EXOS, no configuration on VOSS.
type User struct {
	Name     string
	Password string
	ReadOnly bool
}

// Neighbour is what a discovery protocol shows on a port while its link is up.
type Neighbour struct {
	Port       string
	RemoteName string
	RemotePort string
	RemoteID   string // chassis id, a MAC address
	Protocol   string // ProtocolLLDP or ProtocolEDP
}

// complete fills the defaults in and refuses what cannot be simulated.
func (c Config) complete() (Config, error) {
	switch c.Platform {
	case PlatformEXOS:
		c.Name = cmp.Or(c.Name, "SIM-EXOS")
		c.Model = cmp.Or(c.Model, "X465-24W")
		c.PartNumber = cmp.Or(c.PartNumber, "000000-00-00")
		c.Version = cmp.Or(c.Version, "32.7.2.19")
		if c.Users == nil {
			c.Users = []User{{Name: "admin"}, {Name: "user", ReadOnly: true}}
		}
	case PlatformVOSS:
		c.Name = cmp.Or(c.Name, "SIM-VOSS")
		c.Model = cmp.Or(c.Model, "5520-24T")
		c.PartNumber = cmp.Or(c.PartNumber, "000000-00-00")
		c.Version = cmp.Or(c.Version, "9.0.2.0")
		if c.Users == nil {
			c.Users = []User{{Name: "rwa", Password: "rwa"}, {Name: "ro", Password: "ro", ReadOnly: true}}
		}
		if c.Slots > 0 {
			return c, errors.New("slots: VOSS has no stack")
		}
	default:
		return c, fmt.Errorf("platform %q: want %s or %s", c.Platform, PlatformEXOS, PlatformVOSS)
	}
	if strings.ContainsAny(c.Name, "\r\n") {
		return c, errors.New("name: holds a line break")
	}
	c.Ports = cmp.Or(c.Ports, 28)
	if c.Ports < 1 || c.Ports > 512 || c.Slots < 0 || c.Slots > 8 {
		return c, fmt.Errorf("%d ports, %d slots: want 1 to 512 ports and 0 to 8 slots", c.Ports, c.Slots)
	}
	if c.Serial == "" {
		c.Serial = fmt.Sprintf("SIM%08d", hash(c.Platform+c.Name)%100000000)
	}
	if !strings.HasPrefix(c.Serial, "SIM") {
		c.Serial = "SIM" + c.Serial
	}
	c.RebootTime = cmp.Or(c.RebootTime, 2*time.Second)
	c.TechSize = cmp.Or(c.TechSize, 200_000)
	if c.Log == nil {
		c.Log = func(string) {}
	}
	for _, n := range c.Neighbours {
		if n.Protocol != ProtocolLLDP && n.Protocol != ProtocolEDP {
			return c, fmt.Errorf("neighbour on port %s: protocol %q: want %s or %s", n.Port, n.Protocol, ProtocolLLDP, ProtocolEDP)
		}
	}
	return c, nil
}

func hash(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s))
	return h.Sum32()
}

// mac is the address of the switch: locally administered, and made from its serial number.
func (c Config) mac() string {
	h := hash(c.Serial)
	return fmt.Sprintf("02:04:96:%02x:%02x:%02x", h>>16&0xff, h>>8&0xff, h&0xff)
}
