package containers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture"
	"github.com/reprise-lab/reprise/topologies/traffic"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// tapsPath is where the helper finds the folder with the socket that takes taps.
const tapsPath = "/taps"

const (
	tapSocket  = "taps.sock"
	tapTimeout = 20 * time.Second
)

// Tap implements cabling.Site: who wires opens it. The helper hands its own over through a socket
// in a folder that it shares with this process.
func (l *lab) Tap(ctx context.Context, name string, t capture.Tap) (*os.File, error) {
	n, err := l.node(name)
	if err != nil {
		return nil, err
	}
	var f *os.File
	if _, here := l.wirer.(wiring.Local); here {
		f, err = wiring.Opener(nil).OpenTap(n.process(), t)
	} else {
		f, err = l.helper.take(ctx, wiring.Op{Kind: wiring.HandTap, A: wiring.Port{PID: n.process()}, Tap: t})
	}
	if err != nil {
		return nil, fmt.Errorf("open a tap on %s: %w", name, err)
	}
	return f, nil
}

// Socket implements cabling.Site, as Tap does.
func (l *lab) Socket(ctx context.Context, name string, s traffic.Socket) (*os.File, error) {
	n, err := l.node(name)
	if err != nil {
		return nil, err
	}
	var f *os.File
	if _, here := l.wirer.(wiring.Local); here {
		f, err = wiring.Opener(nil).OpenSocket(n.process(), s)
	} else {
		f, err = l.helper.take(ctx, wiring.Op{Kind: wiring.HandSocket, A: wiring.Port{PID: n.process()}, Socket: s})
	}
	if err != nil {
		return nil, fmt.Errorf("open a socket on %s: %w", name, err)
	}
	return f, nil
}

// Traffic implements topologies.Trafficker.
func (l *lab) Traffic(ctx context.Context, s topologies.FlowSpec) (topologies.Flow, error) {
	return l.cables.Traffic(ctx, s)
}

// Capture implements topologies.Capturer.
func (l *lab) Capture(ctx context.Context, s topologies.CaptureSpec) (topologies.Capture, error) {
	return l.cables.Capture(ctx, s)
}

// listenForTaps makes the folder through which the helper hands taps over.
func (l *lab) listenForTaps() (dir string, err error) {
	if err := l.makePrivate(); err != nil {
		return "", err
	}
	dir = filepath.Join(l.private, "taps")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("make a folder for captures: %w", err)
	}
	l.helper.taps, err = net.ListenUnix("unixpacket", &net.UnixAddr{Name: filepath.Join(dir, tapSocket), Net: "unixpacket"})
	if err != nil {
		return "", fmt.Errorf("make a socket for captures: %w", err)
	}
	return dir, nil
}

// take has the helper carry out an operation that hands a socket over, and takes it.
func (h *helper) take(ctx context.Context, op wiring.Op) (*os.File, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.client == nil {
		return nil, errors.New("the wiring helper ended")
	}
	if err := h.taps.SetDeadline(time.Now().Add(tapTimeout)); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, tapTimeout)
	defer cancel()
	type taken struct {
		file *os.File
		err  error
	}
	come := make(chan taken, 1)
	h.handed++
	op.Name, op.To = strconv.Itoa(h.handed), filepath.Join(tapsPath, tapSocket)
	go func() {
		f, err := wiring.TakeTap(h.taps, op.Name)
		come <- taken{f, err}
	}()
	_, err := h.client.Apply(ctx, op)
	if err != nil {
		_ = h.taps.SetDeadline(time.Now()) // so that nobody waits
	}
	got := <-come
	if err != nil && got.file != nil {
		err = errors.Join(err, got.file.Close())
	}
	if err != nil {
		return nil, err
	}
	return got.file, got.err
}
