package wire_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// Readers of other programs: the switch and the machine that nodes of a lab are.

// switchImage has Open vSwitch.
const switchImage = "reprise/ovs:3.1.0"

// visitor is a container that is in the network of a port, and has its own files.
type visitor struct {
	topologies.Host
	id, network string
}

// Exec implements topologies.Host.
func (v visitor) Exec(ctx context.Context, argv []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	cmd := exec.CommandContext(ctx, "docker", append([]string{"exec", v.id, "nsenter", "--net=" + v.network}, argv...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// newSwitch is an Open vSwitch with its datapath in user space, started as that of a lab is: what it passes on to the port
// of the bridge itself is seen there.
func newSwitch(t *testing.T, c *cable) reader {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "docker", "image", "inspect", "-f", "{{.Id}}", switchImage).CombinedOutput(); err != nil {
		livetest.Missing(t, "the image "+switchImage+" in a container engine", errors.New(string(bytes.TrimSpace(out))))
	}
	args := []string{"run", "-d", "--rm", "--pid", "host", "--network", "none", "--device", "/dev/net/tun", "--entrypoint", "sleep"}
	for _, able := range []string{"SYS_ADMIN", "SYS_PTRACE", "NET_ADMIN", "NET_RAW"} { // to go where the port is, and to switch
		args = append(args, "--cap-add", able)
	}
	out, err := exec.CommandContext(t.Context(), "docker", append(args, switchImage, "600")...).Output()
	if err != nil {
		t.Fatal(err)
	}
	id := strings.TrimSpace(string(out))
	t.Cleanup(func() { // first the switch, which is no child of its first process
		v := visitor{id: id, network: "/proc/self/ns/net"}
		ctx := context.WithoutCancel(t.Context())
		_, _ = v.Exec(ctx, []string{"sh", "-c", "kill -9 $(cat /run/openvswitch/*.pid)"}, nil, io.Discard, io.Discard)
		if err := exec.CommandContext(ctx, "docker", "rm", "-f", id).Run(); err != nil {
			t.Error(err)
		}
	})
	const bridge = "br0"
	v := visitor{id: id, network: "/proc/" + strconv.Itoa(c.at.PID) + "/ns/net"}
	if err := wiring.StartSwitch(t.Context(), v, wiring.Segment{Name: bridge}, []string{c.at.Interface}); err != nil {
		t.Fatal(err)
	}
	inside(t, c.at, func() error {
		link, err := netlink.LinkByName(bridge)
		if err != nil {
			return err
		}
		return netlink.LinkSetUp(link)
	})
	return socketReader{c.socket(wiring.Port{PID: c.at.PID, Interface: bridge}), headers}
}

// newQEMU is the QEMU of a machine within a node: it reads a tap to which tc redirects what arrives. In the place of a
// machine it has a socket, to which it hands each frame on.
func newQEMU(t *testing.T, c *cable) reader {
	t.Helper()
	const program = "qemu-system-x86_64"
	if _, err := exec.LookPath(program); err != nil {
		livetest.Missing(t, "QEMU", err)
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	dir := t.TempDir()
	here, there := filepath.Join(dir, "here"), filepath.Join(dir, "there")
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: here}); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.Command(program, "-M", "none", "-nodefaults", "-display", "none",
		"-netdev", "tap,id=tap,ifname=tap0,script=no,downscript=no,vhost=off", "-netdev", "hubport,id=a,hubid=1,netdev=tap",
		"-netdev", "dgram,id=out,local.type=unix,local.path="+there+",remote.type=unix,remote.path="+here, "-netdev", "hubport,id=b,hubid=1,netdev=out")
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	inside(t, c.at, cmd.Start)
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it says itself why it cannot go on, or is killed
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	topologiestest.Eventually(t, "QEMU has its tap", func() (there bool) {
		select {
		case <-ended:
			t.Fatalf("it has ended: %s", said.String())
		default:
		}
		inside(t, c.at, func() error {
			_, err := netlink.LinkByName("tap0")
			there = err == nil
			return nil
		})
		return there
	})
	inside(t, c.at, func() error { return redirect(c, "tap0") })
	return socketReader{fd, headers}
}
