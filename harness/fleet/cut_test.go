package fleet_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/fleettest"
	"github.com/reprise-lab/reprise/harness/fleet/server"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// cutVariable has [TestNetworkCut] cut more, and longer: CUTS/SECONDS/SEED.
const cutVariable = "REPRISE_FLEET_CUTS"

// insideVariable says that the test has a network of its own.
const insideVariable = "REPRISE_TEST_FLEET_NETWORK"

// TestNetworkCut: three workers in a network namespace each, joined to the server's by a cable. Cables are pulled for longer than a
// lease lasts and put back, in the middle of trials and of what is said about them: nothing is counted twice, nothing is lost, the
// result is the undisturbed one, and who was cut off comes back by itself.
func TestNetworkCut(t *testing.T) {
	if os.Getenv(insideVariable) != "" {
		cutNetwork(t)
		return
	}
	livetest.Long(t, "cables between network namespaces are pulled")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	inside := exec.CommandContext(t.Context(), self, "-test.run=^TestNetworkCut$", "-test.v", "-test.timeout=15m")
	inside.Env = append(os.Environ(), insideVariable+"=1")
	inside.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := inside.CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		livetest.Missing(t, "user namespaces", err)
	}
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// farHost is a worker in a process and a network of its own.
type farHost struct {
	name  string
	cable netlink.Link // its end in this network
	plug  io.WriteCloser
	cmd   *exec.Cmd
}

// startFar starts a worker whose only way to a server is a cable, number n.
func startFar(t *testing.T, n int, s *server.Server, takes time.Duration) *farHost {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	near := netip.AddrFrom4([4]byte{10, 78, byte(n), 1})
	far := near.Next()
	h := &farHost{name: fmt.Sprintf("far%d-", n), cmd: exec.CommandContext(context.WithoutCancel(t.Context()), "sh", "-c", `read there; exec "$0"`, self)}
	h.cmd.Env = append(os.Environ(), fmt.Sprintf("%s=1 %s %s %s", workersVariable, through(s.URL(fleet.RoleWorker), net.JoinHostPort(near.String(), port)), takes, h.name))
	h.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	h.cmd.Stderr = os.Stderr
	if h.plug, err = h.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = h.plug.Close()
		_ = h.cmd.Wait()
	})
	ns, err := netns.GetFromPid(h.cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close() //nolint:errcheck // it was only read
	if h.cable, err = fleettest.Cable(ns, fmt.Sprintf("far%d", n), near, far); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(h.plug, "the cable is there\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "joined\n" {
		t.Fatalf("%s: %q, %v", h.name, line, err)
	}
	return h
}

// cutNetwork is the test in a network of its own.
func cutNetwork(t *testing.T) {
	t.Helper()
	cuts, seconds, seed := 3, 4, uint64(1)
	if given := os.Getenv(cutVariable); given != "" {
		if _, err := fmt.Sscanf(given, "%d/%d/%d", &cuts, &seconds, &seed); err != nil {
			t.Fatalf("%s: want CUTS/SECONDS/SEED: %v", cutVariable, err)
		}
	}
	lo, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.LinkSetUp(lo)
	}
	if err != nil {
		t.Fatal(err)
	}
	const often, takes = 500 * time.Millisecond, 300 * time.Millisecond
	s := startServer(t, server.Options{Listen: "0.0.0.0:0", Advertise: "127.0.0.1", Renewal: often})
	var hosts []*farHost
	for n := range 3 {
		hosts = append(hosts, startFar(t, n+1, s, takes))
	}
	var late uncounted
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{Uncounted: late.add})
	there := func(name string) bool {
		return slices.ContainsFunc(c.Workers(), func(o fleet.Offer) bool { return strings.HasPrefix(o.Name, name) })
	}
	eventually(t, "all are there", func() bool { return len(c.Workers()) == len(hosts) })

	random := rand.New(rand.NewPCG(seed, 0))
	var over atomic.Bool
	pulled := make(chan error, 1)
	go func() {
		var errs []error
		for range cuts {
			<-time.After(time.Duration(random.IntN(int(takes))))
			h := hosts[random.IntN(len(hosts))]
			gone := time.Now()
			errs = append(errs, netlink.LinkSetDown(h.cable))
			for missed := false; !missed || time.Since(gone) < time.Duration(seconds)*time.Second; missed = !there(h.name) {
				if time.Since(gone) > time.Duration(seconds)*time.Second+within {
					errs = append(errs, fmt.Errorf("%s is cut off for %s and not missed", h.name, time.Since(gone)))
					break
				}
				<-time.After(20 * time.Millisecond)
			}
			errs = append(errs, netlink.LinkSetUp(h.cable))
			back := time.Now()
			for !there(h.name) && time.Since(back) < within {
				<-time.After(20 * time.Millisecond)
			}
			if !there(h.name) {
				errs = append(errs, fmt.Errorf("%s does not come back within %s", h.name, within))
			}
			fmt.Printf("%s was cut off for %s and back in %s\n", h.name, back.Sub(gone).Round(time.Millisecond), time.Since(back).Round(time.Millisecond))
		}
		over.Store(true)
		pulled <- errors.Join(errs...)
	}()
	plan, trials := []byte("plan"), 0
	for !over.Load() { // series after series, until the last cable is back
		const each = 20
		work := []byte(fmt.Sprintf("%s %d", plan, trials))
		if diff := cmp.Diff(local(work, each, 0), seriesFrom(t, c, work, trials, each)); diff != "" {
			t.Errorf("trials %d and on (-undisturbed +cut):\n%s", trials, diff)
		}
		trials += each
	}
	if err := <-pulled; err != nil {
		t.Error(err)
	}
	t.Logf("seed %d: %d cuts of %d s, %d trials, each counted once; not counted: %q", seed, cuts, seconds, trials, late.all())
}

// seriesFrom is series with names of tasks that begin behind others.
func seriesFrom(t *testing.T, c *fleet.Coordinator, plan []byte, from, trials int) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 6*within)
	defer cancel()
	name := func(n int) string { return fmt.Sprint(from + n) }
	for n := 1; n <= trials; n++ {
		if err := c.Submit(ctx, fleet.Task{ID: name(n), Trial: n, Payload: plan}, fleet.Needs{Kind: "container"}); err != nil {
			t.Fatal(err)
		}
	}
	ledger := ""
	for n := 1; n <= trials; n++ {
		s, err := c.Await(ctx, name(n))
		if err != nil {
			t.Fatalf("trial %s: %v", name(n), err)
		}
		ledger += fmt.Sprintf("%s %x\n", s.Summary, sha256.Sum256(s.Record))
		if err := c.Keep(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	return ledger
}
