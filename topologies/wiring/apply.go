package wiring

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

const (
	// DefaultMTU is that of a cable that names none.
	DefaultMTU = 1500
	maxName    = 15 // characters of an interface name
)

// Opener opens the network namespace of the process that a number in an operation stands for. Who
// hands one out holds its processes, so that no other is met that has got a number since; the error
// for one that has ended is one for which [Gone] holds. One that it knows is about to be it may wait for.
// Of nil, numbers are the kernel's, looked up.
type Opener func(process int) (netns.NsHandle, error)

// Apply carries one operation out, on processes as the kernel numbers them. It needs CAP_NET_ADMIN
// and CAP_SYS_ADMIN.
func Apply(op Op) (Result, error) { return Opener(nil).Apply(op) }

// Apply carries one operation out. It needs CAP_NET_ADMIN and CAP_SYS_ADMIN.
func (o Opener) Apply(op Op) (Result, error) {
	switch op.Kind {
	case Connect:
		return Result{}, unanswered(o.connect(op))
	case Disconnect:
		return Result{}, unanswered(o.disconnect(op.A))
	case State:
		return Result{}, unanswered(o.setState(op.A, op.Up))
	case Reserve:
		r, err := o.reserve(op.A, op.Places)
		return r, unanswered(err)
	case Lay:
		r, err := o.lay(op.Lot, nil)
		return r, unanswered(err)
	case Look:
		view, err := o.look(op.A, op.Leaving)
		return Result{View: view}, unanswered(err)
	case MakeBridge:
		return Result{}, unanswered(o.makeBridge(op.A, op.Bridge))
	case Drop:
		return o.drop(op)
	case Count:
		return o.count(op)
	case Divert:
		return Result{}, unanswered(o.divert(op))
	case Diverted:
		return o.diverted(op)
	case Own:
		list, err := o.own(op.A)
		return Result{Own: list}, unanswered(err)
	case Kill:
		return Result{}, kill(op.A.PID)
	case HandTap, HandSocket:
		return Result{}, o.hand(op)
	default:
		return Result{}, fmt.Errorf("unknown wiring operation %q", op.Kind)
	}
}

// space is an open network namespace.
type space struct {
	ns     netns.NsHandle
	handle *netlink.Handle   // nil in a lot until it is needed
	route  *nl.NetlinkSocket // in it; nil until it is needed
	talk   *talk             // in it; nil until it is needed
	fd     int               // of a socket in it, for ioctls; -1 until it is needed
	bits   wanted            // what plainFrames turns off; zero until it is needed
}

func (o Opener) open(pid int) (*space, error) {
	ns, err := o.namespace(pid)
	if err != nil {
		return nil, err
	}
	return openAt(ns)
}

// namespace opens the namespace of a process.
func (o Opener) namespace(pid int) (netns.NsHandle, error) {
	open := o
	if o == nil {
		open = netns.GetFromPid
	}
	ns, err := open(pid)
	if err != nil {
		return netns.None(), fmt.Errorf("open the namespace of %s: %w", o.whose(pid), err)
	}
	return ns, nil
}

// whose says to a person what a number in an operation stands for.
func (o Opener) whose(number int) string {
	if o == nil {
		return fmt.Sprintf("process %d", number)
	}
	return fmt.Sprintf("the node that its lab numbers %d", number)
}

// openHere opens this process's own.
func openHere() (*space, error) {
	ns, err := netns.Get()
	if err != nil {
		return nil, fmt.Errorf("open the own namespace: %w", err)
	}
	return openAt(ns)
}

func openAt(ns netns.NsHandle) (*space, error) {
	h, err := newHandle(ns)
	if err != nil {
		return nil, errors.Join(err, ns.Close())
	}
	return &space{ns: ns, handle: h, fd: -1}, nil
}

// newHandle makes a handle to the kernel's networking in a namespace, which waits no longer for each
// answer than a [talk] does. Whoever has rights over a node's network may write to it as to a talk,
// but what is not the kernel's is no answer and ends the wait with an error: such a one has an operation
// fail that waits then, and none succeed. The same holds for [space.request].
func newHandle(ns netns.NsHandle) (*netlink.Handle, error) {
	h, err := netlink.NewHandleAt(ns, syscall.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("enter a namespace of the network: %w", err)
	}
	if err := h.SetSocketTimeout(answerTimeout); err != nil {
		h.Close()
		return nil, fmt.Errorf("bound the wait for the kernel in a namespace: %w", err)
	}
	return h, nil
}

func (s *space) close() {
	if s.handle != nil {
		s.handle.Close()
	}
	if s.talk != nil {
		s.talk.close()
	}
	if s.route != nil {
		s.route.Close()
	}
	if s.fd >= 0 {
		_ = unix.Close(s.fd) // it was only asked
	}
	_ = s.ns.Close() // a descriptor that was only read
}

// CheckName says what is wrong with an interface name.
func CheckName(name string) error {
	switch {
	case name == "" || name == "." || name == "..":
		return fmt.Errorf("interface name %q is not usable", name)
	case len(name) > maxName:
		return fmt.Errorf("interface name %q is longer than %d characters", name, maxName)
	case strings.ContainsAny(name, "/: \t\n"):
		return fmt.Errorf("interface name %q must not hold a slash, a colon or a blank", name)
	}
	return nil
}

