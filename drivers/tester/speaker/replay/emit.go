package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/message"
)

// Emit is frames that are made of fields, one kind of them, and sent from a port once or again and again.
type Emit struct {
	Port  string        `yaml:"port"`
	Count int           `yaml:"count"` // 1 where it is 0
	Every time.Duration `yaml:"every"` // from one to the next, in the lab's time; 1 s where it is 0
	// Source is the MAC address that they come from: the port's where it is empty.
	Source string `yaml:"source"`
	// VLAN tags them, where it is not 0.
	VLAN uint16 `yaml:"vlan"`

	// Alter changes the frame on purpose.
	Alter []message.Alter `yaml:"alter"`

	Frame string        `yaml:"frame"` // a whole frame as hexadecimal digits, to which nothing is added
	ARP   *message.ARP  `yaml:"arp"`
	BFD   *message.BFD  `yaml:"bfd"`
	DHCP  *message.DHCP `yaml:"dhcp"`
	IGMP  *message.IGMP `yaml:"igmp"`
	ISIS  *message.ISIS `yaml:"isis"`
	LACP  *message.LACP `yaml:"lacp"`
	LLDP  *message.LLDP `yaml:"lldp"`
	OSPF  *message.OSPF `yaml:"ospf"`
	RA    *message.RA   `yaml:"ra"`
	VRRP  *message.VRRP `yaml:"vrrp"`
	// To is the MAC address that a packet to one station goes to: all, where it is empty.
	To string `yaml:"to"`
}

// mostFrames bounds what one order sends.
const mostFrames = 100_000

// Emit begins to send, and returns what it will be.
func (p *Player) Emit(ctx context.Context, e Emit) (State, error) {
	port, err := usable(e.Port)
	if err != nil {
		return State{}, err
	}
	if e.Count < 0 || e.Count > mostFrames || e.Every < 0 || e.VLAN > 4094 {
		return State{}, fmt.Errorf("count, every and vlan: they are not negative, there are at most %d frames, and the last VLAN is 4094", mostFrames)
	}
	data, word, err := e.build(port)
	if err != nil {
		return State{}, err
	}
	list := make([]frame, max(e.Count, 1))
	for i := range list {
		list[i] = frame{at: time.Unix(0, 0).Add(time.Duration(i) * cmp.Or(e.Every, time.Second)), data: data, size: len(data)}
	}
	state := State{Port: e.Port, Frames: len(list), Kinds: map[string]int{word: len(list)}, Takes: list[len(list)-1].at.Sub(list[0].at).Seconds()}
	return p.begin(ctx, port, list, state, 1)
}

// build is the frame, and the word for what it is.
func (e *Emit) build(port *net.Interface) (data []byte, word string, err error) {
	var mac message.MAC
	copy(mac[:], port.HardwareAddr)
	if e.Source != "" {
		if mac, err = message.ParseMAC(e.Source); err != nil {
			return nil, "", fmt.Errorf("source: %w", err)
		}
	}
	kinds := 0
	var p message.PDU
	put := func(is bool, name string, of func() (message.PDU, error)) {
		if !is {
			return
		}
		kinds, word = kinds+1, name
		var bad error
		if p, bad = of(); bad != nil {
			err = fmt.Errorf("%s: %w", name, bad)
		}
	}
	put(e.ARP != nil, "arp", func() (message.PDU, error) { return e.ARP.PDU(mac) })
	put(e.BFD != nil, "bfd", func() (message.PDU, error) { return e.BFD.PDU() })
	put(e.DHCP != nil, "dhcp", func() (message.PDU, error) { return e.DHCP.PDU(mac) })
	put(e.IGMP != nil, "igmp", func() (message.PDU, error) { return e.IGMP.PDU() })
	put(e.ISIS != nil, "isis", func() (message.PDU, error) { return e.ISIS.PDU() })
	put(e.LACP != nil, "lacp", func() (message.PDU, error) { return e.LACP.PDU(mac) })
	put(e.LLDP != nil, "lldp", func() (message.PDU, error) { return e.LLDP.PDU(mac) })
	put(e.OSPF != nil, "ospf", func() (message.PDU, error) { return e.OSPF.PDU() })
	put(e.RA != nil, "ra", func() (message.PDU, error) { return e.RA.PDU(mac) })
	put(e.VRRP != nil, "vrrp", func() (message.PDU, error) { return e.VRRP.PDU() })
	if e.Frame != "" {
		kinds, word = kinds+1, "other"
		var bad error
		if data, bad = message.Digits(e.Frame); bad != nil || len(data) < etherLen {
			err = fmt.Errorf("frame: it is at least %d bytes, as hexadecimal digits", etherLen)
		}
	}
	switch {
	case kinds != 1:
		return nil, "", errors.New("name one of arp, bfd, dhcp, igmp, isis, lacp, lldp, ospf, ra, vrrp and frame")
	case err != nil || e.Frame != "":
		return data, word, err
	}
	if e.To != "" {
		if p.To, err = message.ParseMAC(e.To); err != nil {
			return nil, "", fmt.Errorf("to: %w", err)
		}
	} else if p.To == (message.MAC{}) {
		p.To = message.Broadcast()
	}
	for i := range e.Alter {
		if err := e.Alter[i].Check(); err != nil {
			return nil, "", fmt.Errorf("alter.%d: %w", i, err)
		}
		if a := e.Alter[i]; a.Silent || a.From != 0 || a.Count != 0 || len(a.Of) > 0 {
			return nil, "", fmt.Errorf("alter.%d: of, from, count and silent are of sessions: every frame here is the same", i)
		}
	}
	data, err = p.Frame(mac, e.VLAN, e.Alter)
	return data, word, err
}
