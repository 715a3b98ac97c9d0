package wiring

import (
	"errors"
	"os/exec"
	"slices"
	"testing"

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

// The cables of a lot have every second index from the first on, in the order of their places,
// and what comes later has one behind them.
func TestLay(t *testing.T) {
	t.Parallel()
	pids := networks(t, 2)
	a, b := pids[0], pids[1]
	err := OnThread(func() error { // in a network that nobody else uses
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		r, err := lay(&Lot{
			Places: map[int]int{a: 3, b: 1}, Bridge: map[int]Segment{b: {Name: "br0"}},
			Cables: []LotCable{
				{A: Port{PID: a, Interface: "z", Index: 0}, B: Port{PID: b, Interface: "p", Index: 0, Segment: Segment{Name: "br0"}}},
				{A: Port{PID: a, Interface: "m", Index: 2}, B: Port{PID: a, Interface: "c", Index: 1}},
			},
		})
		if err == nil && (r.Spaces[a] == 0 || r.Spaces[a] == r.Spaces[b]) {
			err = errors.New("the namespaces are not told apart")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for pid, want := range map[int][]string{a: {"lo", "z", "c", "m"}, b: {"lo", "p", "br0"}} {
		s, err := open(pid)
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
		last, err := s.next()
		if cables := len(want) - 1; pid == a && (err != nil || last != first+2*(cables-1)+1) {
			t.Errorf("the last index is %d, and the first %d: %v", last-1, first, err)
		}
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
			s, err := open(far)
			if err != nil {
				return err
			}
			defer s.close()
			first, err := s.next()
			if err != nil {
				return err
			}
			p, err := here.makePlaceholders()
			if kind == "cable" {
				p.lower = 0
			}
			if err := errors.Join(err, p.add(s), p.add(s)); err != nil {
				return err
			}
			if last, err := s.next(); err != nil || last != first+2 {
				t.Errorf("%s: the next index is %d after two from %d on, %v", kind, last, first, err)
			}
			if err := p.remove(); err != nil {
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
