package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Player replays captures, several at a time. It is safe for use by several goroutines.
type Player struct {
	// Broke hears of a replay that ended by its own error, not by what the device did, and with nil that this is
	// over: it was stopped. Set before the first; nil: nobody hears.
	Broke func(what string, why error)

	speed   float64
	rewrite Rewriter
	say     func(format string, args ...any)

	mu  sync.Mutex
	all []*play
	wg  sync.WaitGroup
}

// New makes a player. speed is that of the lab's clock; rewrite may be nil, which refuses to.
func New(speed float64, rewrite Rewriter, say func(format string, args ...any)) *Player {
	return &Player{speed: cmp.Or(speed, 1), rewrite: rewrite, say: say}
}

// State is what has become of a replay.
type State struct {
	File    string         `json:"file,omitempty"`
	Port    string         `json:"port"`
	Frames  int            `json:"frames"`  // that are sent
	Kinds   map[string]int `json:"kinds"`   // of them, by protocol; "other" is of none that has a word
	Skipped int            `json:"skipped"` // of the capture, that are not
	Takes   float64        `json:"takes"`   // seconds of the lab from the first to the last
	Sent    int            `json:"sent"`    // so far
	// Unsent are frames that were lost by now, for the port was down or away when they were due.
	Unsent int `json:"unsent"`
	// Received are bytes that the device said in a session.
	Received int      `json:"received,omitempty"`
	Latest   float64  `json:"latest"`           // seconds of this machine by which one was sent late, at most
	Running  bool     `json:"running"`          // more will be sent
	Failed   string   `json:"failed,omitempty"` // why it ended before its last frame
	Notes    []string `json:"notes,omitempty"`  // what is not right after addresses were rewritten
}

type play struct {
	mu    sync.Mutex
	state State
	broke bool // by its own error
	stop  context.CancelFunc
	gone  time.Time // since when the port is away; zero where it is not
}

// errStopped ends what was stopped.
var errStopped = errors.New("it was stopped")

// what names a replay.
func (x *play) what() string {
	return "replay of " + cmp.Or(x.state.File, "frames from fields") + " at " + x.state.Port
}

// end notes how a replay ended: own says that it was by its own error.
func (p *Player) end(x *play, err error, own bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.state.Running = false
	if err != nil {
		x.state.Failed = err.Error()
	}
	if x.broke = own; own && p.Broke != nil {
		p.Broke(x.what(), err)
	}
}

// Play begins a replay, and returns what it will be.
func (p *Player) Play(ctx context.Context, o Order) (State, error) {
	if err := o.check(); err != nil {
		return State{}, err
	}
	if o.Session != nil {
		return p.talk(ctx, o)
	}
	port, err := usable(o.Port)
	if err != nil {
		return State{}, err
	}
	list, state, err := p.take(o, port)
	if err != nil {
		return State{}, err
	}
	return p.begin(ctx, port, list, state, cmp.Or(o.Speed, 1))
}

// usable is a port that frames can leave.
func usable(name string) (*net.Interface, error) {
	if name == "" {
		return nil, errors.New("port: it names the interface that is sent from")
	}
	port, err := net.InterfaceByName(name)
	if err != nil {
		return nil, fmt.Errorf("port %s: %w", name, err)
	}
	if port.Flags&net.FlagUp == 0 || port.Flags&net.FlagRunning == 0 {
		return nil, fmt.Errorf("port %s: it is not up, or has no carrier", name)
	}
	return port, nil
}

// begin has frames sent at their times, so much faster than the lab's clock.
func (p *Player) begin(ctx context.Context, port *net.Interface, list []frame, state State, speed float64) (State, error) {
	fd, err := open(port)
	if err != nil {
		return State{}, fmt.Errorf("port %s: %w", port.Name, err)
	}
	ctx, stop := context.WithCancel(ctx)
	x := &play{state: state, stop: stop}
	x.state.Running = true
	p.mu.Lock()
	p.all = append(p.all, x)
	p.mu.Unlock()
	p.wg.Go(func() {
		defer stop()
		err := errors.Join(x.send(ctx, fd, list, speed*p.speed), unix.Close(fd))
		p.end(x, err, err != nil && !errors.Is(err, errStopped))
		s := x.show()
		p.say("%s: %d of %d frames sent %s", port.Name, s.Sent, s.Frames, s.Failed)
	})
	return x.show(), nil
}

// take chooses the frames of a capture, with the addresses that are wanted, in the order of their times.
func (p *Player) take(o Order, port *net.Interface) ([]frame, State, error) {
	state := State{File: o.File, Port: o.Port, Kinds: map[string]int{}}
	data, err := read(o.File)
	if err != nil {
		return nil, state, err
	}
	mine, err := o.sender()
	if err != nil {
		return nil, state, err
	}
	all, err := frames(data)
	if err != nil {
		return nil, state, err
	}
	sent := all
	if len(o.Rewrite) > 0 {
		if sent, state.Notes, err = p.readdressed(o, port, data, len(all)); err != nil {
			return nil, state, err
		}
	}
	var list []frame
	for i, f := range all {
		word := f.protocol()
		if !mine(f) || word == "tcp" || len(o.Only) > 0 && !slices.Contains(o.Only, word) || o.Count > 0 && len(list) == o.Count {
			state.Skipped++
			continue
		}
		if len(f.data) < f.size || len(f.data) < etherLen {
			return nil, state, fmt.Errorf("file %s: frame %d was not captured whole: %d of %d bytes", o.File, i+1, len(f.data), f.size)
		}
		state.Kinds[cmp.Or(word, "other")]++
		list = append(list, sent[i])
	}
	if len(list) == 0 {
		return nil, state, fmt.Errorf("file %s: none of its %d frames is meant", o.File, len(all))
	}
	slices.SortStableFunc(list, func(a, b frame) int { return a.at.Compare(b.at) })
	state.Frames = len(list)
	state.Takes = list[len(list)-1].at.Sub(list[0].at).Seconds() / cmp.Or(o.Speed, 1)
	return list, state, nil
}

