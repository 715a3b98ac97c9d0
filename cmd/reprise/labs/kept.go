package labs

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies"
)

// HealVerb is the argument that this program is started with to take a fault back when the process that has put it
// into a lab has ended; it then calls [Heal].
const HealVerb = "__heal"

// guardLock is the number by which that process has the lock of tries.
const guardLock = 3

// healed is what is said to it when there is nothing to take back any more.
const healed = "healed\n"

const (
	// healTimeout bounds how long it tries.
	healTimeout = time.Minute
	// leaveTimeout is how long who has a lab may take to leave it: one that is killed does not say so.
	leaveTimeout = 2 * time.Second
)

var _ cli.Attacher = Here{}

// Attach implements [cli.Attacher]. A lab is taken as long as another try has it, or what takes back the fault of one that
// was killed; and none is given of which the link is down already, as it is where that was killed too.
func (Here) Attach(ctx context.Context, a cli.Attachment) (cli.Kept, error) {
	soon, cancel := context.WithTimeout(ctx, leaveTimeout)
	defer cancel()
	lock, err := whenFree(soon, func() (*os.File, error) { return lockTries(a) })
	if err != nil {
		return nil, err
	}
	defer lock.Close() //nolint:errcheck // the guard has its own from here on
	l, err := whenFree(soon, func() (found, error) { return attach(ctx, a) })
	if err != nil {
		return nil, err
	}
	k := &kept{Reservation: l.Reservation, done: l.done}
	if err = linkUp(ctx, l, a); err == nil {
		err = k.guard(a, lock)
	}
	if err != nil {
		return nil, errors.Join(err, l.leave(context.WithoutCancel(ctx)))
	}
	return k, nil
}

// found is a lab that was attached to.
type found struct {
	topologies.Reservation
	done func() error // with what has built it
}

// leave lets go of it.
func (l found) leave(ctx context.Context) error { return errors.Join(l.Release(ctx), l.done()) }

