package namespaces

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/wiring"
)

// Where things are in the supervisor's root file system, which is a small one in memory: every
// node's mounts begin as a copy of it.
const (
	treesDir = "/trees"
	bindsDir = "/binds"
	filesDir = "/files" // 0 in it is what nodes keep on disk, where any does
	nodeDir  = "/node"  // empty; in the node's own mounts, where its root file system is made
	emptyDir = "/empty"
)

// folders are those that a node's root file system has, whatever its image says.
func folders() []string { return []string{"proc", "sys", "dev", "run", "tmp", "etc", "root"} }

// ground is what all nodes of a tree begin with, looked up once: a question to the kernel for
// each node is one too many where there are hundreds.
type ground struct {
	missing []string // of folders, in the image
	etc     unix.Stat_t
	devices []string // that the machine has
	// firmware says that /sys tells of the machine's memory.
	firmware bool
}

// groundOf looks at a tree, and at what the supervisor has.
func groundOf(tree int) ground {
	var g ground
	dir := filepath.Join(treesDir, strconv.Itoa(tree))
	for _, name := range folders() {
		if info, err := os.Lstat(filepath.Join(dir, name)); err != nil || !info.IsDir() {
			g.missing = append(g.missing, name)
		}
	}
	if err := unix.Lstat(filepath.Join(dir, "etc"), &g.etc); err != nil || g.etc.Mode&unix.S_IFMT != unix.S_IFDIR {
		g.etc = unix.Stat_t{Mode: 0o755}
	}
	for _, name := range devices() {
		if _, err := os.Stat("/dev/" + name); err == nil {
			g.devices = append(g.devices, name)
		}
	}
	_, err := os.Stat("/sys/firmware")
	g.firmware = err == nil
	return g
}

// devices are those of the machine that a node has, where the machine has them.
func devices() []string {
	return []string{"null", "zero", "full", "random", "urandom", "tty", "net/tun"}
}

// links are those that a node's /dev has.
func links() map[string]string {
	return map[string]string{"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
}

// safe are the flags of what is mounted for a node.
const safe = unix.MS_NOSUID | unix.MS_NODEV

// mounting is a mount to be made.
type mounting struct {
	source, target, kind string
	flags                uintptr
	data                 string
}

// mountAll makes mounts one after the other.
func mountAll(list ...mounting) error {
	for _, m := range list {
		if err := unix.Mount(m.source, m.target, m.kind, m.flags, m.data); err != nil {
			return fmt.Errorf("mount %s at %s: %w", m.kind, m.target, err)
		}
	}
	return nil
}

// ownRoot gives the supervisor a root file system of its own, in which the machine's is not.
// Sources are open files: what leads to them may be closed to who this process has become.
func ownRoot(trees, binds, files []*os.File) error {
	const base = "/tmp" // it is everywhere; what is in it goes with the old root
	if err := mountAll(
		mounting{target: "/", flags: unix.MS_REC | unix.MS_PRIVATE},
		mounting{source: "lab", target: base, kind: "tmpfs", flags: safe, data: "mode=755"},
	); err != nil {
		return err
	}
	for _, dir := range []string{"/proc", "/sys", "/dev/net", nodeDir, treesDir, bindsDir, filesDir, emptyDir} {
		if err := os.MkdirAll(base+dir, 0o755); err != nil {
			return fmt.Errorf("make the lab's root: %w", err)
		}
	}
	// The machine's own have to be in sight while the new ones are mounted.
	if err := mountAll(
		mounting{source: "proc", target: base + "/proc", kind: "proc", flags: safe | unix.MS_NOEXEC},
		mounting{source: "none", target: base + emptyDir, kind: "tmpfs", flags: safe | unix.MS_NOEXEC | unix.MS_RDONLY, data: "size=4k"},
		sysfs(base+"/sys"),
	); err != nil {
		return err
	}
	for _, name := range devices() {
		if err := bindDevice("/dev/"+name, base+"/dev/"+name); err != nil {
			return err
		}
	}
	if err := errors.Join(bindFiles(trees, base+treesDir, true), bindFiles(binds, base+bindsDir, false), bindFiles(files, base+filesDir, false)); err != nil {
		return err
	}
	return pivot(base)
}

// bindDevice gives a device node of the machine another name. One that the machine has not is
// not there.
func bindDevice(source, target string) error {
	if _, err := os.Stat(source); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := touch(target); err != nil {
		return err
	}
	return mountAll(mounting{source: source, target: target, flags: unix.MS_BIND})
}

// touch makes an empty file.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return f.Close()
}

// bindFiles gives open files and folders the names 0, 1, … below a folder.
func bindFiles(files []*os.File, dir string, readOnly bool) error {
	for i, f := range files {
		target := filepath.Join(dir, strconv.Itoa(i))
		if err := bindOver(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), target); err != nil {
			return err
		}
		if readOnly {
			if err := makeReadOnly(target); err != nil {
				return err
			}
		}
	}
	return nil
}

