package wiring

import (
	"fmt"
	"slices"
	"syscall"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// witnessTable holds the chains that count what arrived although a filter matches it.
const witnessTable = "reprise-witness"

// A witness stands behind a filter, where the kernel's own reading of a frame begins: frames
// that arrive there by a way that passes the filter's place (those that another node's tc has
// redirected do) are counted, so that nobody takes them for dropped. It matches what the filter
// does, and counts it wherever it came from. Of its table, an interface has one base chain for
// each filter.

func witnesses() *nftables.Table {
	return &nftables.Table{Family: nftables.TableFamilyNetdev, Name: witnessTable}
}

// setWitnesses has the filters of an interface, and no others, be watched.
func (s *space) setWitnesses(table *nftables.Table, iface string, filters []Filter) error {
	c, err := s.nft()
	if err != nil {
		return err
	}
	there, err := chainsAt(c, table, iface)
	if err != nil {
		return err
	}
	watched := map[string]bool{}
	for _, ch := range there {
		watched[filterOf(ch.Name)] = true
	}
	c.AddTable(table)
	deleteChains(c, slices.DeleteFunc(there, func(ch *nftables.Chain) bool {
		return slices.ContainsFunc(filters, func(f Filter) bool { return f.ID == filterOf(ch.Name) })
	}))
	if err := c.Flush(); err != nil {
		return fmt.Errorf("take a witness off %s: %w", iface, err)
	}
	for _, f := range filters {
		if watched[f.ID] {
			continue
		}
		base := c.AddChain(&nftables.Chain{
			Name: filterChain(iface, f.ID) + "/base", Table: table, Type: nftables.ChainTypeFilter,
			Hooknum: nftables.ChainHookIngress, Priority: nftables.ChainPriorityFilter, Device: iface,
		})
		t, err := newTree(c, table, iface, f, []expr.Any{&expr.Counter{}}, []expr.Any{&expr.Counter{}})
		if err != nil {
			return err
		}
		t.enter(base, f.ID)
		if err := c.Flush(); err != nil {
			return fmt.Errorf("put a witness on %s: %w", iface, err)
		}
	}
	return nil
}

// arrived is how many frames a witness has counted.
func (s *space) arrived(table *nftables.Table, iface, id string) (uint64, error) {
	list, err := s.counted(table, iface, id, chainCaught)
	if err == nil && len(list) == 0 {
		err = syscall.ENOENT
	}
	if err != nil {
		return 0, fmt.Errorf("ask the witness on %s: %w", iface, err)
	}
	return list[0], nil
}