// lockTries keeps other tries from a lab until what it returns is closed, in every process that has it. Its name is among
// those that no file stands for.
func lockTries(a cli.Attachment) (*os.File, error) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %s", os.Geteuid(), a.Number, a.Run))
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("lock the lab of run %s: %w", a.Run, err)
	}
	lock := os.NewFile(uintptr(fd), "lock of tries")
	err = unix.Bind(fd, &unix.SockaddrUnix{Name: "@reprise-tried-" + hex.EncodeToString(sum[:16])})
	if errors.Is(err, unix.EADDRINUSE) {
		err = &topologies.TakenError{Lab: "of run " + a.Run, By: "somebody else is attached to it, or takes back the fault of a try that was killed"}
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// linkUp is an error where an end of the link that is meant has been shut: what acts on its frames meets none.
func linkUp(ctx context.Context, res topologies.Reservation, a cli.Attachment) error {
	link, ok := a.Topology.Link(a.At.Node, a.At.Interface)
	if !ok {
		return fmt.Errorf("no cable ends at %s", a.At)
	}
	for _, at := range []topologies.Endpoint{link.A, link.B} {
		if up, known := isUp(ctx, res, at); known && !up {
			at = topologies.Endpoint{Node: at.Node, Interface: at.Interface}
			return cli.WithCode(cli.ExitInconclusive, fmt.Errorf("the link is down at %s before anything is put in, by hand or by a try that was killed with all it had started: bring it up there (ip link set %s up), and try again", at, at.Interface))
		}
	}
	return nil
}

// isUp tells whether an interface of a node is up, as the node's kernel has it (the flag IFF_UP of netdevice(7)), and not
// whether it has a carrier. It is not known of what is no node, or has no cat.
func isUp(ctx context.Context, res topologies.Reservation, at topologies.Endpoint) (up, known bool) {
	h, err := res.Host(at.Node)
	if err != nil {
		return false, false
	}
	var out strings.Builder
	if code, err := h.Exec(ctx, []string{"cat", "/sys/class/net/" + at.Interface + "/flags"}, nil, &out, io.Discard); err != nil || code != 0 {
		return false, false
	}
	flags, err := strconv.ParseUint(strings.TrimSpace(out.String()), 0, 32)
	return flags&unix.IFF_UP != 0, err == nil
}

// builder is what can have built a lab that is up.
type builder struct {
	name string
	open func() (cli.Provider, error)
}

// builders are those of a kind of nodes, as --provider names it; empty: of any.
func builders(provider string) []builder {
	all := []builder{
		{cli.ProviderNamespaces, func() (cli.Provider, error) { return openSpaces() }},
		{cli.ProviderContainers, func() (cli.Provider, error) { return openBoxes() }},
	}
	asked := cmp.Or(provider, os.Getenv(cli.EnvProvider))
	return slices.DeleteFunc(all, func(b builder) bool { return asked != "" && asked != cli.ProviderMixed && asked != b.name })
}

// KeptLabs implements [cli.Attacher]. Where there is no engine, there are no labs of it.
func (Here) KeptLabs(ctx context.Context, provider string) (list []topologies.KeptLab, err error) {
	var errs []error
	for _, one := range builders(provider) {
		p, err := one.open()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if teller, able := topologies.As[topologies.KeptTeller](p); able {
			var some []topologies.KeptLab
			some, err = teller.KeptLabs(ctx)
			list = append(list, some...)
		}
		if _, missing := errors.AsType[*topologies.MissingError](err); missing {
			err = nil
		}
		errs = append(errs, err, p.Close())
	}
	slices.SortFunc(list, func(a, b topologies.KeptLab) int {
		return cmp.Or(strings.Compare(a.Run, b.Run), a.Number-b.Number)
	})
	return slices.Compact(list), errors.Join(errs...)
}

// attach finds a lab with what can have built it.
func attach(ctx context.Context, a cli.Attachment) (found, error) {
	without := false // an engine
	for _, one := range builders(a.Provider) {
		p, err := one.open()
		if err != nil {
			return found{}, err
		}
		finder, able := topologies.As[topologies.Attacher](p)
		if !able {
			return found{}, errors.Join(fmt.Errorf("labs of %s are not found again", one.name), p.Close())
		}
		if err = ofSource(ctx, p, a.Run, a.Source); err == nil {
			var res topologies.Reservation
			if res, err = finder.Attach(ctx, a.Topology, a.Run, a.Number); err == nil {
				return found{res, p.Close}, nil
			}
		}
		err = errors.Join(err, p.Close())
		if !isMissing(err) && !errors.Is(err, topologies.ErrNoLab) {
			return found{}, err
		}
		without = without || isMissing(err)
	}
	if without {
		return found{}, fmt.Errorf("%w; labs of containers were not looked for: no container engine answers", topologies.ErrNoLab)
	}
	return found{}, topologies.ErrNoLab
}

// kept is a lab that was attached to.
type kept struct {
	topologies.Reservation
	done    func() error
	process *exec.Cmd
	alive   io.WriteCloser // whose end tells the guard that this process is gone
}

// Unwrap implements the contract of topologies.As.
func (k *kept) Unwrap() topologies.Reservation { return k.Reservation }

// guard starts the process that takes a fault back in this one's stead, and that has the lock of tries until it ends. It
// has a session of its own: what a terminal sends, or who ends a group of processes, does not reach it.
func (k *kept) guard(a cli.Attachment, lock *os.File) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("start what takes a fault back if this process ends: %w", err)
		}
	}()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	k.process = exec.Command(self, HealVerb) //nolint:noctx,gosec // this program itself; it outlives this process
	k.process.Args[0] = os.Args[0]           // the name it was called by, as for every process of this program
	k.process.ExtraFiles = []*os.File{lock}  // as guardLock
	k.process.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if k.alive, err = k.process.StdinPipe(); err != nil {
		return err
	}
	if err := k.process.Start(); err != nil {
		return err
	}
	if err := gob.NewEncoder(k.alive).Encode(a); err != nil {
		return errors.Join(err, k.alive.Close(), k.process.Wait())
	}
	return nil
}

// Release implements topologies.Reservation.
func (k *kept) Release(ctx context.Context) error {
	_, err := io.WriteString(k.alive, healed)
	return errors.Join(err, k.alive.Close(), k.process.Wait(), k.Reservation.Release(ctx), k.done())
}

// Forsake implements [cli.Kept].
func (k *kept) Forsake(ctx context.Context) error {
	err := errors.Join(k.Reservation.Release(ctx), k.done(), k.alive.Close())
	if failed := k.process.Wait(); failed != nil {
		err = errors.Join(err, fmt.Errorf("take the fault back in another process: %w (%s says why not)", failed, takenBackFile))
	}
	return err
}

