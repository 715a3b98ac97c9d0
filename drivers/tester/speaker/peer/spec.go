package peer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/message"
)

// Spec is what a scenario says of a session. Exactly one protocol is named.
type Spec struct {
	Name string `yaml:"name"`
	Port string `yaml:"port"`
	// Source is the MAC address that is spoken from: the port's where it is empty.
	Source string `yaml:"source"`
	// Alter are changes of what is sent, on purpose.
	Alter []message.Alter `yaml:"alter"`

	BFD  *BFD  `yaml:"bfd"`
	LACP *LACP `yaml:"lacp"`
	OSPF *OSPF `yaml:"ospf"`
	ISIS *ISIS `yaml:"isis"`
	DHCP *DHCP `yaml:"dhcp"`
	IGMP *IGMP `yaml:"igmp"`
	VRRP *VRRP `yaml:"vrrp"`
}

// nameForm is what a session may be called.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,40}$`)

// ReadSpec reads what is said of a session: texts of YAML, each of which says anew what it names.
func ReadSpec(texts ...[]byte) (s Spec, err error) {
	for _, text := range texts {
		d := yaml.NewDecoder(bytes.NewReader(text))
		d.KnownFields(true)
		if err := d.Decode(&s); err != nil && !errors.Is(err, io.EOF) {
			return s, err
		}
	}
	return s, s.Check()
}

// Check says what is wrong with a spec, as far as that can be said without a port.
func (s *Spec) Check() error {
	if !nameForm.MatchString(s.Name) {
		return fmt.Errorf("name: %q is none of a session: at most 40 letters, digits, dots and dashes", s.Name)
	}
	if s.Source != "" {
		if _, err := message.ParseMAC(s.Source); err != nil {
			return fmt.Errorf("source: %w", err)
		}
	}
	for i := range s.Alter {
		if err := s.Alter[i].Check(); err != nil {
			return fmt.Errorf("alter.%d: %w", i, err)
		}
	}
	_, word, err := s.machine()
	if err != nil {
		return err
	}
	v := vocabularyOf(word)
	for i := range s.Alter {
		if err := v.takes(&s.Alter[i]); err != nil {
			return fmt.Errorf("alter.%d: %w", i, err)
		}
	}
	return nil
}

// loose reads those keys of a text that v has.
func loose(text []byte, v any) error { return yaml.Unmarshal(text, v) }

// speaks is the address that a session speaks from, and what the node would refuse if nothing listened.
func (s *Spec) speaks() (netip.Addr, sink) {
	switch {
	case s.BFD != nil:
		return s.BFD.Local, sink{message.ProtoUDP, s.BFD.BFDPort()}
	case s.VRRP != nil:
		return s.VRRP.Source, sink{proto: message.ProtoVRRP}
	case s.IGMP != nil:
		return s.IGMP.Source, sink{proto: message.ProtoIGMP}
	case s.ISIS != nil:
		return s.ISIS.Address.Addr(), sink{}
	case s.DHCP != nil && s.DHCP.Server != nil:
		return s.DHCP.Server.Address, sink{message.ProtoUDP, message.DHCPServerPort}
	case s.DHCP != nil:
		return netip.Addr{}, sink{message.ProtoUDP, message.DHCPClientPort}
	case s.OSPF != nil:
		return s.OSPF.Address.Addr(), sink{proto: message.ProtoOSPF}
	}
	return netip.Addr{}, sink{}
}

// machine is that of the protocol which is named, and its word.
func (s *Spec) machine() (m machine, word string, err error) {
	named := 0
	take := func(is bool, name string, of func() machine) {
		if is {
			named++
			m, word = of(), name
		}
	}
	take(s.BFD != nil, "bfd", func() machine { return &bfd{} })
	take(s.LACP != nil, "lacp", func() machine { return &lacp{} })
	take(s.OSPF != nil, "ospf", func() machine { return &ospf{} })
	take(s.ISIS != nil, "isis", func() machine { return &isis{} })
	take(s.DHCP != nil, "dhcp", func() machine { return &dhcp{} })
	take(s.VRRP != nil, "vrrp", func() machine { return &vrrp{} })
	take(s.IGMP != nil, "igmp", func() machine { return &igmp{} })
	if named != 1 {
		return nil, "", errors.New("name one of bfd, lacp, ospf, isis, dhcp, igmp and vrrp")
	}
	if err := m.configure(s); err != nil {
		return nil, "", fmt.Errorf("%s: %w", word, err)
	}
	return m, word, nil
}

// machine is what a protocol does in a session. It is asked by one goroutine at a time.
type machine interface {
	// configure takes what is said, at the start and at every change. What it refuses it does not take.
	configure(s *Spec) error
	// receive takes a frame that came.
	receive(l *link, f frame)
	// tick does what is due, and says when there is more to do: never, where that is not after now.
	tick(l *link) (next time.Duration)
	// show tells of the other side, and of what is between.
	show(l *link) any
}
