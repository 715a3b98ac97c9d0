package message

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// ISIS is a PDU of IS-IS (ISO 10589 section 9, RFC 1195): one of Hello, LSP, CSNP and PSNP.
type ISIS struct {
	Level       int    `yaml:"level"`       // 2, where it is absent
	Destination string `yaml:"destination"` // MAC address; that of all of the level, where it is empty
	System      string `yaml:"system"`      // as 0000.0000.0001

	Discriminator *uint8 `yaml:"discriminator"` // 0x83
	HeaderLength  *uint8 `yaml:"header-length"`
	Version       *uint8 `yaml:"version"` // 1, in both places
	IDLength      *uint8 `yaml:"id-length"`
	Type          *uint8 `yaml:"type"`
	MaxAreas      *uint8 `yaml:"max-areas"`

	Hello *ISISHello `yaml:"hello"`
	LSP   *ISISLSP   `yaml:"lsp"`
	CSNP  *ISISSNP   `yaml:"csnp"`
	PSNP  *ISISSNP   `yaml:"psnp"`
}

// ISISHello is an IIH: of a LAN, or of a link of two.
type ISISHello struct {
	PointToPoint bool    `yaml:"point-to-point"`
	Circuit      *uint8  `yaml:"circuit-type"` // the level
	Holding      *uint16 `yaml:"holding"`      // seconds; 30
	Priority     *uint8  `yaml:"priority"`     // 64
	LAN          string  `yaml:"lan-id"`       // as 0000.0000.0001.01
	LocalCircuit *uint8  `yaml:"local-circuit"`
	ISISTLVs     `yaml:",inline"`

	// Padding is the size of the whole PDU that it is padded to; 0 is none.
	Padding int `yaml:"padding"`
}

// ISISLSP is a link state PDU.
type ISISLSP struct {
	ID       string  `yaml:"id"`       // as 0000.0000.0001.00-00
	Lifetime *uint16 `yaml:"lifetime"` // seconds; 1200
	Sequence *uint32 `yaml:"sequence"` // 1
	Flags    *uint8  `yaml:"flags"`    // the level's type
	ISISTLVs `yaml:",inline"`
}

// ISISSNP is a sequence number PDU.
type ISISSNP struct {
	Start   string      `yaml:"start"` // of a CSNP
	End     string      `yaml:"end"`
	Entries []ISISEntry `yaml:"entries"`
	TLVs    []ISISTLV   `yaml:"tlvs"`
}

// ISISEntry tells of an LSP.
type ISISEntry struct {
	ID       string `yaml:"id"`
	Lifetime uint16 `yaml:"lifetime"`
	Sequence uint32 `yaml:"sequence"`
	Checksum uint16 `yaml:"checksum"`
}

// ISISTLV is one by its bytes.
type ISISTLV struct {
	Type   uint8  `yaml:"type"`
	Length *uint8 `yaml:"length"` // the value's
	Value  string `yaml:"value"`  // hexadecimal digits
}

// ISISTLVs are what a Hello and an LSP carry, in this order.
type ISISTLVs struct {
	Areas     []string     `yaml:"areas"` // as 49.0001
	Protocols *string      `yaml:"protocols"`
	Addresses []netip.Addr `yaml:"addresses"`
	Neighbors []string     `yaml:"neighbors"` // MAC addresses, in a Hello
	ThreeWay  *ISISThree   `yaml:"three-way"`
	Hostname  string       `yaml:"hostname"`
	Reach     []ISISReach  `yaml:"reach"` // of systems (TLV 22), in an LSP
	Routes    []ISISRoute  `yaml:"routes"`
	TLVs      []ISISTLV    `yaml:"tlvs"`
}

// ISISThree is the state of an adjacency on a link of two (RFC 5303).
type ISISThree struct {
	State    uint8  `yaml:"state"` // 0 up, 1 initializing, 2 down
	Circuit  uint32 `yaml:"circuit"`
	Neighbor string `yaml:"neighbor"`
	Other    uint32 `yaml:"neighbor-circuit"`
}

// ISISReach is a system that can be reached (RFC 5305 section 3).
type ISISReach struct {
	ID     string `yaml:"id"` // as 0000.0000.0001.00
	Metric uint32 `yaml:"metric"`
}