func (o Opener) connect(op Op) (err error) {
	for _, name := range []string{op.A.Interface, op.B.Interface} {
		if err := CheckName(name); err != nil {
			return err
		}
	}
	a, err := o.open(op.A.PID)
	if err != nil {
		return err
	}
	defer a.close()
	b, err := o.open(op.B.PID)
	if err != nil {
		return err
	}
	defer b.close()
	near, far, err := ends(op)
	if err != nil {
		return err
	}
	if err := a.makeCable(near, far, int(b.ns)); err != nil {
		return fmt.Errorf("make the cable %s–%s: %w", op.A.Interface, op.B.Interface, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.disconnect(op.A))
		}
	}()
	if err := a.settle(op.A); err != nil {
		return err
	}
	if err := b.settle(op.B); err != nil || op.Down {
		return err
	}
	if err := a.raise(op.A); err != nil {
		return err
	}
	return b.raise(op.B)
}

// ends describes the two ends of a cable.
func ends(op Op) (a, b end, err error) {
	mtu := op.MTU
	if mtu == 0 {
		mtu = DefaultMTU
	}
	a, b = end{name: op.A.Interface, index: op.A.Index, mtu: mtu}, end{name: op.B.Interface, index: op.B.Index, mtu: mtu}
	for _, e := range []struct {
		text string
		mac  *net.HardwareAddr
	}{{op.A.MAC, &a.address}, {op.B.MAC, &b.address}} {
		if e.text == "" {
			continue
		}
		if *e.mac, err = net.ParseMAC(e.text); err != nil {
			return a, b, fmt.Errorf("read the address of the cable %s–%s: %w", op.A.Interface, op.B.Interface, err)
		}
	}
	return a, b, nil
}

// fit gives one end, which is down, its settings and its segment.
func (s *space) fit(p Port) error {
	if err := s.plainFrames(p.Interface); err != nil || p.Segment.Name == "" {
		return err
	}
	if s.handle == nil {
		var err error
		if s.handle, err = newHandle(s.ns); err != nil {
			return err
		}
	}
	link, err := s.find(p)
	if err != nil {
		return err
	}
	return s.enslave(link, p)
}

// settle gives one end, which is down, its settings, its segment and its addresses.
func (s *space) settle(p Port) error {
	if err := s.fit(p); err != nil {
		return err
	}
	link, err := s.find(p)
	if err != nil {
		return err
	}
	for _, text := range []string{p.IPv4, p.IPv6} {
		if text == "" {
			continue
		}
		addr, err := netlink.ParseAddr(text)
		if err != nil {
			return fmt.Errorf("read the address %q of %s: %w", text, p.Interface, err)
		}
		if addr.IP.To4() == nil {
			addr.Flags |= syscall.IFA_F_NODAD // usable at once: a cable has no third party
		}
		if err := s.handle.AddrAdd(link, addr); err != nil {
			return fmt.Errorf("give %s the address %s: %w", p.Interface, text, err)
		}
	}
	return nil
}

// raise brings one end up.
func (s *space) raise(p Port) error {
	link, err := s.find(p)
	if err != nil {
		return err
	}
	if err := s.handle.LinkSetUp(link); err != nil {
		return fmt.Errorf("bring %s up: %w", p.Interface, err)
	}
	return nil
}

// find gives the interface of a port that was just made, whose index is known where it was asked for.
func (s *space) find(p Port) (netlink.Link, error) {
	if p.Index != 0 {
		attrs := netlink.NewLinkAttrs()
		attrs.Name, attrs.Index = p.Interface, p.Index
		return netlink.NewVeth(attrs), nil
	}
	link, err := s.handle.LinkByName(p.Interface)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", p.Interface, err)
	}
	return link, nil
}

// Gone says that an operation failed because its interface or its rule, or the process
// whose namespace they were in, is no more.
func Gone(err error) bool {
	var missing netlink.LinkNotFoundError
	return errors.As(err, &missing) || errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ESRCH) || errors.Is(err, syscall.ENODEV)
}

func (o Opener) disconnect(p Port) error {
	s, err := o.open(p.PID)
	if Gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer s.close()
	link, err := s.handle.LinkByName(p.Interface)
	if err == nil {
		err = s.handle.LinkDel(link)
	}
	if err != nil && !Gone(err) {
		return fmt.Errorf("remove %s: %w", p.Interface, err)
	}
	return nil
}

func (o Opener) setState(p Port, up bool) error {
	s, err := o.open(p.PID)
	if err != nil {
		return err
	}
	defer s.close()
	link, err := s.handle.LinkByName(p.Interface)
	if err != nil {
		return fmt.Errorf("find %s: %w", p.Interface, err)
	}
	if up {
		err = s.handle.LinkSetUp(link)
	} else {
		err = s.handle.LinkSetDown(link)
	}
	if err != nil {
		return fmt.Errorf("set the state of %s: %w", p.Interface, err)
	}
	return nil
}

// kill ends a process group. One that has ended already is no error.
func kill(pid int) error {
	if pid <= 1 {
		return fmt.Errorf("refuse to end process %d", pid)
	}
	if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("end process %d: %w", pid, err)
	}
	return nil
}
