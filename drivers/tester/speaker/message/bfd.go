package message

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// BFD is a control packet (RFC 5880 section 4.1) over one hop (RFC 5881) or several (RFC 5883). What is absent is what a
// session would say: in one that is sent alone, a session that is down.
type BFD struct {
	Local  netip.Addr `yaml:"local"`
	Remote netip.Addr `yaml:"remote"`
	// SourcePort is 49152, Port 3784 and TTL 255 where they are absent.
	SourcePort *uint16 `yaml:"source-port"`
	Port       *uint16 `yaml:"port"`
	TTL        *uint8  `yaml:"ttl"`

	Version    *uint8 `yaml:"version"`
	Diagnostic *uint8 `yaml:"diagnostic"`
	State      string `yaml:"state"` // admin-down, down, init or up
	Poll       *bool  `yaml:"poll"`
	Final      *bool  `yaml:"final"`
	// ControlPlane says that it does not depend on the control plane (the flag C).
	ControlPlane *bool   `yaml:"control-plane-independent"`
	Demand       *bool   `yaml:"demand"`
	Multipoint   *bool   `yaml:"multipoint"`
	DetectMult   *uint8  `yaml:"detect-mult"`
	Mine         *uint32 `yaml:"my-discriminator"`
	Yours        *uint32 `yaml:"your-discriminator"`

	MinTX   *time.Duration `yaml:"min-tx"`
	MinRX   *time.Duration `yaml:"min-rx"`
	MinEcho *time.Duration `yaml:"min-echo"`
}

// Defaults of BFD.
const (
	bfdPort       = 3784
	bfdFrom       = 49152
	bfdMult       = 3
	bfdInterval   = time.Second
	bfdBody       = 24
	bfdLengthAt   = 3
	mostUint32    = 1<<32 - 1
	greatestTTL   = 255
	linkLocalTTL  = 1
	bfdStateDown  = layers.BFDStateDown
	stateWordDown = "down"
)

// bfdStates are the words of RFC 5880 section 4.1.
func bfdStates() map[string]layers.BFDState {
	return map[string]layers.BFDState{"admin-down": layers.BFDStateAdminDown, stateWordDown: bfdStateDown, "init": layers.BFDStateInit, "up": layers.BFDStateUp}
}

// BFDState is the word for a state.
func BFDState(s layers.BFDState) string {
	for word, v := range bfdStates() {
		if v == s {
			return word
		}
	}
	return "unknown"
}

// Or is what a field says, or a value where it says nothing.
func Or[T any](field *T, value T) T {
	if field == nil {
		return value
	}
	return *field
}

// Check says what no packet can be made of.
func (b *BFD) Check() error {
	if !b.Local.Is4() || !b.Remote.Is4() {
		return errors.New("local and remote: they are addresses of IPv4")
	}
	if _, ok := bfdStates()[b.State]; !ok && b.State != "" {
		return fmt.Errorf("state: there is no %q: there are admin-down, down, init and up", b.State)
	}
	for _, d := range []*time.Duration{b.MinTX, b.MinRX, b.MinEcho} {
		if d != nil && (*d < 0 || d.Microseconds() > mostUint32) {
			return fmt.Errorf("min-tx, min-rx, min-echo: %v is none: they are microseconds of 32 bits", *d)
		}
	}
	if Or(b.Version, 1) > 7 || Or(b.Diagnostic, 0) > 31 {
		return errors.New("version and diagnostic: they have 3 and 5 bits")
	}
	return nil
}

// PDU makes the packet.
func (b *BFD) PDU() (PDU, error) {
	if err := b.Check(); err != nil {
		return PDU{}, err
	}
	micro := func(d *time.Duration, value time.Duration) layers.BFDTimeInterval {
		return layers.BFDTimeInterval(Or(d, value).Microseconds()) //nolint:gosec // checked
	}
	state, ok := bfdStates()[b.State]
	if !ok {
		state = bfdStateDown
	}
	l := layers.BFD{
		Version: layers.BFDVersion(Or(b.Version, 1)), Diagnostic: layers.BFDDiagnostic(Or(b.Diagnostic, 0)), State: state,
		Poll: Or(b.Poll, false), Final: Or(b.Final, false), ControlPlaneIndependent: Or(b.ControlPlane, false),
		Demand: Or(b.Demand, false), Multipoint: Or(b.Multipoint, false), DetectMultiplier: layers.BFDDetectMultiplier(Or(b.DetectMult, bfdMult)),
		MyDiscriminator: layers.BFDDiscriminator(Or(b.Mine, 1)), YourDiscriminator: layers.BFDDiscriminator(Or(b.Yours, 0)),
		DesiredMinTxInterval: micro(b.MinTX, bfdInterval), RequiredMinRxInterval: micro(b.MinRX, bfdInterval), RequiredMinEchoRxInterval: micro(b.MinEcho, 0),
	}
	buffer := gopacket.NewSerializeBuffer()
	if err := l.SerializeTo(buffer, gopacket.SerializeOptions{}); err != nil {
		return PDU{}, fmt.Errorf("make the packet: %w", err)
	}
	return PDU{
		Protocol: "bfd", EtherType: TypeIPv4, Source: b.Local, Destination: b.Remote, Proto: ProtoUDP, TTL: Or(b.TTL, greatestTTL),
		FromPort: Or(b.SourcePort, bfdFrom), ToPort: Or(b.Port, bfdPort), Body: slices.Clone(buffer.Bytes()),
		layer: layer{lengthAt: bfdLengthAt, lengthSize: 1, length: func(n int) int { return n }},
	}, nil
}

// BFDPort is where the packets of a session go to.
func (b *BFD) BFDPort() uint16 { return Or(b.Port, bfdPort) }

// ParseBFD reads a control packet by the rules of RFC 5880 section 6.8.6 that need no session.
func ParseBFD(b []byte) (l layers.BFD, err error) {
	if len(b) < bfdBody || int(b[bfdLengthAt]) > len(b) || b[bfdLengthAt] < bfdBody {
		return l, fmt.Errorf("%d bytes of BFD", len(b))
	}
	if err := l.DecodeFromBytes(b[:b[bfdLengthAt]], gopacket.NilDecodeFeedback); err != nil {
		return l, fmt.Errorf("read BFD: %w", err)
	}
	if l.Version != 1 || l.DetectMultiplier == 0 || l.Multipoint || l.MyDiscriminator == 0 {
		return l, errors.New("no packet of BFD that is taken")
	}
	return l, nil
}
