package speaker

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/bgp"
	"github.com/reprise-lab/reprise/drivers/tester/speaker/peer"
	"github.com/reprise-lab/reprise/drivers/tester/speaker/replay"
)

// Verb is the program's argument under which Main runs.
const Verb = "__tester"

// Socket is where the daemon of a node takes orders.
const Socket = "/run/reprise/tester.sock"

// Exit statuses of Main.
const (
	ExitRefused = 1
	ExitUsage   = 2
	// ExitUnreachable says that no daemon takes orders.
	ExitUnreachable = 69
	// ExitClosed says that it ended before it answered.
	ExitClosed = 70
)

// mostLine bounds an order; mostAnswer what comes back.
const (
	mostLine   = 1 << 20
	mostAnswer = 64 << 20
)

// Tools are what the program that this is part of lends to it.
type Tools struct {
	// Rewrite gives captures other addresses; nil where that cannot be done.
	Rewrite replay.Rewriter
}

// Main is the program in the node: "serve CONFIGURATION", "ask ORDER" or "version".
func Main(args []string, t Tools) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch {
	case len(args) == 2 && args[0] == "serve":
		if err := serve(ctx, args[1], t); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return ExitRefused
		}
		return 0
	case len(args) == 2 && args[0] == "ask":
		return ask(args[1])
	case len(args) == 1 && args[0] == "version":
		fmt.Println(Version())
		return 0
	default:
		fmt.Fprintln(os.Stderr, Verb+" is for this program's own use")
		return ExitUsage
	}
}

// Version is that of GoBGP's library, by which messages are read and written, with this program's.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, d := range info.Deps {
		if d.Path == "github.com/osrg/gobgp/v4" {
			return info.Main.Version + " (gobgp " + d.Version + ")"
		}
	}
	return info.Main.Version
}

// daemon is what takes a node's orders.
type daemon struct {
	bgp    *bgp.Speaker // nil where the configuration has none
	player *replay.Player
	peers  *peer.Table
	said   [][]byte // the sessions of the configuration
}

func serve(ctx context.Context, path string, t Tools) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	c, err := Parse(data)
	if err != nil {
		return err
	}
	say := func(format string, args ...any) {
		fmt.Printf("%s %s\n", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), fmt.Sprintf(format, args...))
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	broken, err := openBreaks(BreakFile, func(err error) { cancel(err) })
	if err != nil {
		return err
	}
	defer broken.file.Close() //nolint:errcheck // every line was written
	d := &daemon{player: replay.New(speed(), t.Rewrite, say), peers: peer.New(ctx, speed(), say), said: c.said}
	d.player.Broke, d.peers.Broke = broken.note, broken.note
	defer d.player.Stop()
	defer d.peers.Close()
	if err := d.peers.Reset(c.said); err != nil { //nolint:contextcheck // its sessions end with the context that New was given
		return err
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil)
	failed := make(chan error, 1)
	ready := make(chan struct{})
	if c.BGP == nil {
		close(ready)
	} else {
		d.bgp = bgp.New(*c.BGP, bgp.Options{Speed: speed(), Say: say})
		for i, a := range c.Announce {
			if _, err := d.bgp.Announce(a); err != nil {
				return fmt.Errorf("announce.%d: %w", i, err)
			}
		}
		d.bgp.Start()
		wg.Go(func() { failed <- d.bgp.Serve(ctx, func() { close(ready) }) })
	}
	select {
	case <-ready:
	case err := <-failed:
		return err
	}
	_ = os.Remove(Socket) // of a daemon before this one
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", Socket)
	if err != nil {
		return fmt.Errorf("wait for orders: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	say("takes orders")
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			say("ends")
			if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
				return err
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("wait for orders: %w", err)
		}
		wg.Go(func() { d.answer(ctx, conn) })
	}
}

// reply is how the daemon answers.
type reply struct {
	Text    string `json:"text"`
	Refused string `json:"refused,omitempty"`
}

func (d *daemon) answer(ctx context.Context, conn net.Conn) {
	defer conn.Close() //nolint:errcheck // the asker sees what is missing
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	line, err := bufio.NewReader(io.LimitReader(conn, mostLine)).ReadString('\n')
	if err != nil {
		return
	}
	var r reply
	if r.Text, err = d.obey(line); err != nil {
		r.Refused = strings.ReplaceAll(err.Error(), "\n", " ")
	}
	_ = json.NewEncoder(conn).Encode(r) // the asker sees what is missing
}

func ask(line string) int {
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "unix", Socket)
	if err != nil {
		fmt.Fprintln(os.Stderr, "no tester takes orders here:", err)
		return ExitUnreachable
	}
	defer conn.Close() //nolint:errcheck // the process ends here
	if _, err := io.WriteString(conn, strings.ReplaceAll(line, "\n", " ")+"\n"); err != nil {
		fmt.Fprintln(os.Stderr, "ask the tester:", err)
		return ExitClosed
	}
	var r reply
	if err := json.NewDecoder(io.LimitReader(conn, mostAnswer)).Decode(&r); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("it ended before it answered")
		}
		fmt.Fprintln(os.Stderr, "ask the tester:", err)
		return ExitClosed
	}
	if r.Refused != "" {
		fmt.Println(r.Refused)
		return ExitRefused
	}
	fmt.Println(r.Text)
	return 0
}

// speed is that of the lab's clock, which libfaketime's environment tells: a program without libc has
// to read that itself.
func speed() float64 {
	if os.Getenv("REPRISE_CLOCK") == "" {
		return 1
	}
	_, factor, _ := strings.Cut(os.Getenv("FAKETIME"), " x")
	if f, err := strconv.ParseFloat(factor, 64); err == nil && f > 0 {
		return f
	}
	return 1
}