// ISISRoute is a network that can be reached (RFC 5305 section 4).
type ISISRoute struct {
	Prefix netip.Prefix `yaml:"prefix"`
	Metric uint32       `yaml:"metric"`
	Down   bool         `yaml:"down"`
}

// Types of PDUs.
const (
	ISISHelloL1  = 15
	ISISHelloL2  = 16
	ISISHelloP2P = 17
	ISISLSPL1    = 18
	ISISLSPL2    = 20
	ISISCSNPL1   = 24
	ISISCSNPL2   = 25
	ISISPSNPL1   = 26
	ISISPSNPL2   = 27
)

// Codes of TLVs.
const (
	ISISTLVAreas     = 1
	ISISTLVNeighbors = 6
	ISISTLVPadding   = 8
	ISISTLVEntries   = 9
	ISISTLVReach     = 22
	ISISTLVProtocols = 129
	ISISTLVAddresses = 132
	ISISTLVRoutes    = 135
	ISISTLVHostname  = 137
	ISISTLVThreeWay  = 240
)

const (
	isisDiscriminator = 0x83
	isisHead          = 8
	isisLANHello      = 27
	isisP2PHello      = 20
	isisLSP           = 27
	isisLSPID         = 12
	isisSumAt         = 24
	isisCSNP          = 33
	isisPSNP          = 17
	isisEntry         = 16
	isisIPv4          = "cc"
	mostValue         = 255
)

// SystemID is the id of a system.
type SystemID [6]byte

// NodeID is that of a system with the number of a pseudonode.
type NodeID [7]byte

// LSPID is that of a node with the number of a fragment.
type LSPID [8]byte

func (s SystemID) String() string {
	h := hex.EncodeToString(s[:])
	return h[:4] + "." + h[4:8] + "." + h[8:]
}

func (n NodeID) String() string { return SystemID(n[:6]).String() + fmt.Sprintf(".%02x", n[6]) }

func (l LSPID) String() string { return NodeID(l[:7]).String() + fmt.Sprintf("-%02x", l[7]) }

func isisID(text string, size int) ([]byte, error) {
	b, err := hex.DecodeString(strings.NewReplacer(".", "", "-", "").Replace(text))
	if err != nil || len(b) != size {
		return nil, fmt.Errorf("%q is no id of %d bytes of IS-IS", text, size)
	}
	return b, nil
}

// ParseSystem reads the id of a system, as 0000.0000.0001.
func ParseSystem(text string) (s SystemID, err error) {
	b, err := isisID(text, len(s))
	copy(s[:], b)
	return s, err
}

// ParseLSPID reads the id of an LSP, as 0000.0000.0001.00-00.
func ParseLSPID(text string) (l LSPID, err error) {
	b, err := isisID(text, len(l))
	copy(l[:], b)
	return l, err
}

// ParseArea reads the address of an area, as 49.0001.
func ParseArea(text string) ([]byte, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(text, ".", ""))
	if err != nil || len(b) == 0 || len(b) > 13 {
		return nil, fmt.Errorf("%q is no address of an area", text)
	}
	return b, nil
}

// tlvs are put one behind the other.
type tlvs struct {
	b   []byte
	err error
}

func (t *tlvs) add(code uint8, value []byte) {
	if len(value) > mostValue {
		t.err = errors.Join(t.err, fmt.Errorf("a TLV of %d bytes: at most %d", len(value), mostValue))
		return
	}
	t.b = append(append(t.b, code, byte(len(value))), value...) //nolint:gosec // checked
}

// many adds items, each whole, in as many TLVs as they take.
func (t *tlvs) many(code uint8, items [][]byte) {
	var value []byte
	for _, i := range items {
		if len(value)+len(i) > mostValue {
			t.add(code, value)
			value = nil
		}
		value = append(value, i...)
	}
	if len(value) > 0 {
		t.add(code, value)
	}
}

func (t *tlvs) raw(list []ISISTLV) {
	for _, r := range list {
		value, err := Digits(r.Value)
		if err != nil {
			t.err = errors.Join(t.err, fmt.Errorf("tlvs: %q is no hexadecimal digits", r.Value))
			continue
		}
		t.add(r.Type, value)
		if r.Length != nil && t.err == nil {
			t.b[len(t.b)-len(value)-1] = *r.Length
		}
	}
}

