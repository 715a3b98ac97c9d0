package namespaces

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/bounded"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// A lab that outlives its owner has a door: a socket at which its supervisor takes another owner for a while, when the
// first is gone, and one at a time. It is in a folder that none but the lab's user can enter.

// doorName is that of the socket in its folder.
const doorName = "door"

// doorDir is the folder of a lab's door. Its name follows from the lab's.
func doorDir(lab string) string { return filepath.Join(os.TempDir(), lab+".door") }

// makeDoor makes the door of a lab that is about to be built, where a lab of this name may have been before. The error
// where one is up is a *[topologies.TakenError].
func makeDoor(lab string) (*os.File, error) {
	dir := doorDir(lab)
	if ownFolder(dir) {
		if conn, err := knock(dir); err == nil {
			return nil, errors.Join(&topologies.TakenError{Lab: lab, By: "one of this name is up, and must end first"}, conn.Close())
		}
	}
	if err := removeDoor(lab); err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a door for a lab that is kept: %w", err)
	}
	l, err := listenAt(dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a door for a lab that is kept: %w", err), os.RemoveAll(dir))
	}
	return l, nil
}

// listenAt makes a socket in a folder, however long its path is.
func listenAt(dir string) (*os.File, error) {
	path, done, err := shortPath(dir)
	if err != nil {
		return nil, err
	}
	defer done()
	l, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: path, Net: "unixpacket"})
	if err != nil {
		return nil, err
	}
	defer l.Close()           //nolint:errcheck // the file that is returned is another descriptor of it
	l.SetUnlinkOnClose(false) // the supervisor has it
	return l.File()
}

// shortPath is a path of the socket in a folder that fits into an address: the kernel takes 108 bytes.
func shortPath(dir string) (path string, done func(), err error) {
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", nil, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", fd, doorName), func() { _ = unix.Close(fd) }, nil // it was only looked up
}

// removeDoor removes what a lab of this name has left, if it was this user's.
func removeDoor(lab string) error {
	dir := doorDir(lab)
	if _, err := os.Lstat(dir); err != nil || !ownFolder(dir) {
		return nil //nolint:nilerr // there is none, or it is another's, which whoever makes one says
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove the door of lab %s: %w", lab, err)
	}
	return nil
}

// ownFolder reports whether a folder is this user's, and nobody else's to enter.
func ownFolder(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || info.Mode().Perm()&0o077 != 0 {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}

// closedDoors removes the doors of this user's labs that are no more.
func closedDoors() error {
	dirs, err := filepath.Glob(doorDir("reprise-*"))
	if err != nil {
		return fmt.Errorf("look for doors of labs: %w", err)
	}
	var errs []error
	for _, dir := range dirs {
		if !ownFolder(dir) {
			continue
		}
		conn, err := knock(dir)
		if err == nil {
			_ = conn.Close() // it was only asked whether anybody is there
		}
		if errors.Is(err, unix.ECONNREFUSED) {
			errs = append(errs, removeDoor(strings.TrimSuffix(filepath.Base(dir), filepath.Ext(dir))))
		}
	}
	return errors.Join(errs...)
}

// knock connects to a lab's door.
func knock(dir string) (*net.UnixConn, error) {
	path, done, err := shortPath(dir)
	if err != nil {
		return nil, err
	}
	defer done()
	return net.DialUnix("unixpacket", nil, &net.UnixAddr{Name: path, Net: "unixpacket"})
}

// greeting is what a supervisor says to who comes through the door.
type greeting struct {
	Taken string `json:"taken,omitempty"` // why he cannot have the lab
}

// answerDoor takes those who come through the door, until it is closed: one at a time, and nobody before the owner is gone.
func (s *supervisor) answerDoor(door *net.UnixListener, gone <-chan struct{}) {
	var visit sync.Mutex
	for {
		conn, err := door.AcceptUnix()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close() //nolint:errcheck // the visitor is gone
			var g greeting
			select {
			case <-gone:
			default:
				g.Taken = "who built it goes on"
			}
			if g.Taken == "" {
				if visit.TryLock() {
					defer visit.Unlock()
				} else {
					g.Taken = "somebody else is attached to it"
				}
			}
			if err := send(conn, g); err != nil || g.Taken != "" {
				return
			}
			s.voice.Lock()
			s.control = conn
			s.voice.Unlock()
			t := newTenure(conn)
			_ = s.listen(t) // its end is that of the visitor
			s.forgetAll()
			t.end()
		}()
	}
}

// Attach implements topologies.Attacher.
func (p *Provider) Attach(ctx context.Context, t topologies.Topology, run string, number int) (topologies.Reservation, error) {
	id := labID(run, number)
	if !ownFolder(doorDir(id)) {
		return nil, topologies.ErrNoLab
	}
	conn, err := knock(doorDir(id))
	if errors.Is(err, unix.ECONNREFUSED) || errors.Is(err, unix.ENOENT) {
		return nil, topologies.ErrNoLab
	}
	if err != nil {
		return nil, fmt.Errorf("attach to lab %s: %w", id, err)
	}
	var g greeting
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // a supervisor that was stopped says nothing
	if _, err := receive(conn, make([]byte, maxMessage), &g); err != nil || !stop() {
		return nil, fmt.Errorf("attach to lab %s: %w", id, errors.Join(err, context.Cause(ctx), ignoreClosed(conn.Close())))
	}
	if g.Taken != "" {
		return nil, errors.Join(&topologies.TakenError{Lab: id, By: g.Taken}, conn.Close())
	}
	l, err := p.attach(ctx, t, topologies.Options{Run: run, Lab: number}, conn)
	if err != nil {
		return nil, fmt.Errorf("attach to lab %s: %w", id, err)
	}
	return l, nil
}

