package containers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/bounded"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// helperPath is where the helper finds this program.
const helperPath = "/reprise"

// helper is the connection to the container that does the wiring, if there is one.
type helper struct {
	mu     sync.Mutex
	client *wiring.Client
	taps   *net.UnixListener // set with the client
	handed int               // sockets that were asked for
}

func (h *helper) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.client == nil {
		return nil
	}
	c := h.client
	h.client = nil
	return errors.Join(c.Close(), h.taps.Close())
}

// openWirer chooses who does the wiring.
func (l *lab) openWirer(ctx context.Context) (wiring.Wirer, error) {
	if mayWire() && !l.provider.options.Helper {
		return wiring.NewLocal(), nil
	}
	w, err := l.startHelper(ctx)
	if err != nil {
		return nil, fmt.Errorf("start the wiring helper: %w", err)
	}
	return w, nil
}

// mayWire says whether this process may enter other network namespaces and change them.
func mayWire() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if os.Geteuid() != 0 || unix.Capget(&header, &data[0]) != nil {
		return false
	}
	const needed = 1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_SYS_ADMIN | 1<<unix.CAP_SYS_PTRACE
	return data[0].Effective&needed == needed
}

// startHelper starts the container and connects to the program in it. It belongs to
// the lab like a node, and ends when the connection does.
func (l *lab) startHelper(ctx context.Context) (*wiring.Client, error) {
	exe, err := filepath.Abs(l.provider.options.Executable)
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	taps, err := l.listenForTaps()
	if err != nil {
		return nil, err
	}
	image := l.order[0].Image
	for _, n := range l.order {
		if n.ours {
			image = n.Image
		}
	}
	labels := maps.Clone(l.labels)
	labels[LabelNode] = helperNode
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	defer cancel()
	ctr, err := l.maker.CreateContainer(whole, testcontainers.ContainerRequest{
		Image: image, Name: l.ID() + "_wiring", Labels: labels,
		Entrypoint: append([]string{helperPath}, l.provider.options.WireArgs...),
		ConfigModifier: func(c *container.Config) {
			c.OpenStdin, c.StdinOnce, c.AttachStdin, c.AttachStdout, c.AttachStderr = true, true, true, true, true
			c.User, c.Cmd, c.Env = "0", []string{}, []string{}
		},
		HostConfigModifier: func(h *container.HostConfig) {
			h.NetworkMode, h.PidMode = "none", "host"
			h.CapAdd = []string{"NET_ADMIN", "SYS_ADMIN", "SYS_PTRACE"}
			h.SecurityOpt = []string{"apparmor=unconfined", "seccomp=unconfined"}
			h.Binds = []string{exe + ":" + helperPath + ":ro", taps + ":" + tapsPath}
			h.LogConfig = container.LogConfig{Type: "none"}
		},
	})
	if ctr != nil && ctr.GetContainerID() != "" {
		l.own(ctr.GetContainerID())
	}
	if err != nil {
		return nil, err
	}
	attached, err := l.engine.ContainerAttach(whole, ctr.GetContainerID(), client.ContainerAttachOptions{Stream: true, Stdin: true, Stdout: true, Stderr: true})
	if err != nil {
		return nil, fmt.Errorf("attach: %w", err)
	}
	l.helper.mu.Lock()
	l.helper.client = wiring.Dial(newTube(attached.HijackedResponse))
	w := l.helper.client
	l.helper.mu.Unlock()
	return w, ctr.Start(whole)
}

// keepWords bounds what is kept of what the helper says on standard error, in bytes.
const keepWords = 4096

// tube is the attached standard input and output of the helper.
type tube struct {
	conn client.HijackedResponse
	out  *io.PipeReader
}

func newTube(conn client.HijackedResponse) *tube {
	pr, pw := io.Pipe()
	go func() {
		said := bounded.NewLast(keepWords)
		_, err := stdcopy.StdCopy(pw, said, conn.Reader)
		if words := said.String(); words != "" {
			err = errors.Join(err, errors.New("it said: "+words))
		}
		_ = pw.CloseWithError(err) // never fails
	}()
	return &tube{conn: conn, out: pr}
}

func (t *tube) Read(b []byte) (int, error)  { return t.out.Read(b) }
func (t *tube) Write(b []byte) (int, error) { return t.conn.Conn.Write(b) }

func (t *tube) Close() error {
	t.conn.Close()
	return t.out.Close()
}