func (v *ISISTLVs) put(t *tlvs) {
	var areas [][]byte
	for _, a := range v.Areas {
		b, err := ParseArea(a)
		t.err = errors.Join(t.err, err)
		areas = append(areas, append([]byte{byte(len(b))}, b...)) //nolint:gosec // at most 13
	}
	t.many(ISISTLVAreas, areas)
	if v.Protocols == nil || *v.Protocols != "" {
		b, err := Digits(Or(v.Protocols, isisIPv4))
		t.err = errors.Join(t.err, err)
		t.add(ISISTLVProtocols, b)
	}
	var addresses, neighbors [][]byte
	for _, a := range v.Addresses {
		addresses = append(addresses, four(a))
	}
	t.many(ISISTLVAddresses, addresses)
	for _, n := range v.Neighbors {
		m, err := ParseMAC(n)
		t.err = errors.Join(t.err, err)
		neighbors = append(neighbors, m[:])
	}
	t.many(ISISTLVNeighbors, neighbors)
	if w := v.ThreeWay; w != nil {
		b := binary.BigEndian.AppendUint32([]byte{w.State}, w.Circuit)
		if w.Neighbor != "" {
			id, err := ParseSystem(w.Neighbor)
			t.err = errors.Join(t.err, err)
			b = binary.BigEndian.AppendUint32(append(b, id[:]...), w.Other)
		}
		t.add(ISISTLVThreeWay, b)
	}
	if v.Hostname != "" {
		t.add(ISISTLVHostname, []byte(v.Hostname))
	}
	var reach, routes [][]byte
	for _, r := range v.Reach {
		id, err := isisID(r.ID, 7)
		t.err = errors.Join(t.err, err)
		reach = append(reach, append(id, byte(r.Metric>>16), byte(r.Metric>>8), byte(r.Metric), 0)) //nolint:gosec // 24 bits
	}
	t.many(ISISTLVReach, reach)
	for _, r := range v.Routes {
		routes = append(routes, r.Bytes())
	}
	t.many(ISISTLVRoutes, routes)
	t.raw(v.TLVs)
}

// Bytes are a route as it travels in TLV 135.
func (r ISISRoute) Bytes() []byte {
	b := binary.BigEndian.AppendUint32(nil, r.Metric)
	control := byte(max(r.Prefix.Bits(), 0)) //nolint:gosec // at most 32
	if r.Down {
		control |= 0x80
	}
	return append(append(b, control), four(r.Prefix.Masked().Addr())[:(max(r.Prefix.Bits(), 0)+7)/8]...)
}

func (i *ISIS) level() int {
	if i.Level == 0 {
		return 2
	}
	return i.Level
}