// KeptLabs implements topologies.KeptTeller. They are those that were to be kept, and have their door in the temporary
// folder of this process.
func (p *Provider) KeptLabs(context.Context) (list []topologies.KeptLab, err error) {
	found, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	for _, dir := range found {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue // no process
		}
		w, ok := labelOf(pid)
		number, err := strconv.Atoi(w.Lab[strings.LastIndexByte(w.Lab, '-')+1:])
		if ok && err == nil && w.Keep && w.Lab == labID(w.Run, number) && ownFolder(doorDir(w.Lab)) && !outlives(w.Owner, pid) {
			list = append(list, topologies.KeptLab{Run: w.Run, Number: number})
		}
	}
	return list, nil
}

// attach makes the reservation of a lab that is up, with its supervisor at the other end of conn.
func (p *Provider) attach(ctx context.Context, t topologies.Topology, o topologies.Options, conn *net.UnixConn) (*lab, error) {
	l := newLab(t.Clone(), o, build{})
	l.watch.ears = &p.ears
	for _, n := range t.Nodes {
		m := &member{planned: planned{Node: n}}
		l.nodes[n.Name] = m
		l.order = append(l.order, m)
	}
	var err error
	if l.client, err = visit(conn, l.happened); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if err = l.meetAll(ctx); err == nil {
		l.cables, err = l.newCabling()
	}
	if err != nil {
		return nil, errors.Join(err, l.Release(ctx))
	}
	l.cables.Found = true
	return l, nil
}

// visit is the end of who came through a door.
func visit(conn *net.UnixConn, happen func(answer)) (*client, error) {
	near, far, err := socketPair(unix.SOCK_STREAM)
	if err != nil {
		return nil, err
	}
	defer far.Close() //nolint:errcheck // the supervisor has its own
	c := &client{said: bounded.NewLast(keepWords), control: conn, wires: wiring.Dial(near), ended: make(chan struct{}), happen: happen, waiting: map[int]chan reply{}}
	go func() {
		c.listen()
		close(c.ended)
	}()
	p, err := c.ask(request{Op: opWire}, far)
	if err != nil {
		return nil, errors.Join(err, c.wires.Close())
	}
	p.done()
	return c, nil
}

// meetAll learns the first process of each node.
func (l *lab) meetAll(ctx context.Context) error {
	for _, n := range l.order {
		r, err := l.client.call(ctx, request{Op: opMeet, Node: n.Name})
		if err != nil {
			return fmt.Errorf("node %s: %w", n.Name, err)
		}
		if len(r.files) != 1 {
			closeAll(r.files)
			return fmt.Errorf("node %s: its first process did not come with the answer", n.Name)
		}
		n.pidfd, n.life, n.held = r.files[0], r.Life, r.Life // which Release closes
		if n.here, err = numberHere(n.pidfd); err != nil {
			return fmt.Errorf("node %s: %w", n.Name, err)
		}
		l.births = max(l.births, r.Life)
	}
	return nil
}

// meet answers with the first process of a node that runs.
func (s *supervisor) meet(n *node, a answer) {
	l, err := n.current()
	if err == nil {
		a.Life = l.number
		err = hold(l.handle, func(int) error {
			s.tell(a, l.handle)
			return nil
		})
	}
	if err != nil {
		a.fail(err)
		s.tell(a)
	}
}

// wire has the owner, or who came through the door, carry out operations on networks by what he asks for on sockets.
func (s *supervisor) wire(t *tenure, sockets []*os.File) {
	for _, f := range sockets {
		t.work.Go(func() {
			defer f.Close()                                          //nolint:errcheck // its end is that of who asks
			_ = wiring.Serve(f, f, s.network, s.ending, &s.networks) // likewise
		})
		go func() {
			<-t.over
			_ = hold(f, func(fd int) error { return unix.Shutdown(fd, unix.SHUT_RDWR) }) // it may be closed
		}()
	}
}

// openDoor has the supervisor of a lab that is kept answer its door, once gone is closed.
func (s *supervisor) openDoor(fd uintptr, gone <-chan struct{}) error {
	f := os.NewFile(fd, "door")
	defer f.Close() //nolint:errcheck // the listener has a copy
	l, err := net.FileListener(f)
	if err != nil {
		return fmt.Errorf("open the lab's door: %w", err)
	}
	door, ok := l.(*net.UnixListener)
	if !ok {
		return errors.Join(errors.New("open the lab's door: it is none of this machine"), l.Close())
	}
	go s.answerDoor(door, gone)
	return nil
}
