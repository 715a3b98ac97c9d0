package spread_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gopacket/gopacket/pcapgo"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/namespaces"
	"github.com/reprise-lab/reprise/topologies/spread"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// verbs of the test binary.
const (
	verbAgent = "__agent" // serves at a path
	verbOwner = "__owner" // owns a lab on two agents at paths until it is killed
)

// serveAgent is a host's agent: it serves every connection to a socket at a path, and ends with its input.
func serveAgent(path string) int {
	b, err := namespaces.New(namespaces.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Println("ready")
	for {
		conn, err := l.Accept()
		if err != nil {
			return 0
		}
		go func() {
			if err := spread.Serve(context.Background(), conn, b); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}()
	}
}

// ownLab owns a lab until it is killed.
func ownLab(run string, paths []string) int {
	p, err := spread.New(hostsAt(paths), nil)
	if err == nil {
		_, err = inTurn{p, []string{"east", "west"}}.Reserve(context.Background(), subject().Ring(4), topologies.Options{Run: run})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// hostsAt are two that are reached at paths.
func hostsAt(paths []string) (hosts []spread.Host) {
	for i, name := range []string{"east", "west"} {
		hosts = append(hosts, spread.Host{Name: name, Address: netip.AddrFrom4([4]byte{10, 254, 0, byte(i + 1)}), Dial: func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", paths[i])
		}})
	}
	return hosts
}

// child is a process of this program.
type child struct {
	*exec.Cmd
	errors bytes.Buffer
	ended  chan struct{}
}

// start starts one that says when it is ready.
func start(tb testing.TB, flags uintptr, argv ...string) *child {
	tb.Helper()
	c := &child{Cmd: exec.Command("/proc/self/exe", argv...), ended: make(chan struct{})}
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: 0}
	c.Stderr = &c.errors
	in, err := c.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := c.Start(); err != nil {
		livetest.Missing(tb, "root to make networks for hosts", err)
	}
	tb.Cleanup(func() {
		_ = in.Close()
		_ = c.Process.Kill() // it may have ended
		<-c.ended
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	go func() {
		_ = c.Wait() // how it ended does not matter
		close(c.ended)
	}()
	if err != nil || line != "ready\n" {
		tb.Fatalf("%v says %q: %v\n%s", argv, line, err, c.errors.String())
	}
	return c
}

// kill ends it as by kill -9.
func (c *child) kill() {
	_ = c.Process.Kill()
	<-c.ended
}

// twoHosts are two agents in networks of their own, with a cable between them.
type twoHosts struct {
	agents   []*child
	paths    []string
	networks map[int]netns.NsHandle // by process
}

func newHosts(tb testing.TB) *twoHosts {
	tb.Helper()
	builder(tb)
	h := &twoHosts{networks: map[int]netns.NsHandle{}}
	dir := tb.TempDir()
	for _, name := range []string{"east", "west"} {
		path := filepath.Join(dir, name)
		agent := start(tb, unix.CLONE_NEWNET, verbAgent, path)
		network, err := netns.GetFromPid(agent.Process.Pid) // as long as no thread of it is elsewhere
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { _ = network.Close() }) // it was only read
		h.agents, h.networks[agent.Process.Pid] = append(h.agents, agent), network
		h.paths = append(h.paths, path)
	}
	h.wire(tb, wiring.Op{Kind: wiring.Connect, A: h.port(0), B: h.port(1)})
	return h
}

// port is the end of the cable between the hosts at one of them.
func (h *twoHosts) port(i int) wiring.Port {
	return wiring.Port{PID: h.agents[i].Process.Pid, Interface: "under", IPv4: fmt.Sprintf("10.254.0.%d/24", i+1)}
}

func (h *twoHosts) wire(tb testing.TB, op wiring.Op) {
	tb.Helper()
	open := wiring.Opener(func(process int) (netns.NsHandle, error) {
		fd, err := unix.FcntlInt(uintptr(h.networks[process]), unix.F_DUPFD_CLOEXEC, 0)
		return netns.NsHandle(fd), err
	})
	if _, err := open.Apply(op); err != nil {
		tb.Fatal(err)
	}
}

func (h *twoHosts) provider(tb testing.TB) topologies.Provider {
	tb.Helper()
	p, err := spread.New(hostsAt(h.paths), nil)
	if err != nil {
		tb.Fatal(err)
	}
	return inTurn{p, []string{"east", "west"}}
}

const frr = "reprise/frr:8.4.4"

// startOSPF has FRR speak OSPF on a node.
func startOSPF(tb testing.TB, h topologies.Host, id string) {
	tb.Helper()
	topologiestest.Run(tb, h, "sh", "-c", "install -d -o frr -g frr /run/frr && /usr/lib/frr/zebra -d -A 127.0.0.1 && /usr/lib/frr/ospfd -d -A 127.0.0.1")
	argv := []string{"vtysh"}
	for _, line := range []string{
		"configure terminal", "interface eth1", "ip ospf hello-interval 1", "ip ospf dead-interval 4", "exit", "router ospf", "ospf router-id " + id, "network 10.0.0.0/24 area 0",
	} {
		argv = append(argv, "-c", line)
	}
	topologiestest.Run(tb, h, argv...)
}

// neighbour is the state of a node's one neighbour.
func neighbour(tb testing.TB, h topologies.Host) string {
	tb.Helper()
	return topologiestest.Run(tb, h, "vtysh", "-d", "ospfd", "-c", "show ip ospf neighbor")
}

// Two routers on two hosts become neighbours; what a fault drops on the cable between them, a witness at the
// far end does not see, and the adjacency ends and comes again with it.
func TestOSPF(t *testing.T) {
	t.Parallel()
	s := subject()
	s.Image = frr
	p := newHosts(t).provider(t)
	r := topologiestest.Reserve(t, p, s.Pair("eth1", "eth1"), topologies.Options{Run: topologiestest.RunName(t, "ospf")})
	r1, r2 := topologiestest.Host(t, r, "r1"), topologiestest.Host(t, r, "r2")
	startOSPF(t, r1, "1.1.1.1")
	startOSPF(t, r2, "2.2.2.2")
	full := func() bool {
		return strings.Contains(neighbour(t, r1), "Full") && strings.Contains(neighbour(t, r2), "Full")
	}
	topologiestest.Eventually(t, "both are Full", full)

	// Hellos of r1 are dropped on their way to r2: the witness is on r2's host, the sender on the other.
	path := filepath.Join(t.TempDir(), "r2.pcapng")
	witness, err := topologiestest.Ability[topologies.Capturer](t, r).Capture(t.Context(), topologies.CaptureSpec{
		Endpoint: topologies.Endpoint{Node: "r2", Interface: "eth1"}, Filter: "ip proto 89", Path: path, About: "a test",
	})
	if err != nil {
		t.Fatal(err)
	}
	sees := func(source string) int {
		t.Helper()
		if _, err := witness.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		return count(t, path, source)
	}
	topologiestest.Eventually(t, "the witness sees r1's hellos", func() bool { return sees("10.0.0.1") > 0 })
	fault := topologiestest.Inject(t, r, topologies.Fault{
		Kind: topologies.FaultDrop, Endpoint: topologies.Endpoint{Node: "r1", Interface: "eth1"}, Direction: topologies.DirectionOut, Match: topologies.FrameMatch{Proto: "ospf", SrcIP: "10.0.0.1"},
	})
	before := sees("10.0.0.1")
	topologiestest.Eventually(t, "r2 has lost r1", func() bool { return neighbour(t, r2) == "" || !strings.Contains(neighbour(t, r2), "1.1.1.1") })
	if after := sees("10.0.0.1"); after != before {
		t.Errorf("%d frames of r1 came to the witness while they were dropped", after-before)
	}
	if n := topologiestest.Fired(t, fault); n < 3 {
		t.Errorf("%d were dropped", n)
	}
	topologiestest.Heal(t, fault)
	topologiestest.Eventually(t, "both are Full again", full)
	if held, err := witness.Stop(); err != nil || held.Dropped > 0 || uint64(count(t, path, "")) != held.Frames {
		t.Errorf("%+v, %v", held, err)
	}

	clock, other := topologiestest.Ability[topologies.NodeClockTeller](t, r).NodeClock("r2", time.Now())
	if !other || clock.Host != "west" || !clock.Measured || clock.Within <= 0 {
		t.Errorf("the clock of r2: %+v, %v", clock, other)
	}
	ways, err := topologiestest.Ability[topologies.UnderlayTeller](t, r).Underlay(t.Context())
	if err != nil || len(ways) != 1 || ways[0].From != "east" || ways[0].Host != "west" || ways[0].Measured == 0 || ways[0].Least <= 0 || ways[0].Frames == 0 || ways[0].Lost > 0 {
		t.Errorf("underlay: %+v, %v", ways, err)
	}
	if lines := strings.Join(topologiestest.Ability[topologies.Warner](t, r).Warnings(), "\n"); !strings.Contains(lines, "cable r1:eth1–r2:eth1 goes through a tunnel from host east to west (UDP in user space, AES-256-GCM): frames take ") {
		t.Errorf("warnings: %s", lines)
	}
	topologiestest.Unchanged(t, r)
}

// count is how many frames of a source address a capture holds; of any where it is empty.
func count(tb testing.TB, path, source string) (n int) {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	in, err := pcapgo.NewNgReader(f, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		tb.Fatal(err)
	}
	for {
		frame, info, err := in.ReadPacketData()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return n
		}
		if err != nil {
			tb.Fatal(err)
		}
		if age := time.Since(info.Timestamp); age < 0 || age > time.Hour {
			tb.Errorf("a frame is of %s", info.Timestamp)
		}
		if source == "" || len(frame) > 30 && net.IP(frame[26:30]).String() == source {
			n++
		}
	}
}

// gone waits until nothing is left of a run.
func gone(tb testing.TB, run string) {
	tb.Helper()
	topologiestest.Eventually(tb, "nothing is left of "+run, func() bool { return len(left(tb, run)) == 0 })
}

// A host whose agent is killed has its nodes ended, says so of each, and leaves nothing; those of the other
// host run until the lab is released.
func TestAgentKilled(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	run := topologiestest.RunName(t, "agent-killed")
	r := topologiestest.Reserve(t, h.provider(t), subject().Ring(4), topologies.Options{Run: run})
	before := len(left(t, run))
	h.agents[1].kill()
	topologiestest.Eventually(t, "one host has nothing of it", func() bool { return len(left(t, run)) == before/2 })
	broken(t, r, "n2", "host west")
	if s, err := topologiestest.Ability[topologies.NodeWatcher](t, r).NodeState(t.Context(), "n1"); err != nil || !s.Running {
		t.Errorf("n1: %+v, %v", s, err)
	}
	if err := r.Release(t.Context()); err != nil {
		t.Error(err)
	}
	gone(t, run)
}

// broken checks that a node is said not to run, why, and that nothing else is said of it that could be taken
// for an answer.
func broken(tb testing.TB, r topologies.Reservation, node, why string) {
	tb.Helper()
	w := topologiestest.Ability[topologies.NodeWatcher](tb, r)
	topologiestest.Eventually(tb, node+" is said not to run", func() bool {
		s, err := w.NodeState(tb.Context(), node)
		return err == nil && !s.Running && strings.Contains(s.Detail, why)
	})
	if exit, err := topologiestest.Host(tb, r, node).Exec(tb.Context(), []string{"true"}, nil, nil, nil); err == nil {
		tb.Errorf("a command on %s ended with %d", node, exit)
	}
	if list, err := topologiestest.Ability[topologies.StateChecker](tb, r).Changes(tb.Context()); err == nil {
		tb.Errorf("that host %s is gone is no error: %v", node, list)
	}
}

// The end of who has the lab ends it on all hosts.
func TestOwnerKilled(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	run := topologiestest.RunName(t, "owner-killed")
	owner := start(t, 0, verbOwner, run, h.paths[0], h.paths[1])
	if n := len(left(t, run)); n < 2 {
		t.Fatalf("%d processes of the lab", n)
	}
	owner.kill()
	gone(t, run)
}

// A connection that is cut ends the part of the lab that is behind it, also in the middle of a command.
func TestConnectionCut(t *testing.T) {
	t.Parallel()
	b := builder(t)
	a := newAgent(t, b)
	p, err := spread.New([]spread.Host{{Name: "here"}, a.host("there")}, b)
	if err != nil {
		t.Fatal(err)
	}
	run := topologiestest.RunName(t, "cut")
	r := topologiestest.Reserve(t, inTurn{p, []string{"here", "there"}}, subject().Pair("eth1", "eth1"), topologies.Options{Run: run})
	r2 := topologiestest.Host(t, r, "r2")
	failed := make(chan error, 1)
	stream, err := r2.Open(t.Context(), []string{"cat"}, true)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close() //nolint:errcheck // it ends with its lab
	begun, out := io.Pipe()
	go func() {
		_, err := r2.Exec(context.WithoutCancel(t.Context()), []string{"sh", "-c", "echo begun; exec sleep 1004"}, nil, out, nil)
		failed <- err
	}()
	topologiestest.Until(t, begun, "begun")
	a.mu.Lock()
	for _, conn := range a.conns {
		_ = conn.Close()
	}
	a.mu.Unlock()
	if err := <-failed; err == nil || !strings.Contains(err.Error(), "host there") {
		t.Errorf("the command: %v", err)
	}
	if _, err := io.ReadAll(stream); err == nil || !strings.Contains(err.Error(), "host there") {
		t.Errorf("the stream: %v", err)
	}
	broken(t, r, "r2", "host there")
	if err := r.Release(t.Context()); err != nil {
		t.Error(err)
	}
	gone(t, run)
}

// What the way between hosts loses is said once, and that it is cut for as long as it is.
func TestUnderlayChanges(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	r := topologiestest.Reserve(t, h.provider(t), subject().Pair("eth1", "eth1"), topologies.Options{Run: topologiestest.RunName(t, "underlay")})
	r1 := topologiestest.Host(t, r, "r1")
	if err := topologiestest.Ping(t.Context(), r1, "10.0.0.2"); err != nil {
		t.Fatal(err)
	}
	topologiestest.Unchanged(t, r)
	said := func(want string) bool {
		t.Helper()
		return slices.ContainsFunc(topologiestest.Changes(t, r), func(c topologies.Change) bool { return strings.Contains(c.What, want) && len(c.Ends) == 2 })
	}
	h.wire(t, wiring.Op{Kind: wiring.State, A: h.port(1)})
	topologiestest.Run(t, r1, "bash", "-c", "for i in 1 2 3; do echo x > /dev/udp/10.0.0.2/9; done; true")
	if !said("nothing has come from west") {
		t.Error("nobody says that nothing comes")
	}
	h.wire(t, wiring.Op{Kind: wiring.State, A: h.port(1), Up: true})
	topologiestest.Eventually(t, "what was lost is said", func() bool { return said("frames were lost") })
	topologiestest.Eventually(t, "they hear each other again", func() bool { return len(topologiestest.Changes(t, r)) == 0 })
	if err := topologiestest.Ping(t.Context(), r1, "10.0.0.2"); err != nil {
		t.Fatal(err)
	}
	topologiestest.Unchanged(t, r)
}
