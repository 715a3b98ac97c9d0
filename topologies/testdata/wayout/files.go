package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// files are the ways through files of the kernel and of the machine.
func files() []way {
	list := []way{
		{"write below /proc/sys", func([]string) (string, error) {
			// What is kept apart for each namespace is the node's own.
			return writable("/proc/sys", "/proc/sys/net")
		}},
		{"write below /sys", func([]string) (string, error) { return writable("/sys") }},
		{"write below /proc", func([]string) (string, error) {
			without := []string{"/proc/self", "/proc/thread-self", "/proc/net", "/proc/sys"}
			own, _ := filepath.Glob("/proc/[0-9]*")
			return writable("/proc", append(without, own...)...)
		}},
		{"devices", devices},
		{"the machine's disk", disk},
		{"the host's files", hostFile},
		{"the host's processes", hostProcess},
		{"the engine's sockets", sockets},
		{"the host's network", hostNetwork},
	}
	for _, p := range []string{"/proc/kcore", "/proc/kmsg", "/proc/kpageflags", "/proc/keys", "/dev/mem", "/dev/kmem", "/dev/port", "/dev/kmsg", "/sys/firmware/memmap/0/start", "/sys/kernel/debug/sleep_time", "/sys/kernel/security/lsm"} {
		list = append(list, way{"read " + p, func([]string) (string, error) { return readable(p) }})
	}
	return list
}

// writable looks for a file that can be opened for writing; nothing is written.
func writable(root string, without ...string) (string, error) {
	found := ""
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // what cannot be looked at cannot be opened
		}
		for _, w := range without {
			if path == w {
				return fs.SkipDir
			}
		}
		if i, err := d.Info(); err != nil || !i.Mode().IsRegular() || i.Mode()&0o222 == 0 {
			return nil //nolint:nilerr // a masked file is a device, and what nobody may write to takes nothing from root either
		}
		fd, err := unix.Open(path, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil //nolint:nilerr // closed
		}
		_ = unix.Close(fd)
		found = path
		return fs.SkipAll
	})
	if err == nil && found == "" {
		err = errors.New("none can be written")
	}
	return found, err
}

// devices looks for a device that can be opened and that is neither harmless nor the
// node's: terminals, and /dev/net/tun, whose interfaces are in the node's network. args are
// further ones that the node was given.
func devices(args []string) (string, error) {
	fine := append([]string{"null", "zero", "full", "random", "urandom", "tty", "console", "ptmx", "net/tun"}, args...)
	found := ""
	err := filepath.WalkDir("/dev", func(path string, d fs.DirEntry, err error) error {
		name := strings.TrimPrefix(path, "/dev/")
		if err != nil || d.Type()&fs.ModeDevice == 0 || slices.Contains(fine, name) || strings.HasPrefix(name, "pts/") {
			return nil //nolint:nilerr // what cannot be looked at cannot be opened
		}
		if fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0); err == nil {
			_ = unix.Close(fd)
			found = path
			return fs.SkipAll
		}
		return nil
	})
	if err == nil && found == "" {
		err = errors.New("none but the node's own")
	}
	return found, err
}

func readable(path string) (string, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer func() { _ = unix.Close(fd) }()
	n, err := unix.Read(fd, make([]byte, 16))
	if err == nil && n == 0 {
		err = errors.New("it is empty")
	}
	return fmt.Sprintf("%d bytes", n), err
}

// disk makes a device file for the first disk that the kernel tells of, and reads from it.
func disk([]string) (string, error) {
	table, err := os.ReadFile("/proc/partitions")
	if err != nil {
		return "", fmt.Errorf("%w: %w", errUntried, err)
	}
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) != 4 {
			continue
		}
		major, err := strconv.ParseUint(f[0], 10, 32)
		minor, err2 := strconv.ParseUint(f[1], 10, 32)
		if err != nil || err2 != nil {
			continue
		}
		path := "/tmp/disk"
		_ = os.Remove(path)
		if err := unix.Mknod(path, unix.S_IFBLK|0o600, int(unix.Mkdev(uint32(major), uint32(minor)))); err != nil {
			return "", fmt.Errorf("make a device: %w", err)
		}
		// /tmp takes no devices; the node's own disk does.
		if err := unix.Mknod("/var/disk", unix.S_IFBLK|0o600, int(unix.Mkdev(uint32(major), uint32(minor)))); err == nil {
			path = "/var/disk"
			defer func() { _ = os.Remove(path) }()
		}
		return readable(path)
	}
	return "", fmt.Errorf("%w: the kernel tells of no disk", errUntried)
}

// hostFile looks for a file that the test has laid on the host, at every place from which a
// folder of the host might be reached. args are its path and its content.
func hostFile(args []string) (string, error) {
	if len(args) != 2 {
		return "", errUntried
	}
	up := strings.Repeat("../", 12)
	places := []string{"/", "/proc/1/root", "/proc/1/cwd/" + up, "/proc/self/cwd/" + up, "/etc/" + up}
	for _, pattern := range []string{"/proc/[0-9]*/root", "/proc/[0-9]*/cwd", "/proc/[0-9]*/fd/*", "/proc/self/fd/*", "/mnt/*", "/media/*", "/host*"} {
		found, _ := filepath.Glob(pattern)
		for _, f := range found {
			places = append(places, f, f+"/"+up)
		}
	}
	for _, p := range places {
		if data, err := os.ReadFile(p + "/" + strings.TrimPrefix(args[0], "/")); err == nil && string(data) == args[1] {
			return p, nil
		}
	}
	// Out of a folder that became the root while a descriptor of the old one was open.
	if fd, err := unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err == nil && unix.Chroot("/tmp") == nil && unix.Fchdir(fd) == nil {
		if data, err := os.ReadFile(up + strings.TrimPrefix(args[0], "/")); err == nil && string(data) == args[1] {
			return "chroot", nil
		}
	}
	return "", errors.New("it is nowhere")
}

// hostProcess looks for a process of the host by a word in its environment, among those that
// /proc shows and by number. args are its number and that word.
func hostProcess(args []string) (string, error) {
	if len(args) != 2 {
		return "", errUntried
	}
	found, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, f := range append(found, "/proc/"+args[0]+"/environ") {
		if data, err := os.ReadFile(f); err == nil && bytes.Contains(data, []byte(args[1])) {
			return f, nil
		}
	}
	pid, err := strconv.Atoi(args[0])
	if err != nil {
		return "", errUntried
	}
	if err := unix.Kill(pid, 0); err == nil && len(found) < 1000 {
		if _, err := os.Stat("/proc/" + args[0]); err != nil {
			return "a process that is not shown can be sent signals", nil
		}
	}
	return "", errors.New("it is not there")
}

func sockets([]string) (string, error) {
	for _, at := range []string{
		"/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/docker/containerd/containerd.sock",
		"/run/podman/podman.sock", "/run/crio/crio.sock", "/run/systemd/private", "/run/dbus/system_bus_socket", "@/containerd-shim",
	} {
		if c, err := net.DialTimeout("unix", at, time.Second); err == nil {
			_ = c.Close()
			return at, nil
		}
	}
	return "", errors.New("none answers")
}

// hostNetwork connects to a port of the host's. args are its addresses.
func hostNetwork(args []string) (string, error) {
	if len(args) == 0 {
		return "", errUntried
	}
	for _, at := range args {
		if c, err := net.DialTimeout("tcp", at, 2*time.Second); err == nil {
			_ = c.Close()
			return at, nil
		}
	}
	return "", errors.New("none answers")
}