// TakenBack is what is written where a fault was taken back in the stead of the process that had put it in.
type TakenBack struct {
	Reprise string              `json:"reprise"`
	At      topologies.Endpoint `json:"at"`
	Time    time.Time           `json:"time"`
	Lost    []string            `json:"lost,omitempty"`  // what went with a cable that was laid anew, and where
	Error   string              `json:"error,omitempty"` // why it was not
}

// takenBackFile is where that is.
const takenBackFile = "taken-back.json"

// Heal waits for the end of the process at the other end of in, and takes back what that has left in force; it returns an
// exit status.
func Heal(in io.Reader) int {
	unix.CloseOnExec(guardLock) // what it starts may outlive it
	r := bufio.NewReader(in)
	var a cli.Attachment
	if err := gob.NewDecoder(r).Decode(&a); err != nil {
		return cli.ExitInput // nothing was put in
	}
	rest, _ := io.ReadAll(r) // what cannot be read says as much as its end
	if string(rest) == healed {
		return cli.ExitYes
	}
	ctx, cancel := context.WithTimeout(context.Background(), healTimeout)
	defer cancel()
	out := TakenBack{Reprise: evidence.Format, At: a.At}
	lost, err := takeBack(ctx, a)
	out.Lost = lost
	if err != nil {
		out.Error = err.Error()
	}
	out.Time = time.Now()
	if werr := evidence.WriteJSON(filepath.Join(a.Dir, takenBackFile), out); err != nil || werr != nil {
		return cli.ExitInconclusive
	}
	return cli.ExitYes
}

// takeBack takes away what acts at an attachment's end, and has its link be up again if it is not: it was when the try
// began. One that was pulled, and not put back, is laid, and lost is what went with it. A lab that is gone has taken all with
// it.
func takeBack(ctx context.Context, a cli.Attachment) (lost []string, err error) {
	l, err := whenFree(ctx, func() (found, error) { return attach(ctx, a) })
	if errors.Is(err, topologies.ErrNoLab) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.leave(ctx)) }()
	if cleaner, ok := topologies.As[topologies.Cleaner](l.Reservation); ok {
		err = cleaner.Clear(ctx, a.At)
	}
	faulter, ok := topologies.As[topologies.Faulter](l.Reservation)
	if err != nil || !a.Down && !a.Replug || !ok {
		return nil, err
	}
	if a.Replug {
		return layAgain(ctx, l, faulter, a)
	}
	if up, known := isUp(ctx, l, a.At); known && up {
		return nil, nil // it was healed, or never put in
	}
	down, err := faulter.Inject(ctx, topologies.Fault{Kind: topologies.FaultDown, Endpoint: a.At})
	if err != nil {
		return nil, err
	}
	return nil, down.Heal(ctx) // which brings it up
}

// layAgain lays the link of an attachment anew, where an end of it is gone or down: who was to is no more. It tells what went
// with the cable. A segment's end is no node's, and goes with the other one.
func layAgain(ctx context.Context, l found, faulter topologies.Faulter, a cli.Attachment) (lost []string, err error) {
	link, ok := a.Topology.Link(a.At.Node, a.At.Interface)
	if !ok {
		return nil, fmt.Errorf("no cable ends at %s", a.At)
	}
	for _, end := range []topologies.Endpoint{link.A, link.B} {
		if n, ok := a.Topology.Node(end.Node); ok && n.IsSegment() {
			continue
		}
		if up, known := isUp(ctx, l, end); known && up {
			continue
		}
		laid, err := faulter.Inject(ctx, topologies.Fault{Kind: topologies.FaultReplug, Endpoint: a.At})
		if teller, ok := topologies.As[topologies.LossTeller](laid); ok {
			lost = teller.Lost()
		}
		return lost, err
	}
	return nil, nil
}

// askEvery is how often it is asked for what is taken.
const askEvery = 50 * time.Millisecond

// whenFree gets what may be taken, and waits until whoever has it lets go of it.
func whenFree[T any](ctx context.Context, get func() (T, error)) (T, error) {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		got, err := get()
		if _, taken := errors.AsType[*topologies.TakenError](err); !taken {
			return got, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return got, err
		}
	}
}
