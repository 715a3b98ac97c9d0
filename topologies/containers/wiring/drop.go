package wiring

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"syscall"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

const (
	dropTable = "reprise"
	// chances is the resolution of a probability.
	chances = 1_000_000
)

// addDrop hooks a chain of the filter's own at the interface's ingress. A frame may be
// IPv4 or IPv6, TCP or UDP: each alternative is a rule, and only dropped frames are counted.
func addDrop(p Port, f Filter) error {
	if math.IsNaN(f.Probability) || f.Probability < 0 || f.Probability > 1 {
		return fmt.Errorf("probability %v is not between 0 and 1", f.Probability)
	}
	m, err := read(f.Match)
	if err != nil {
		return err
	}
	return inTable(p.PID, func(c *nftables.Conn, t *nftables.Table) error {
		c.AddTable(t)
		ch := c.AddChain(&nftables.Chain{
			Name: f.ID, Table: t, Type: nftables.ChainTypeFilter,
			Hooknum: nftables.ChainHookIngress, Priority: nftables.ChainPriorityFilter, Device: p.Interface,
		})
		for _, alternative := range m.alternatives() {
			c.AddRule(&nftables.Rule{Table: t, Chain: ch, Exprs: append(alternative, verdict(f.Probability)...)})
		}
		if err := c.Flush(); err != nil {
			return fmt.Errorf("put a drop rule on %s: %w", p.Interface, err)
		}
		return nil
	})
}

func removeDrop(p Port, id string) error {
	err := inTable(p.PID, func(c *nftables.Conn, t *nftables.Table) error {
		ch := &nftables.Chain{Name: id, Table: t}
		c.FlushChain(ch)
		c.DelChain(ch)
		if err := c.Flush(); err != nil {
			return fmt.Errorf("remove the drop rule of %s: %w", p.Interface, err)
		}
		return nil
	})
	if Gone(err) {
		return nil
	}
	return err
}

func countDrop(p Port, id string) (n uint64, err error) {
	err = inTable(p.PID, func(c *nftables.Conn, t *nftables.Table) error {
		rules, err := c.GetRules(t, &nftables.Chain{Name: id, Table: t})
		if err != nil {
			return fmt.Errorf("read the drop rule of %s: %w", p.Interface, err)
		}
		if len(rules) == 0 {
			return fmt.Errorf("read the drop rule of %s: %w", p.Interface, syscall.ENOENT)
		}
		for _, r := range rules {
			for _, e := range r.Exprs {
				if counter, ok := e.(*expr.Counter); ok {
					n += counter.Packets
				}
			}
		}
		return nil
	})
	return n, err
}

// inTable runs f with a connection in the namespace of a process.
func inTable(pid int, f func(*nftables.Conn, *nftables.Table) error) error {
	s, err := open(pid)
	if err != nil {
		return err
	}
	defer s.close()
	c, err := nftables.New(nftables.WithNetNSFd(int(s.ns)), nftables.AsLasting())
	if err != nil {
		return fmt.Errorf("reach nftables in the namespace of process %d: %w", pid, err)
	}
	err = f(c, &nftables.Table{Family: nftables.TableFamilyNetdev, Name: dropTable})
	return errors.Join(err, c.CloseLasting())
}

// verdict draws the lot where there is one, counts and drops. The generator's number
// is in host order and a comparison is of bytes: it is turned round first.
func verdict(probability float64) []expr.Any {
	var list []expr.Any
	if probability > 0 && probability < 1 {
		list = append(list,
			&expr.Numgen{Register: 1, Modulus: chances, Type: unix.NFT_NG_RANDOM},
			&expr.Byteorder{SourceRegister: 1, DestRegister: 1, Op: expr.ByteorderHton, Len: 4, Size: 4},
			&expr.Cmp{Op: expr.CmpOpLt, Register: 1, Data: binaryutil.BigEndian.PutUint32(uint32(math.Round(probability * chances)))})
	}
	return append(list, &expr.Counter{}, &expr.Verdict{Kind: expr.VerdictDrop})
}

// alternatives gives the predicate as rules of which any one may hold.
func (f frame) alternatives() [][]expr.Any {
	base := f.link()
	if f.etherType != 0 {
		base = append(base, equal(&expr.Meta{Key: expr.MetaKeyPROTOCOL, Register: 1}, be16(f.etherType))...)
	}
	base = append(append(base, address(f.srcIP, 12, 8)...), address(f.dstIP, 16, 24)...)
	if len(f.protocols) == 0 {
		return [][]expr.Any{base}
	}
	families := []uint16{f.etherType}
	if f.etherType == 0 {
		families = []uint16{unix.ETH_P_IP, unix.ETH_P_IPV6}
	}
	var list [][]expr.Any
	for _, family := range families {
		for _, p := range f.protocols {
			rule := append([]expr.Any{}, base...)
			if f.etherType == 0 {
				rule = append(rule, equal(&expr.Meta{Key: expr.MetaKeyPROTOCOL, Register: 1}, be16(family))...)
			}
			rule = append(rule, equal(&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1}, []byte{p})...)
			list = append(list, append(rule, f.ports()...))
		}
	}
	return list
}

// link matches the Ethernet addresses.
func (f frame) link() []expr.Any {
	var list []expr.Any
	for _, side := range []struct {
		mac    net.HardwareAddr
		offset uint32
	}{{f.dst, 0}, {f.src, 6}} {
		if side.mac != nil {
			list = append(list, equal(&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseLLHeader, Offset: side.offset, Len: 6}, side.mac)...)
		}
	}
	return list
}

func (f frame) ports() []expr.Any {
	var list []expr.Any
	for _, side := range []struct {
		port   uint16
		offset uint32
	}{{f.srcPort, 0}, {f.dstPort, 2}} {
		if side.port != 0 {
			list = append(list, equal(&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: side.offset, Len: 2}, be16(side.port))...)
		}
	}
	return list
}

// address matches an IP prefix at the offset that its family has it at.
func address(p netip.Prefix, offset4, offset6 uint32) []expr.Any {
	if !p.IsValid() {
		return nil
	}
	offset, size := offset4, 4
	if p.Addr().Is6() {
		offset, size = offset6, 16
	}
	mask := net.CIDRMask(p.Bits(), size*8)
	return []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: uint32(size)},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: uint32(size), Mask: mask, Xor: make([]byte, size)},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: p.Addr().AsSlice()},
	}
}

func equal(load expr.Any, data []byte) []expr.Any {
	return []expr.Any{load, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: data}}
}

func be16(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }
