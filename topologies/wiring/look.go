package wiring

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// look tells what is in a namespace of what a lab puts there; of the interfaces named leaving also
// what drops frames that leave them.
func (o Opener) look(p Port, leaving []string) (View, error) {
	s, err := o.open(p.PID)
	if err != nil {
		return View{}, err
	}
	defer s.close()
	v := View{}
	if v.Space, err = s.inode(); err != nil {
		return View{}, err
	}
	links, err := s.handle.LinkList()
	if err != nil {
		return View{}, fmt.Errorf("list the interfaces in the namespace of %s: %w", o.whose(p.PID), err)
	}
	for _, link := range links {
		if kind := link.Type(); kind != "veth" && kind != "bridge" {
			continue
		}
		l := linkOf(link.Attrs())
		if slices.Contains(leaving, l.Name) {
			if l.Egress, err = s.egressStamp(l.Name); err != nil && !Gone(err) {
				return View{}, err
			}
		}
		v.Links = append(v.Links, l)
	}
	if p.Segment.Name == "" || p.Segment.Forward&1 != 0 {
		return v, nil
	}
	c, err := nftables.New(nftables.WithNetNSFd(int(s.ns)))
	if err != nil {
		return View{}, fmt.Errorf("reach nftables in the namespace of %s: %w", o.whose(p.PID), err)
	}
	chains, err := c.ListChainsOfTableFamily(nftables.TableFamilyNetdev)
	if err != nil {
		return View{}, fmt.Errorf("list the rules in the namespace of %s: %w", o.whose(p.PID), err)
	}
	for _, ch := range chains {
		iface, ours := strings.CutPrefix(ch.Name, stpFilter)
		if !ours || ch.Table.Name != stpTable {
			continue
		}
		rules, err := c.GetRules(ch.Table, ch)
		if err != nil && !Gone(err) {
			return View{}, fmt.Errorf("list the rules of %s: %w", iface, err)
		}
		if len(rules) > 0 {
			v.Guards = append(v.Guards, iface)
		}
	}
	return v, nil
}

// inode tells one namespace from another.
func (s *space) inode() (uint64, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(s.ns), &st); err != nil {
		return 0, fmt.Errorf("look at a network namespace: %w", err)
	}
	return st.Ino, nil
}

func linkOf(a *netlink.LinkAttrs) Link {
	l := Link{Name: a.Name, Index: a.Index, Peer: a.ParentIndex, Master: a.MasterIndex, MTU: a.MTU, Up: a.RawFlags&unix.IFF_UP != 0}
	if a.Xdp != nil && a.Xdp.Attached {
		l.Program = int(a.Xdp.ProgId)
	}
	return l
}
