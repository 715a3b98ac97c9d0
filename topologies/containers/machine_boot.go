package containers

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/bounded"
)

const (
	machineAsk  = time.Second
	dialTimeout = 3 * time.Second
)

// awaitMachine waits until the machine within a node's container is up: as its image's
// health check says, and without one until ssh greets, or its console answers.
func (l *lab) awaitMachine(ctx context.Context, n *node) error {
	if n.machine == nil {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, n.machine.boot, fmt.Errorf("it was not up within %v (label %s)", n.machine.boot, LabelBoot))
	defer cancel()
	tick := time.NewTicker(machineAsk)
	defer tick.Stop()
	for {
		up, state, err := l.machineUp(ctx, n)
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("boot the machine in %s: %w", n.Name, err)
		}
		if up {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("boot the machine in %s: %w: %s\n%s", n.Name, context.Cause(ctx), state, l.lastWords(ctx, n))
		}
	}
}

// machineUp looks once. A container that has ended is an error.
func (l *lab) machineUp(ctx context.Context, n *node) (up bool, state string, err error) {
	i, err := l.engine.ContainerInspect(ctx, n.id, client.ContainerInspectOptions{})
	if err != nil {
		return false, "", fmt.Errorf("inspect its container: %w", err)
	}
	st := i.Container.State
	if !st.Running {
		return false, "", fmt.Errorf("its container has ended: %w\n%s", ended(st.ExitCode, st.Error), l.lastWords(ctx, n))
	}
	if n.machine.health {
		if st.Health == nil {
			return false, "its health is not known yet", nil
		}
		return st.Health.Status == container.Healthy, "its health is " + string(st.Health.Status), nil
	}
	if n.machine.console {
		return answers(ctx, net.JoinHostPort(n.machine.address, machineConsole), "\r"), "its console does not answer", nil
	}
	return answers(ctx, net.JoinHostPort(n.machine.address, machineSSH), ""), "its ssh does not answer", nil
}

// answers says whether anything is said at an address. The forwarder of QEMU accepts
// connections before there is anybody to talk to.
func answers(ctx context.Context, address, say string) bool {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }() // it was only tried
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if _, err := io.WriteString(conn, say); err != nil {
		return false
	}
	n, err := conn.Read(make([]byte, 1))
	return err == nil && n == 1
}

// lastWords are the last lines that a container has written, without its password.
func (l *lab) lastWords(ctx context.Context, n *node) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dialTimeout)
	defer cancel()
	logs, err := l.engine.ContainerLogs(ctx, n.id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Tail: "8"})
	if err != nil {
		return ""
	}
	defer func() { _ = logs.Close() }() // it was only read
	text := bounded.NewLast(bounded.Words)
	_, _ = stdcopy.StdCopy(text, text, logs)
	return strings.TrimSpace(strings.ReplaceAll(text.Lines(), n.machine.given, "«secret»")) // launchers print their arguments
}

// locateMachine learns where the machine is reached, and waits for nothing.
func (n *node) locateMachine(i container.InspectResponse) error {
	if n.machine == nil {
		return nil
	}
	if i.NetworkSettings != nil {
		for _, e := range i.NetworkSettings.Networks {
			if e != nil && e.IPAddress.IsValid() {
				n.machine.address = e.IPAddress.String()
				return nil
			}
		}
	}
	return &topologies.MissingError{
		What: "network", Name: "of the engine", Hint: "a machine within a container is reached over the engine's bridge: start the engine with one, or name a network of it under network-mode",
	}
}
