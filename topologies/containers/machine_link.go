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
