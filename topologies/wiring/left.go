package wiring

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// leftTable holds the chains that count what leaves.
const leftTable = "reprise-left"

// Where a node has something of its own that takes arriving frames before a witness (see blind), what went past the rules
// of the far end is known from there alone: an interface counts all that it sends, and the last chain of its hook egress
// what came that way and is not taken away. The rule behind the counter says how many it had sent before. What a wire sends
// on goes past the hook too: as long as one stands there, the count is of its time, and the wire's own are taken from it.

func counting() *nftables.Table {
	return &nftables.Table{Family: nftables.TableFamilyNetdev, Name: leftTable}
}

// watchLeaving has what leaves an interface by the hook be counted, if it is not.
func (s *space) watchLeaving(iface string) error {
	if there, err := s.inForce(counting(), iface); err != nil || len(there) > 0 {
		return err
	}
	c, err := s.nft()
	if err != nil {
		return err
	}
	priority := nftables.ChainPriority(1<<31 - 1) // behind what drops
	c.AddTable(counting())
	base := c.AddChain(&nftables.Chain{
		Name: iface, Table: counting(), Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookEgress, Priority: &priority, Device: iface,
	})
	c.AddRule(&nftables.Rule{Table: counting(), Chain: base, Exprs: []expr.Any{
		&expr.Meta{Key: expr.MetaKeyMARK, Register: 1},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: binary.NativeEndian.AppendUint32(nil, marked)},
		&expr.Counter{},
	}})
	if err := c.Flush(); err != nil {
		return lackingEgress(fmt.Errorf("count what leaves %s: %w", iface, err))
	}
	seen, err := s.left(iface) // first, as it is among what was sent then
	if err != nil {
		return err
	}
	sent, err := s.sent(iface)
	if err != nil {
		return err
	}
	before := strconv.AppendUint(nil, sent-min(sent, seen.counted), 10)
	c.AddRule(&nftables.Rule{Table: counting(), Chain: base, UserData: before, Exprs: []expr.Any{&expr.Counter{}}})
	if err := c.Flush(); err != nil {
		return fmt.Errorf("note what %s has sent: %w", iface, err)
	}
	return nil
}

// forgetLeaving has it be counted no more for rules of a table. What is counted for a wire that stands there goes on.
func (s *space) forgetLeaving(table *nftables.Table, iface string) error {
	if wires, err := s.inForce(diverting(), iface); err != nil || len(wires) > 0 && table.Name != divertTable {
		return err
	}
	c, err := s.nft()
	if err != nil {
		return err
	}
	chains, err := chainsAt(c, counting(), iface)
	if err != nil || len(chains) == 0 {
		return err
	}
	deleteChains(c, chains)
	if err := c.Flush(); err != nil {
		return fmt.Errorf("count no more what leaves %s: %w", iface, err)
	}
	return nil
}

// left is what has left an interface by the hook, and how many frames it had sent before; known is false where that is not
// counted.
type left struct {
	counted, before uint64
	known           bool
}

func (s *space) left(iface string) (l left, err error) {
	rules, err := s.inForce(counting(), iface)
	if err != nil || len(rules) == 0 {
		return left{}, err
	}
	for _, e := range rules[0].Exprs {
		if counter, ok := e.(*expr.Counter); ok {
			l.counted = counter.Packets
		}
	}
	if len(rules) > 1 {
		l.before, err = strconv.ParseUint(string(rules[1].UserData), 10, 64)
		l.known = err == nil
	}
	return l, err
}

// pastHook is how many frames an interface has sent past the hook, as far as that is known.
func (s *space) pastHook(iface string) (uint64, error) {
	sent, err := s.sent(iface) // first: what leaves meanwhile is then no riddle
	if err != nil {
		return 0, err
	}
	l, err := s.left(iface)
	if err != nil || !l.known {
		return 0, err
	}
	return sent - min(sent, l.before+l.counted), nil
}

// unseen is an error where frames have gone to an end of a cable past what drops them, which past counts, and something
// of the node's own lets nobody see whether they were to be dropped.
func (s *space) unseen(iface string, past func() (uint64, error)) error {
	blind, err := s.blind(iface)
	if err != nil || !blind {
		return err
	}
	n, err := past()
	if err == nil && n > 0 {
		err = fmt.Errorf("%d frames have gone to %s past the queues, as a packet socket sends them, and what the node has there lets nobody see whether they were to be dropped", n, iface)
	}
	return err
}