// bindOver gives a file or folder another name, and makes what is needed for it to have one.
func bindOver(source, target string) error {
	info, err := os.Stat(source)
	if err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	if info.IsDir() {
		err = os.MkdirAll(target, 0o755)
	} else if err = os.MkdirAll(filepath.Dir(target), 0o755); err == nil {
		err = touch(target)
	}
	if err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	return mountAll(mounting{source: source, target: target, flags: unix.MS_BIND | unix.MS_REC})
}

// makeReadOnly keeps whatever else is true of a mount: that may not be changed.
func makeReadOnly(target string) error {
	if err := unix.MountSetattr(unix.AT_FDCWD, target, unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}); err != nil {
		return fmt.Errorf("make %s read-only: %w", target, err)
	}
	return nil
}

// pivot makes a folder, at which something is mounted, the root, and takes the old one away.
func pivot(dir string) error {
	if err := os.Chdir(dir); err != nil {
		return fmt.Errorf("enter the new root: %w", err)
	}
	// The old root is laid over the new one, and taken off (pivot_root(2)).
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("change the root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("take the old root off: %w", err)
	}
	return os.Chdir("/")
}

// nodeRoot makes the root file system of a node in this thread's own mounts, but for /proc: the
// image's tree, over which what the node writes is kept in memory, or in its home on a disk.
func nodeRoot(n *node, g ground, single bool) error {
	name, spec := n.name, n.spec
	if err := mountAll(mounting{source: "node", target: nodeDir, kind: "tmpfs", flags: safe, data: "mode=755," + room(spec.Disk)}); err != nil {
		return err
	}
	upper, work, root := upper(n), cmp.Or(n.home, nodeDir)+"/work", nodeDir+"/root"
	for _, dir := range []string{upper, work, root} {
		if err := unix.Mkdir(dir, 0o755); err != nil {
			return fmt.Errorf("make the root of %s: %w", name, err)
		}
	}
	for _, dir := range g.missing {
		if err := unix.Mkdir(filepath.Join(upper, dir), 0o755); err != nil {
			return fmt.Errorf("make the root of %s: %w", name, err)
		}
	}
	if err := names(upper+"/etc", name, g); err != nil {
		return err
	}
	if err := mountAll(mounting{
		source: "overlay", target: root, kind: "overlay", flags: safe,
		data: fmt.Sprintf("lowerdir=%s/%d,upperdir=%s,workdir=%s,userxattr", treesDir, spec.Tree, upper, work),
	}); err != nil {
		return err
	}
	if err := errors.Join(mountSys(root+"/sys", emptyDir, g), makeDev(root+"/dev", g)); err != nil {
		return err
	}
	if err := mountAll(volatile(root, spec, single)...); err != nil {
		return err
	}
	for _, b := range spec.Binds {
		target := filepath.Join(root, filepath.Clean("/"+b.Target))
		if err := bindOver(filepath.Join(bindsDir, strconv.Itoa(b.Source)), target); err != nil {
			return err
		}
		if b.ReadOnly {
			if err := makeReadOnly(target); err != nil {
				return err
			}
		}
	}
	return nil
}

// upper is where a node keeps what it writes over its image.
func upper(n *node) string { return cmp.Or(n.home, nodeDir) + "/upper" }

// room bounds a file system in memory, in bytes and in files: an empty one takes none of the bytes,
// and some of the kernel's memory.
func room(bytes int64) string {
	return fmt.Sprintf("size=%d,nr_inodes=%d", bytes, filesIn(bytes))
}

// filesIn is how many files so many bytes may be.
func filesIn(bytes int64) int64 {
	const perFile, least = 16 << 10, 4096
	return max(bytes/perFile, least)
}

// names writes who the node is into its layer over the image's files, whose own do not matter.
func names(etc, name string, g ground) error {
	err := unix.Mkdir(etc, 0o755)
	if errors.Is(err, unix.EEXIST) { // the image has none
		err = nil
	}
	for file, text := range map[string]string{
		"hostname": name + "\n",
		"hosts":    "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n",
	} {
		err = errors.Join(err, writeFile(unix.AT_FDCWD, filepath.Join(etc, file), unix.O_CREAT|unix.O_EXCL, text))
	}
	// It stands for the image's own folder.
	if err = errors.Join(err, unix.Chown(etc, int(g.etc.Uid), int(g.etc.Gid)), unix.Chmod(etc, g.etc.Mode&0o7777)); err != nil {
		return fmt.Errorf("name the node: %w", err)
	}
	return nil
}

// writeFile writes a short file, below dir where its path is relative, without what package os
// asks the kernel about it.
func writeFile(dir int, path string, flags int, text string) error {
	fd, err := unix.Openat(dir, path, unix.O_WRONLY|unix.O_CLOEXEC|flags, 0o644)
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	n, err := unix.Write(fd, []byte(text))
	if err == nil && n < len(text) {
		err = io.ErrShortWrite
	}
	if err = errors.Join(err, unix.Close(fd)); err != nil {
		return &os.PathError{Op: "write", Path: path, Err: err}
	}
	return nil
}

// sysfs shows the network that it is mounted in.
func sysfs(target string) mounting {
	return mounting{source: "sysfs", target: target, kind: "sysfs", flags: safe | unix.MS_NOEXEC | unix.MS_RDONLY}
}

