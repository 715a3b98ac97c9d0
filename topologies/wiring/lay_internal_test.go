package wiring

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/livetest"
)

// networks starts processes with networks of their own.
func networks(t *testing.T, count int) []int {
	t.Helper()
	var pids []int
	for range count {
		cmd := exec.Command("sleep", "100")
		cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
		if err := cmd.Start(); err != nil {
			livetest.Missing(t, "root to wire in this process", err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait() // it was killed
		})
		pids = append(pids, cmd.Process.Pid)
	}
	return pids
}

// next is the index behind those of the interfaces that are there.
func (s *space) next() (next int, err error) {
	err = s.inside(func() error {
		t, err := openTalk()
		if err != nil {
			return err
		}
		defer t.close()
		next, err = t.last()
		next++
		return err
	})
	return next, err
}

// The cables of a lot have the indexes from the first on, in the order of their places, and what comes
// later has one behind them, also where one of them is gone by then.
func TestLay(t *testing.T) {
	t.Parallel()
	pids := networks(t, 2)
	a, b := pids[0], pids[1]
	err := OnThread(func() error { // in a network that nobody else uses
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		r, err := Opener(nil).lay(&Lot{
			Width: 1, Places: map[int]int{a: 3, b: 1}, Bridge: map[int]Segment{b: {Name: "br0"}},
			Cables: []LotCable{
				{A: Port{PID: a, Interface: "z", Index: 0}, B: Port{PID: b, Interface: "p", Index: 0, Segment: Segment{Name: "br0"}}},
				{A: Port{PID: a, Interface: "m", Index: 2, IPv4: "192.0.2.1/24", IPv6: "2001:db8::1/64"}, B: Port{PID: a, Interface: "c", Index: 1}},
			},
		}, nil)
		if err == nil && (r.Spaces[a] == 0 || r.Spaces[a] == r.Spaces[b]) {
			err = errors.New("the namespaces are not told apart")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	checkAddresses(t, a)
	for pid, want := range map[int][]string{a: {"lo", "z", "c", "m"}, b: {"lo", "p", "br0"}} {
		s, err := Opener(nil).open(pid)
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		first := 0
		var names []string
		links, err := s.handle.LinkList()
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range links {
			if l.Attrs().Name == want[1] {
				first = l.Attrs().Index
			}
			if l.Type() == "device" || l.Type() == "veth" || l.Type() == "bridge" {
				names = append(names, l.Attrs().Name)
			}
		}
		if !slices.Equal(names, want) {
			t.Errorf("interfaces: %v, want %v", names, want)
		}
		cables := slices.DeleteFunc(want, func(name string) bool { return name == "lo" || name == "br0" })
		for i, name := range cables {
			if l, err := s.handle.LinkByName(name); err != nil || l.Attrs().Index != first+i {
				t.Errorf("%s: %v, %v, and the first has %d", name, l, err, first)
			}
		}
		defer func() {
			if made := goneAndMade(t, s, cables...); made < first+len(cables) {
				t.Errorf("what was made where %v were has the index %d, and the first had %d", cables, made, first)
			}
		}()
	}
}

// goneAndMade takes interfaces away, and gives the index of one that is made then.
func goneAndMade(t *testing.T, s *space, names ...string) int {
	t.Helper()
	for _, name := range names {
		if l, err := s.handle.LinkByName(name); err == nil { // and not gone with the other end
			if err := s.handle.LinkDel(l); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.request(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, cable(end{name: "made", mtu: 1500}, end{name: "madef", mtu: 1500}, int(s.ns))...); err != nil {
		t.Fatal(err)
	}
	l, err := s.handle.LinkByName("madef") // it is made first
	if err != nil {
		t.Fatal(err)
	}
	return l.Attrs().Index
}

// Whether a namespace's last cable is laid last or not, in whatever order they are listed, and whether there
// are indexes between them: what is made later comes behind them all.
func TestLayRows(t *testing.T) {
	t.Parallel()
	for name, cables := range map[string][][2]int{
		"a ring":                        {{0, 1}, {1, 2}, {2, 3}, {3, 0}},
		"the other way round":           {{3, 0}, {2, 3}, {1, 2}, {0, 1}},
		"a star":                        {{3, 0}, {3, 1}, {3, 2}},
		"a star whose hub comes first":  {{0, 3}, {0, 2}, {0, 1}},
		"two between two":               {{0, 1}, {1, 0}, {1, 2}, {2, 3}},
		"all with all, as it happens":   {{2, 1}, {0, 3}, {1, 3}, {2, 0}, {3, 2}, {1, 0}},
		"one that ends where it begins": {{0, 0}, {0, 1}, {1, 1}, {2, 3}},
	} {
		for width := 1; width <= 2; width++ {
			t.Run(fmt.Sprint(name, ", ", width), func(t *testing.T) {
				t.Parallel()
				checkRows(t, width, cables)
			})
		}
	}
}

// checkRows lays cables between four namespaces, each with its indexes, and makes something in the place of
// the last in each.
func checkRows(t *testing.T, width int, cables [][2]int) {
	t.Helper()
	pids := networks(t, 4)
	what := &Lot{Width: width, Places: map[int]int{}}
	port := func(pid int) Port {
		what.Places[pid]++
		return Port{PID: pid, Interface: fmt.Sprint("e", what.Places[pid]), Index: what.Places[pid] - 1}
	}
	for _, c := range cables {
		what.Cables = append(what.Cables, LotCable{A: port(pids[c[0]]), B: port(pids[c[1]])})
	}
	var r Result
	err := OnThread(func() (err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		r, err = Opener(nil).lay(what, nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, pid := range pids {
		s, err := Opener(nil).open(pid)
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		places, first := what.Places[pid], r.Firsts[pid]
		for k := range places {
			if l, err := s.handle.LinkByName(fmt.Sprint("e", k+1)); err != nil || l.Attrs().Index != first+width*k {
				t.Errorf("cable %d of node %d: %v, %v; the first has %d", k+1, i, l, err, first)
			}
		}
		defer func() {
			if made := goneAndMade(t, s, fmt.Sprint("e", places)); made < first+width*places {
				t.Errorf("node %d: what was made has the index %d, and %d cables have those from %d on", i, made, places, first)
			}
		}()
	}
}

// Where places were reserved cables get them, whatever has been made behind them; and who lays them from
// a namespace that others use too leaves it alone.
func TestLayReserved(t *testing.T) {
	t.Parallel()
	pids := networks(t, 3)
	here, a, b := pids[0], pids[1], pids[2]
	kept, err := Opener(nil).Apply(Op{Kind: Reserve, A: Port{PID: b}, Places: 4})
	if err == nil {
		_, err = Opener(nil).Apply(Op{Kind: MakeBridge, A: Port{PID: b}, Bridge: Segment{Name: "own"}})
	}
	if err != nil {
		t.Fatal(err)
	}
	var r Result
	s, err := Opener(nil).open(here)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	before, err := s.next()
	if err != nil {
		t.Fatal(err)
	}
	err = s.inside(func() (err error) {
		r, err = Opener(nil).lay(&Lot{
			Width: 2, Places: map[int]int{a: 1, b: 2}, Firsts: map[int]int{b: kept.First}, Apart: true,
			Cables: []LotCable{{A: Port{PID: a, Interface: "near"}, B: Port{PID: b, Interface: "far", Index: 1}}},
		}, nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Firsts[b] != kept.First || r.Spaces[b] != kept.View.Space {
		t.Errorf("places from %d on in %d, and %d, %d were reserved", r.Firsts[b], r.Spaces[b], kept.First, kept.View.Space)
	}
	for pid, want := range map[int]struct {
		name  string
		index int
	}{a: {"near", r.Firsts[a]}, b: {"far", kept.First + 2}} {
		s, err := Opener(nil).open(pid)
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		link, err := s.handle.LinkByName(want.name)
		if err != nil || link.Attrs().Index != want.index || link.Attrs().Flags&net.FlagUp == 0 {
			t.Errorf("%s has %v, want index %d, up; %v", want.name, link, want.index, err)
		}
	}
	// The kernel numbers what is made in a namespace one by one, and never goes back.
	if err := s.request(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, cable(end{name: "probe", mtu: 1500}, end{name: "probef", mtu: 1500}, int(s.ns))...); err != nil {
		t.Fatal(err)
	}
	if after, err := s.next(); err != nil || after != before+2 {
		t.Errorf("something was made where the lot was laid from: the next index was %d and is %d after two, %v", before, after, err)
	}
}

// A namespace that is yet to come is waited for, and what can be laid before it is.
func TestLayMeanwhile(t *testing.T) {
	t.Parallel()
	const count = 2*batch + 1
	pids := networks(t, count)
	what := &Lot{Places: map[int]int{}}
	for i := range count {
		what.Places[i] = 2
		what.Cables = append(what.Cables, LotCable{A: Port{PID: i, Interface: "right", Index: 1}, B: Port{PID: (i + 1) % count, Interface: "left"}})
	}
	up := errors.New("a cable of the first is not up")
	open := func(i int) (netns.NsHandle, error) {
		if i == count-1 {
			if up = awaitUp(t, pids[1], "right"); up != nil {
				return netns.None(), up
			}
		}
		return netns.GetFromPid(pids[i])
	}
	err := OnThread(func() error { // in a network that nobody else uses
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		_, err := Opener(open).lay(what, &sync.Mutex{})
		return err
	})
	if err != nil || up != nil {
		t.Fatal(errors.Join(err, up))
	}
	for _, pid := range pids {
		for _, iface := range []string{"left", "right"} {
			if err := awaitUp(t, pid, iface); err != nil {
				t.Error(err)
			}
		}
		s, err := Opener(nil).open(pid)
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		links, err := s.handle.LinkList()
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range links {
			if strings.HasPrefix(l.Attrs().Name, placeName) {
				t.Errorf("%s keeps a place after all was laid", l.Attrs().Name)
			}
		}
	}
}

// awaitUp waits until an interface is there and up.
func awaitUp(t *testing.T, pid int, iface string) error {
	t.Helper()
	s, err := Opener(nil).open(pid)
	if err != nil {
		return err
	}
	defer s.close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		link, err := s.handle.LinkByName(iface)
		if err == nil && link.Attrs().Flags&net.FlagUp != 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s of process %d does not come up", iface, pid), err)
		}
	}
}

// checkAddresses looks at those of the cable m, which is up.
func checkAddresses(t *testing.T, pid int) {
	t.Helper()
	s, err := Opener(nil).open(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	link, err := s.handle.LinkByName("m")
	if err != nil {
		t.Fatal(err)
	}
	fd, err := s.control()
	if err != nil {
		t.Fatal(err)
	}
	for offload, name := range map[uint32]string{
		unix.ETHTOOL_GTXCSUM: "checksums of what is sent", unix.ETHTOOL_GRXCSUM: "checksums of what is received", unix.ETHTOOL_GTSO: "segments",
		unix.ETHTOOL_GGSO: "segments of any protocol", unix.ETHTOOL_GGRO: "joined frames",
	} {
		value := struct{ cmd, data uint32 }{cmd: offload}
		if _, err := ethtool(fd, "m", unsafe.Pointer(&value)); err != nil || value.data != 0 {
			t.Errorf("m leaves %s to whoever comes later: %d, %v", name, value.data, err)
		}
	}
	const tagBeside = 1 << 7 // ETH_FLAG_TXVLAN of linux/ethtool.h
	flags := struct{ cmd, data uint32 }{cmd: unix.ETHTOOL_GFLAGS}
	if _, err := ethtool(fd, "m", unsafe.Pointer(&flags)); err != nil || flags.data&tagBeside != 0 {
		t.Errorf("m has tags beside its frames: %x, %v", flags.data, err)
	}
	list, err := s.handle.AddrList(link, netlink.FAMILY_ALL)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, a := range list {
		got[fmt.Sprint(a.IPNet, " ", a.Broadcast)] = true
	}
	if !got["192.0.2.1/24 192.0.2.255"] || !got["2001:db8::1/64 <nil>"] || link.Attrs().Flags&net.FlagUp == 0 {
		t.Errorf("m has %v, flags %s", got, link.Attrs().Flags)
	}
	if a := link.Attrs(); a.NumTxQueues != 1 || a.NumRxQueues != 1 {
		t.Errorf("m has %d and %d queues, which the kernel makes and takes away one by one", a.NumTxQueues, a.NumRxQueues)
	}
}

// What the kernel refuses of several questions is told, and the others are carried out.
func TestTalk(t *testing.T) {
	t.Parallel()
	err := OnThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		here, err := openHere()
		if err != nil {
			return err
		}
		defer here.close()
		if here.talk, err = openTalk(); err != nil {
			return err
		}
		p := placeholders{here: here}
		err = errors.Join(p.cable("one", here), p.cable("one", here), p.cable("two", here), here.talk.flush())
		if !errors.Is(err, unix.EEXIST) {
			t.Errorf("two of one name: %v", err)
		}
		if last, err := here.talk.last(); err != nil || last != 5 {
			t.Errorf("the last interface is %d, %v; want lo and two cables", last, err)
		}
		return nil
	})
	if errors.Is(err, unix.EPERM) {
		livetest.Missing(t, "root to wire in this process", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Placeholders take the next indexes and are gone behind them, of whichever kind they are.
func TestPlaceholders(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"macvlan", "cable"} {
		far := networks(t, 1)[0]
		err := OnThread(func() error { // in a network that nobody else uses
			if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
				return err
			}
			here, err := openHere()
			if err != nil {
				return err
			}
			defer here.close()
			if here.talk, err = openTalk(); err != nil {
				return err
			}
			s, err := Opener(nil).open(far)
			if err != nil {
				return err
			}
			defer s.close()
			first, err := s.next()
			if err != nil {
				return err
			}
			p, err := here.makePlaceholders(1)
			if kind == "cable" {
				p.lower = 0
			}
			if err := errors.Join(err, p.add(s), p.add(s), here.talk.flush()); err != nil {
				return err
			}
			if last, err := s.next(); err != nil || last != first+2 {
				t.Errorf("%s: the next index is %d after two from %d on, %v", kind, last, first, err)
			}
			if err := p.remove(here.talk); err != nil {
				return err
			}
			if left, err := s.next(); err != nil || left != first {
				t.Errorf("%s: left behind: up to %d, %v", kind, left, err)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
