package wiring

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// witnessTable holds the chains that count what arrived although a filter matches it.
const witnessTable = "reprise-witness"

// A witness stands behind a filter, where the kernel's own reading of a frame begins: frames
// that arrive there by a way that passes the filter's place (those that another node's tc has
// redirected do) are counted, so that nobody takes them for dropped. It matches no frame that
// the filter does not.

// setWitnesses has the filters of an interface, and no others, be watched.
func (s *space) setWitnesses(iface string, filters []Filter) error {
	c, err := nftables.New(nftables.WithNetNSFd(int(s.ns)))
	if err != nil {
		return fmt.Errorf("reach nftables: %w", err)
	}
	table := &nftables.Table{Family: nftables.TableFamilyNetdev, Name: witnessTable}
	there, err := c.ListChainsOfTableFamily(nftables.TableFamilyNetdev)
	if err != nil {
		return fmt.Errorf("list the witnesses of %s: %w", iface, err)
	}
	there = slices.DeleteFunc(there, func(ch *nftables.Chain) bool { return ch.Table.Name != witnessTable || !watches(ch.Name, iface) })
	c.AddTable(table)
	for _, f := range filters {
		name := witnessOf(iface, f.ID)
		if slices.ContainsFunc(there, func(ch *nftables.Chain) bool { return ch.Name == name }) {
			continue
		}
		m, err := read(f.Match)
		if err != nil {
			return err
		}
		ch := c.AddChain(&nftables.Chain{
			Name: name, Table: table, Type: nftables.ChainTypeFilter,
			Hooknum: nftables.ChainHookIngress, Priority: nftables.ChainPriorityFilter, Device: iface,
		})
		for _, alternative := range m.alternatives() {
			c.AddRule(&nftables.Rule{Table: table, Chain: ch, Exprs: append(alternative, &expr.Counter{})})
		}
	}
	for _, ch := range there {
		if !slices.ContainsFunc(filters, func(f Filter) bool { return witnessOf(iface, f.ID) == ch.Name }) {
			c.FlushChain(ch)
			c.DelChain(ch)
		}
	}
	if err := c.Flush(); err != nil {
		return fmt.Errorf("put a witness on %s: %w", iface, err)
	}
	return nil
}

// witnessOf names a chain; the name of an interface holds no slash.
func witnessOf(iface, id string) string { return iface + "/" + id }

func watches(chain, iface string) bool {
	rest, ok := strings.CutPrefix(chain, iface+"/")
	return ok && rest != ""
}

// arrived is how many frames a witness has counted.
func (s *space) arrived(iface, id string) (n uint64, err error) {
	c, err := nftables.New(nftables.WithNetNSFd(int(s.ns)))
	if err != nil {
		return 0, fmt.Errorf("reach nftables: %w", err)
	}
	table := &nftables.Table{Family: nftables.TableFamilyNetdev, Name: witnessTable}
	rules, err := c.GetRules(table, &nftables.Chain{Name: witnessOf(iface, id), Table: table})
	if err == nil && len(rules) == 0 {
		err = syscall.ENOENT
	}
	if err != nil {
		return 0, fmt.Errorf("ask the witness on %s: %w", iface, err)
	}
	for _, r := range rules {
		for _, e := range r.Exprs {
			if counter, ok := e.(*expr.Counter); ok {
				n += counter.Packets
			}
		}
	}
	return n, nil
}

// alternatives gives the predicate as rules of which any one may hold.
func (f frame) alternatives() [][]expr.Any {
	base := f.macs()
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

// macs matches the Ethernet addresses.
func (f frame) macs() []expr.Any {
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