// PDU makes the frame's content: LLC, and the PDU behind it.
func (i *ISIS) PDU() (PDU, error) {
	level := i.level()
	if level != 1 && level != 2 {
		return PDU{}, fmt.Errorf("level: there is no %d", i.Level)
	}
	system, err := ParseSystem(i.System)
	if err != nil {
		return PDU{}, fmt.Errorf("system: %w", err)
	}
	kinds := 0
	var kind, word string
	var typ, head uint8
	var body []byte
	lengthAt := 8
	var t tlvs
	all := MAC{0x01, 0x80, 0xc2, 0, 0, byte(0x13 + level)} //nolint:gosec // two levels
	of := func(l1, l2 uint8) uint8 {
		if level == 1 {
			return l1
		}
		return l2
	}
	if h := i.Hello; h != nil {
		kinds, word, typ, head, lengthAt = kinds+1, "hello", of(ISISHelloL1, ISISHelloL2), isisLANHello, 17
		body = append([]byte{Or(h.Circuit, uint8(level))}, system[:]...) //nolint:gosec // two levels
		body = append(binary.BigEndian.AppendUint16(body, Or(h.Holding, 30)), 0, 0)
		if h.PointToPoint {
			typ, head = ISISHelloP2P, isisP2PHello
			body = append(body, Or(h.LocalCircuit, 1))
			all = MAC{0x09, 0, 0x2b, 0, 0, 5}
		} else {
			lan := append(system[:], 0)
			if h.LAN != "" {
				lan, err = isisID(h.LAN, 7)
			}
			body = append(append(body, Or(h.Priority, 64)), lan...)
		}
		h.put(&t)
		for size := h.Padding - int(head) - len(t.b); size >= 2; size = h.Padding - int(head) - len(t.b) {
			t.add(ISISTLVPadding, make([]byte, min(size-2, mostValue)))
		}
	}
	if l := i.LSP; l != nil {
		kinds, word, typ, head = kinds+1, "lsp", of(ISISLSPL1, ISISLSPL2), isisLSP
		id, bad := isisID(l.ID, 8)
		err = errors.Join(err, bad)
		body = binary.BigEndian.AppendUint16([]byte{0, 0}, Or(l.Lifetime, 1200))
		body = binary.BigEndian.AppendUint32(append(body, id...), Or(l.Sequence, 1))
		body = append(body, 0, 0, Or(l.Flags, of(1, 3)))
		l.put(&t)
	}
	if i.CSNP != nil || i.PSNP != nil {
		kinds++
		s := i.CSNP
		body = append(append([]byte{0, 0}, system[:]...), 0)
		if s != nil {
			word, typ, head = "csnp", of(ISISCSNPL1, ISISCSNPL2), isisCSNP
			start, bad := isisID(orText(s.Start, "0000.0000.0000.00-00"), 8)
			end, worse := isisID(orText(s.End, "ffff.ffff.ffff.ff-ff"), 8)
			err = errors.Join(err, bad, worse)
			body = append(append(body, start...), end...)
		} else {
			s, word, typ, head = i.PSNP, "psnp", of(ISISPSNPL1, ISISPSNPL2), isisPSNP
		}
		var entries [][]byte
		for _, e := range s.Entries {
			id, bad := isisID(e.ID, 8)
			err = errors.Join(err, bad)
			b := append(binary.BigEndian.AppendUint16(nil, e.Lifetime), id...)
			entries = append(entries, binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(b, e.Sequence), e.Checksum))
		}
		t.many(ISISTLVEntries, entries)
		t.raw(s.TLVs)
	}
	if kinds != 1 || i.CSNP != nil && i.PSNP != nil {
		return PDU{}, errors.New("name one of hello, lsp, csnp and psnp")
	}
	if err := errors.Join(err, t.err); err != nil {
		return PDU{}, err
	}
	kind = word
	b := []byte{Or(i.Discriminator, isisDiscriminator), Or(i.HeaderLength, head), Or(i.Version, 1), Or(i.IDLength, 0), Or(i.Type, typ), Or(i.Version, 1), 0, Or(i.MaxAreas, 0)}
	return isisPDU(kind, all, i.Destination, append(append(b, body...), t.b...), lengthAt)
}

func orText(text, or string) string {
	if text == "" {
		return or
	}
	return text
}

func isisPDU(kind string, to MAC, destination string, b []byte, lengthAt int) (PDU, error) {
	if destination != "" {
		var err error
		if to, err = ParseMAC(destination); err != nil {
			return PDU{}, fmt.Errorf("destination: %w", err)
		}
	}
	if len(b) > 1497 {
		return PDU{}, fmt.Errorf("a PDU of %d bytes: a frame of IEEE 802.3 takes 1497", len(b))
	}
	l := layer{lengthAt: lengthAt + isisLLC, lengthSize: 2, length: func(n int) int { return n - isisLLC }}
	if kind == "lsp" {
		l.sumAt = isisSumAt + isisLLC
		l.sum = func(b []byte) uint16 { return Fletcher(b[min(isisLSPID+isisLLC, len(b)):], isisSumAt-isisLSPID) }
	}
	return PDU{Protocol: "isis", Kind: kind, To: to, Body: append([]byte{0xfe, 0xfe, 3}, b...), layer: l}, nil
}

const isisLLC = 3

// ISISPacket is a PDU that came.
type ISISPacket struct {
	Type   uint8
	Source NodeID // of a Hello its system, with 0

	Circuit  uint8
	Holding  uint16
	Priority uint8
	LAN      NodeID
	Start    LSPID
	End      LSPID

	ID       LSPID // of an LSP
	Lifetime uint16
	Sequence uint32
	Checksum uint16

	TLVs []ISISValue
	Raw  []byte // the PDU from its head on
}

// ISISValue is a TLV that came.
type ISISValue struct {
	Type  uint8
	Value []byte
}

// ParseISIS reads what a frame of IEEE 802.2 carries. Of an LSP the checksum is right.
func ParseISIS(b []byte) (p ISISPacket, err error) {
	if len(b) < isisLLC+isisHead || b[0] != 0xfe || b[1] != 0xfe || b[3] != isisDiscriminator {
		return p, errors.New("no PDU of IS-IS")
	}
	b = b[isisLLC:]
	p.Type = b[4] & 0x1f
	heads := map[uint8][2]int{
		ISISHelloL1: {isisLANHello, 17}, ISISHelloL2: {isisLANHello, 17}, ISISHelloP2P: {isisP2PHello, 17},
		ISISLSPL1: {isisLSP, 8}, ISISLSPL2: {isisLSP, 8}, ISISCSNPL1: {isisCSNP, 8}, ISISCSNPL2: {isisCSNP, 8},
		ISISPSNPL1: {isisPSNP, 8}, ISISPSNPL2: {isisPSNP, 8},
	}
	h, known := heads[p.Type]
	if !known || len(b) < h[0] {
		return p, fmt.Errorf("%d bytes are no PDU of IS-IS of type %d", len(b), p.Type)
	}
	size := int(binary.BigEndian.Uint16(b[h[1]:]))
	if size < h[0] || size > len(b) {
		return p, fmt.Errorf("a PDU of IS-IS says %d bytes of %d", size, len(b))
	}
	b = b[:size]
	p.Raw = b
	switch p.Type {
	case ISISHelloL1, ISISHelloL2, ISISHelloP2P:
		p.Circuit = b[8]
		copy(p.Source[:6], b[9:])
		p.Holding = binary.BigEndian.Uint16(b[15:])
		if p.Type != ISISHelloP2P {
			p.Priority = b[19] & 0x7f
			copy(p.LAN[:], b[20:])
		}
	case ISISLSPL1, ISISLSPL2:
		p.Lifetime = binary.BigEndian.Uint16(b[10:])
		copy(p.ID[:], b[isisLSPID:])
		p.Sequence, p.Checksum = binary.BigEndian.Uint32(b[20:]), binary.BigEndian.Uint16(b[isisSumAt:])
		if p.Lifetime != 0 && Fletcher(b[isisLSPID:], isisSumAt-isisLSPID) != p.Checksum {
			return p, fmt.Errorf("the checksum of LSP %s is wrong", p.ID)
		}
	default:
		copy(p.Source[:], b[10:])
		if p.Type == ISISCSNPL1 || p.Type == ISISCSNPL2 {
			copy(p.Start[:], b[17:])
			copy(p.End[:], b[25:])
		}
	}
	for rest := b[h[0]:]; len(rest) > 0; {
		if len(rest) < 2 || len(rest) < 2+int(rest[1]) {
			return p, fmt.Errorf("a TLV of a PDU of IS-IS of type %d that is not whole", p.Type)
		}
		p.TLVs = append(p.TLVs, ISISValue{rest[0], rest[2 : 2+int(rest[1])]})
		rest = rest[2+int(rest[1]):]
	}
	return p, nil
}

// Entries are the LSPs that a sequence number PDU tells of.
func (p *ISISPacket) Entries() (list []ISISEntry) {
	for _, t := range p.TLVs {
		if t.Type != ISISTLVEntries {
			continue
		}
		for b := t.Value; len(b) >= isisEntry; b = b[isisEntry:] {
			list = append(list, ISISEntry{
				ID: LSPID(b[2:10]).String(), Lifetime: binary.BigEndian.Uint16(b), Sequence: binary.BigEndian.Uint32(b[10:]), Checksum: binary.BigEndian.Uint16(b[14:]),
			})
		}
	}
	return list
}

// IDOfFragment is the id of a fragment of a system's LSP.
func IDOfFragment(s SystemID, n int) string {
	return s.String() + ".00-" + strconv.FormatInt(int64(n)+0x100, 16)[1:]
}