// readdressed are the frames of a capture with other addresses.
func (p *Player) readdressed(o Order, port *net.Interface, data []byte, want int) ([]frame, []string, error) {
	if p.rewrite == nil {
		return nil, nil, errors.New("rewrite: this program cannot")
	}
	var own [6]byte
	copy(own[:], port.HardwareAddr)
	a, err := o.addresses(own)
	if err != nil {
		return nil, nil, err
	}
	out, notes, err := p.rewrite(data, a)
	if err != nil {
		return nil, nil, fmt.Errorf("rewrite: %w", err)
	}
	list, err := frames(out)
	if err == nil && len(list) != want {
		err = fmt.Errorf("%d frames became %d", want, len(list))
	}
	return list, notes, err
}

// open is a packet socket that sends from a port and takes nothing.
func open(port *net.Interface) (int, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("open a packet socket: %w", err)
	}
	if err := bind(fd, port); err != nil {
		return 0, errors.Join(fmt.Errorf("bind a packet socket: %w", err), unix.Close(fd))
	}
	return fd, nil
}

func bind(fd int, port *net.Interface) error {
	return unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: port.Index})
}

// A kernel that takes no frame says why within fullPatience: the port goes down, or there is room again. A port that was
// taken away is waited for as those of sessions are.
const (
	fullPause    = 5 * time.Millisecond
	fullPatience = 2 * time.Second
	portPatience = 10 * time.Second
)

// put sends a frame, or says that it was lost as those of a device are whose port is down or away: the replay goes on. One
// that was taken away and is there again, under its name, is sent from.
func (x *play) put(ctx context.Context, fd int, data []byte) (lost bool, err error) {
	tick := time.NewTicker(fullPause)
	defer tick.Stop()
	for begin := time.Now(); ; {
		_, err := unix.Write(fd, data)
		if err == nil {
			x.gone = time.Time{}
			return false, nil
		}
		port, down := usable(x.state.Port)
		switch {
		case errors.Is(err, unix.ENETDOWN):
			return true, nil
		case errors.Is(err, unix.ENXIO) && down == nil:
			if err := bind(fd, port); err != nil && !errors.Is(err, unix.ENODEV) {
				return false, err
			}
		case errors.Is(err, unix.ENXIO):
			if x.gone.IsZero() {
				x.gone = time.Now()
			}
			if time.Since(x.gone) > portPatience {
				return false, fmt.Errorf("the port was taken away, and none came in its place within %v: %w", portPatience, down)
			}
			return true, nil
		case errors.Is(err, unix.ENOBUFS) && down != nil:
			return true, nil
		case !errors.Is(err, unix.ENOBUFS):
			return false, err
		}
		if time.Since(begin) > fullPatience {
			return false, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false, errStopped
		}
	}
}

// send sends frames at their times, so much faster.
func (x *play) send(ctx context.Context, fd int, list []frame, speed float64) error {
	begin := time.Now()
	for i, f := range list {
		due := begin.Add(time.Duration(float64(f.at.Sub(list[0].at)) / speed))
		t := time.NewTimer(time.Until(due))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return errStopped
		}
		late := time.Since(due)
		lost, err := x.put(ctx, fd, f.data)
		switch {
		case errors.Is(err, errStopped):
			return err
		case err != nil:
			return fmt.Errorf("send frame %d of %d bytes: %w", i+1, len(f.data), err)
		}
		x.mu.Lock()
		if lost {
			x.state.Unsent++
		} else {
			x.state.Sent++
		}
		x.state.Latest = max(x.state.Latest, late.Seconds())
		x.mu.Unlock()
	}
	return nil
}

func (x *play) show() State {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.state
}

// States tells of every replay, oldest first.
func (p *Player) States() []State {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := []State{}
	for _, x := range p.all {
		list = append(list, x.show())
	}
	return list
}

// Stop ends every replay and waits for their ends. It tells how many ran.
func (p *Player) Stop() (running int) {
	p.mu.Lock()
	for _, x := range p.all {
		if x.show().Running {
			running++
		}
		x.stop()
	}
	all := slices.Clone(p.all)
	p.mu.Unlock()
	p.wg.Wait()
	for _, x := range all {
		x.mu.Lock()
		if x.broke && p.Broke != nil {
			p.Broke(x.what(), nil)
		}
		x.broke = false
		x.mu.Unlock()
	}
	return running
}

// Forget stops every replay, and lets go of what became of them.
func (p *Player) Forget() {
	p.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = nil
}
