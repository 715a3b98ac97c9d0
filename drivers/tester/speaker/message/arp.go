package message

import (
	"errors"
	"fmt"
	"net/netip"
)

// ARP is a request or an answer (RFC 826). Without a target it is one about the sender itself.
type ARP struct {
	Operation string     `yaml:"operation"` // request, or reply
	Sender    netip.Addr `yaml:"sender"`
	MAC       string     `yaml:"mac"` // of the sender; that which the frame comes from where it is empty
	Target    netip.Addr `yaml:"target"`
	TargetMAC string     `yaml:"target-mac"`
}

// PDU makes the message, from a station.
func (a *ARP) PDU(own MAC) (PDU, error) {
	to, operation := Broadcast(), byte(1)
	switch a.Operation {
	case "", "request":
	case "reply":
		operation = 2
	default:
		return PDU{}, fmt.Errorf("operation: there is no %q: there are request and reply", a.Operation)
	}
	target := a.Target
	if !target.IsValid() {
		target = a.Sender
	}
	if !a.Sender.Is4() || !target.Is4() {
		return PDU{}, errors.New("sender and target: they are of IPv4")
	}
	sender, other := own, MAC{}
	var err error
	if a.MAC != "" {
		if sender, err = ParseMAC(a.MAC); err != nil {
			return PDU{}, err
		}
	}
	if a.TargetMAC != "" {
		if other, err = ParseMAC(a.TargetMAC); err != nil {
			return PDU{}, err
		}
		to = other
	}
	b := append([]byte{0, 1, 8, 0, 6, 4, 0, operation}, sender[:]...)
	b = append(append(b, a.Sender.AsSlice()...), other[:]...)
	return PDU{Protocol: "arp", To: to, EtherType: TypeARP, Body: append(b, target.AsSlice()...)}, nil
}