// mountSys mounts a node's /sys, without what firmware tells of the machine's memory: an empty
// folder is in its place.
func mountSys(target, empty string, g ground) error {
	if err := mountAll(sysfs(target)); err != nil || !g.firmware {
		return err
	}
	if empty == "" {
		return mountAll(mounting{source: "none", target: target + "/firmware", kind: "tmpfs", flags: safe | unix.MS_NOEXEC | unix.MS_RDONLY, data: "size=4k"})
	}
	return mountAll(mounting{source: empty, target: target + "/firmware", flags: unix.MS_BIND})
}

// volatile are the mounts that are empty at every start.
func volatile(root string, spec *nodeSpec, single bool) []mounting {
	terminals := "newinstance,ptmxmode=0666,mode=0620,gid=5"
	if single { // there is no group of terminals
		terminals = "newinstance,ptmxmode=0666,mode=0620"
	}
	return []mounting{
		{source: "devpts", target: root + "/dev/pts", kind: "devpts", flags: unix.MS_NOSUID | unix.MS_NOEXEC, data: terminals},
		{source: "shm", target: root + "/dev/shm", kind: "tmpfs", flags: safe | unix.MS_NOEXEC, data: "mode=1777," + room(sharedSize)},
		{source: "run", target: root + "/run", kind: "tmpfs", flags: safe, data: "mode=755," + room(spec.Volatile)},
		{source: "tmp", target: root + "/tmp", kind: "tmpfs", flags: safe, data: "mode=1777," + room(spec.Volatile)},
	}
}

// makeDev makes a small /dev, where this thread stands then: each path that leads there by itself
// crosses three mounts.
func makeDev(dir string, g ground) error {
	if err := mountAll(mounting{source: "dev", target: dir, kind: "tmpfs", flags: unix.MS_NOSUID, data: "mode=755," + room(64<<10)}); err != nil {
		return err
	}
	if err := unix.Chdir(dir); err != nil {
		return fmt.Errorf("make /dev: %w", err)
	}
	for _, d := range []string{"pts", "shm", "net"} {
		if err := unix.Mkdir(d, 0o755); err != nil {
			return fmt.Errorf("make /dev: %w", err)
		}
	}
	for _, name := range g.devices {
		if err := unix.Mknod(name, unix.S_IFREG|0o644, 0); err != nil {
			return fmt.Errorf("make /dev/%s: %w", name, err)
		}
		if err := mountAll(mounting{source: "/dev/" + name, target: name, flags: unix.MS_BIND}); err != nil {
			return err
		}
	}
	for name, to := range links() {
		if err := unix.Symlink(to, name); err != nil {
			return fmt.Errorf("make /dev: %w", err)
		}
	}
	return nil
}

// renewRoot does in a node's own mounts what a start does: what is empty at every start is
// emptied, and /sys shows the namespaces of this thread. The first process does so with /proc.
func renewRoot(spec *nodeSpec, g ground, single bool) error {
	fresh := volatile("", spec, single)
	for _, m := range fresh {
		if err := unix.Unmount(m.target, unix.MNT_DETACH); err != nil {
			return fmt.Errorf("empty %s: %w", m.target, err)
		}
	}
	if err := mountAll(fresh...); err != nil {
		return err
	}
	if err := os.Mkdir(beside, 0o700); err != nil {
		return fmt.Errorf("renew the node: %w", err)
	}
	if err := mountSys(beside, "", g); err != nil {
		return err
	}
	return takeOver("/sys")
}

// beside is where what replaces a view of the kernel is mounted: the old one has to be in sight
// meanwhile.
const beside = "/run/new"

// takeOver has what is mounted beside be where the old one is.
func takeOver(at string) error {
	if err := unix.Unmount(at, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("renew %s: %w", at, err)
	}
	return mountAll(mounting{source: beside, target: at, flags: unix.MS_MOVE})
}

// setSysctls gives the namespaces that this thread is in their settings, in the order of the
// settings' names, below an open /proc.
func setSysctls(proc int, settings map[string]string) error {
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		path := "sys" + filepath.Clean("/"+strings.ReplaceAll(key, ".", "/"))
		err := setSysctl(proc, path, settings[key])
		if errors.Is(err, fs.ErrNotExist) { // the machine may have it, and a network of its own not
			err = wiring.LackingSetting(key)
		}
		if err != nil {
			return fmt.Errorf("set %s: %w", key, err)
		}
	}
	return nil
}

// setSysctl writes a setting that is not so already: many are, and to write one of the network, a
// thread waits its turn by asking the kernel again and again.
func setSysctl(proc int, path, value string) error {
	fd, err := unix.Openat(proc, path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.EACCES) { // it can only be written
		return writeFile(proc, path, 0, value)
	}
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd) //nolint:errcheck // a setting is set when it is written
	is := make([]byte, len(value)+1)
	if n, err := unix.Pread(fd, is, 0); err == nil && string(is[:n]) == value+"\n" {
		return nil
	}
	n, err := unix.Pwrite(fd, []byte(value), 0)
	if err == nil && n < len(value) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return &os.PathError{Op: "write", Path: path, Err: err}
	}
	return nil
}
