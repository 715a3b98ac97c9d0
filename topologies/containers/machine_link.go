package containers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/topologies"
)

var ethernet = regexp.MustCompile(`^eth([0-9]+)$`)

// netdev is QEMU's name of the device behind a container's interface.
func netdev(iface string) (string, error) {
	found := ethernet.FindStringSubmatch(iface)
	if found == nil {
		return "", fmt.Errorf("interface %s of a machine is not of the form eth1", iface)
	}
	number, err := strconv.Atoi(found[1])
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("p%02d", number), nil
}

// carry passes the state of a cable on to the machines at its ends: their devices do not
// see what becomes of the interface of the container.
func (l *lab) carry(ctx context.Context, link topologies.Link, up bool) error {
	var errs []error
	for _, e := range []topologies.Endpoint{link.A, link.B} {
		n := l.nodes[e.Node]
		if n.machine == nil {
			continue
		}
		name, err := netdev(e.Interface)
		if err == nil {
			state := map[bool]string{true: "on", false: "off"}[up]
			err = monitor(ctx, net.JoinHostPort(n.machine.address, machineMonitor), "set_link "+name+" "+state)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("pass the state of the cable on to %s: %w", e, err))
		}
	}
	return errors.Join(errs...)
}

const monitorPrompt = "(qemu) "

// monitor has QEMU's monitor for people carry out a command that answers nothing when it
// went well.
func monitor(ctx context.Context, address, command string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*dialTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("reach its monitor: %w", err)
	}
	defer func() { _ = conn.Close() }() // the answer was read
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	r := bufio.NewReader(conn)
	if _, err := until(r, monitorPrompt); err != nil {
		return fmt.Errorf("hear its monitor: %w", errors.Join(err, ctx.Err()))
	}
	if _, err := io.WriteString(conn, command+"\n"); err != nil {
		return fmt.Errorf("tell its monitor: %w", err)
	}
	said, err := until(r, monitorPrompt)
	if err != nil {
		return fmt.Errorf("hear its monitor: %w", errors.Join(err, ctx.Err()))
	}
	if _, answer, ok := strings.Cut(said, "\n"); ok { // after the echo, which redraws the line
		if answer = strings.TrimSpace(answer); answer != "" {
			return fmt.Errorf("its monitor answers %q to %s", answer, command)
		}
	}
	return nil
}

const maxMonitor = 64 << 10

// until reads up to an end, which is left out.
func until(r io.ByteReader, end string) (string, error) {
	var b strings.Builder
	for b.Len() < maxMonitor {
		c, err := r.ReadByte()
		if err != nil {
			return b.String(), err
		}
		b.WriteByte(c)
		if said, ended := strings.CutSuffix(b.String(), end); ended {
			return said, nil
		}
	}
	return b.String(), errors.New("no end in sight")
}

// keeps refuses what would take the interface of a machine's container away: the machine
// holds on to the one it booted with. restarting is the node whose own interfaces come anew.
func (l *lab) keeps(link topologies.Link, restarting string) error {
	for _, e := range []topologies.Endpoint{link.A, link.B} {
		if l.nodes[e.Node].machine != nil && e.Node != restarting {
			return &topologies.MissingError{
				What: "fault", Name: "that lays the cable at " + e.String() + " anew",
				Hint: "the machine within that container keeps the interface it booted with; take the cable down and up instead (fault: down)",
			}
		}
	}
	return nil
}
