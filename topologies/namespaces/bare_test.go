package namespaces_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/namespaces"
	"github.com/reprise-lab/reprise/topologies/userns"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// What the kernel takes for a lab, whoever asks it: as many of the same namespaces, each with
// an overlay, a /proc, a /dev and a process that waits, and a ring of cables, made from Go by
// one process without questions and answers, settings, names and limits.

// bareSpaces are the namespaces of a node.
const bareSpaces = unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWCGROUP

// bareRing makes such a ring, takes it away, and tells how long both took.
func bareRing(b *testing.B, tree string, n int) (up, down time.Duration) {
	b.Helper()
	m, err := userns.Find()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "__bare", strconv.Itoa(n), tree)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: bareSpaces}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	if err := m.Start(cmd); err != nil {
		b.Fatal(err)
	}
	var made []int
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &made)
	}
	if up = time.Since(start); err != nil || len(made) != n {
		b.Fatalf("a bare ring of %d: made %d, %v", n, len(made), err)
	}
	start = time.Now()
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it was killed
	return up, time.Since(start)
}

// othersGone waits until the kernel is done with the networks that have ended so far: it takes them apart
// one after the other and long after their processes are gone, and who makes new ones waits for it.
func othersGone(b *testing.B) {
	b.Helper()
	m, err := userns.Find()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "__gone")
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	if err := errors.Join(m.Start(cmd), cmd.Wait()); err != nil {
		b.Fatal(err)
	}
}

// serveGone is a process that lets a network go which has a cable to its own, and sees that cable vanish:
// then it is its turn.
func serveGone() int {
	err := userns.Enter()
	if err == nil {
		err = userns.BecomeRoot()
	}
	vanished, stop := make(chan netlink.LinkUpdate), make(chan struct{})
	defer close(stop)
	if err == nil {
		err = netlink.LinkSubscribe(vanished, stop)
	}
	if err == nil {
		var here netns.NsHandle
		if here, err = netns.Get(); err == nil {
			err = wiring.OnThread(func() error { // with which the other network goes
				pair := netlink.NewVeth(netlink.NewLinkAttrs())
				pair.Name, pair.PeerName, pair.PeerNamespace = "far", "near", netlink.NsFd(here)
				return errors.Join(unix.Unshare(unix.CLONE_NEWNET), netlink.LinkAdd(pair))
			})
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for u := range vanished {
		if u.Header.Type == unix.RTM_DELLINK && u.Attrs().Name == "near" {
			break
		}
	}
	return 0
}

// serveBare is the process that makes it: it says which processes there are, and waits.
func serveBare() int {
	n, err := strconv.Atoi(os.Args[2])
	if err == nil {
		err = bareRoot(os.Args[3])
	}
	var made []int
	if err == nil {
		made, err = bareNodes(n)
	}
	if err == nil {
		err = bareCables(made)
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(made)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	select {}
}

// bareRoot makes this process root, with a small root file system, of which a node's mounts are
// a copy.
func bareRoot(tree string) error {
	if err := userns.Enter(); err != nil {
		return err
	}
	folder, err := os.Open(tree) // as who started this process
	if err != nil {
		return err
	}
	defer folder.Close() //nolint:errcheck // read only
	const base = "/tmp"
	err = errors.Join(
		userns.BecomeRoot(),
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount("bare", base, "tmpfs", 0, ""),
		os.MkdirAll(base+"/tree", 0o755), os.MkdirAll(base+"/node", 0o755), os.MkdirAll(base+"/dev", 0o755), os.MkdirAll(base+"/proc", 0o755),
		unix.Mount(fmt.Sprintf("/proc/self/fd/%d", folder.Fd()), base+"/tree", "", unix.MS_BIND|unix.MS_REC, ""),
		unix.Mount("/dev", base+"/dev", "", unix.MS_BIND|unix.MS_REC, ""),
		unix.Mount("proc", base+"/proc", "proc", 0, ""),
		os.Chdir(base), unix.PivotRoot(".", "."), unix.Unmount(".", unix.MNT_DETACH), os.Chdir("/"),
	)
	if err != nil {
		return fmt.Errorf("make a root: %w", err)
	}
	return nil
}

func bareNodes(n int) ([]int, error) {
	program, args, err := namespaces.FirstProcess("/node/root/proc")
	if err != nil {
		return nil, err
	}
	defer program.Close() //nolint:errcheck // the processes have their own
	made := make([]int, n)
	var group errgroup.Group
	group.SetLimit(runtime.NumCPU())
	for i := range n {
		group.Go(func() error {
			return wiring.OnThread(func() (err error) {
				made[i], err = bareNode(program, args)
				return err
			})
		})
	}
	return made, group.Wait()
}

func bareNode(program *os.File, args []string) (int, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(pair[1]) //nolint:errcheck // the process has its own; it ends with the other end
	if err := errors.Join(
		unix.Unshare(bareSpaces),
		unix.Mount("node", "/node", "tmpfs", 0, ""),
		os.Mkdir("/node/upper", 0o755), os.Mkdir("/node/work", 0o755), os.Mkdir("/node/root", 0o755),
		unix.Mount("overlay", "/node/root", "overlay", 0, "lowerdir=/tree,upperdir=/node/upper,workdir=/node/work,userxattr"),
		unix.Mount("/dev", "/node/root/dev", "", unix.MS_BIND|unix.MS_REC, ""),
	); err != nil {
		return 0, err
	}
	pid, err := syscall.ForkExec(fmt.Sprintf("/proc/self/fd/%d", program.Fd()), args, &syscall.ProcAttr{Files: []uintptr{uintptr(pair[1])}})
	if err != nil {
		return 0, err
	}
	_, err = unix.Read(pair[0], make([]byte, 64)) // it has mounted its /proc
	return pid, err
}

// bareCables joins each node with the next, and brings both ends up. The first interface of a
// node, after lo, is the kernel's second.
func bareCables(made []int) error {
	handles := make([]*netlink.Handle, len(made))
	for i, pid := range made {
		ns, err := netns.GetFromPid(pid)
		if err == nil {
			defer ns.Close() //nolint:errcheck // read only
			handles[i], err = netlink.NewHandleAt(ns, unix.NETLINK_ROUTE)
		}
		if err != nil {
			return err
		}
		defer handles[i].Close()
	}
	for i := range made {
		next := (i + 1) % len(made)
		pair, peer := netlink.NewVeth(netlink.NewLinkAttrs()), netlink.NewVeth(netlink.NewLinkAttrs())
		pair.Name, pair.PeerName, pair.PeerNamespace, pair.Index = "eth1", "eth2", netlink.NsPid(made[next]), 3
		peer.Name, peer.Index = "eth2", 2
		if i == 0 {
			pair.Index = 2
		}
		if next == 0 {
			peer.Index = 3
		}
		if err := errors.Join(handles[i].LinkAdd(pair), handles[i].LinkSetUp(pair), handles[next].LinkSetUp(peer)); err != nil {
			return err
		}
	}
	return nil
}
