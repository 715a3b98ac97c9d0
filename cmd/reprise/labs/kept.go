package labs

import (
	"bufio"
	"cmp"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers"
	"github.com/reprise-lab/reprise/topologies/namespaces"
)

// HealVerb is the argument that this program is started with to take a fault back when the process that has put it
// into a lab has ended; it then calls [Heal].
const HealVerb = "__heal"

// healed is what is said to it when there is nothing to take back any more.
const healed = "healed\n"

const (
	// healTimeout bounds how long it tries.
	healTimeout = time.Minute
	// leaveTimeout is how long who has a lab may take to leave it: one that is killed does not say so.
	leaveTimeout = 2 * time.Second
)

var _ cli.Attacher = Here{}

// Attach implements [cli.Attacher].
func (Here) Attach(ctx context.Context, a cli.Attachment) (cli.Kept, error) {
	soon, cancel := context.WithTimeout(ctx, leaveTimeout)
	defer cancel()
	res, done, err := attachLater(soon, a)
	if err != nil {
		return nil, err
	}
	k := &kept{Reservation: res, done: done}
	if err := k.guard(a); err != nil {
		return nil, errors.Join(err, res.Release(ctx), done())
	}
	return k, nil
}

// attach finds a lab with what can have built it.
func attach(ctx context.Context, a cli.Attachment) (topologies.Reservation, func() error, error) {
	var lacks error
	for _, one := range []struct {
		name string
		open func() (cli.Provider, error)
	}{
		{cli.ProviderNamespaces, func() (cli.Provider, error) { return namespaces.New(namespaces.Options{}) }},
		{cli.ProviderContainers, func() (cli.Provider, error) { return containers.New(containers.Options{}) }},
	} {
		if asked := cmp.Or(a.Provider, os.Getenv(cli.EnvProvider)); asked != "" && asked != cli.ProviderMixed && asked != one.name {
			continue
		}
		p, err := one.open()
		if err != nil {
			return nil, nil, err
		}
		finder, able := topologies.As[topologies.Attacher](p)
		if !able {
			return nil, nil, errors.Join(fmt.Errorf("labs of %s are not found again", one.name), p.Close())
		}
		res, err := finder.Attach(ctx, a.Topology, a.Run, a.Number)
		if err == nil {
			return res, p.Close, nil
		}
		err = errors.Join(err, p.Close())
		if _, missing := errors.AsType[*topologies.MissingError](err); !missing && !errors.Is(err, topologies.ErrNoLab) {
			return nil, nil, err
		} else if missing && lacks == nil {
			lacks = err
		}
	}
	if lacks != nil {
		return nil, nil, errors.Join(topologies.ErrNoLab, lacks)
	}
	return nil, nil, topologies.ErrNoLab
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

// guard starts the process that takes a fault back in this one's stead. It has a session of its own: what a terminal
// sends, or who ends a group of processes, does not reach it.
func (k *kept) guard(a cli.Attachment) (err error) {
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
	Error   string              `json:"error,omitempty"` // why it was not
}

// takenBackFile is where that is.
const takenBackFile = "taken-back.json"

// Heal waits for the end of the process at the other end of in, and takes back what that has left in force; it returns an
// exit status.
func Heal(in io.Reader) int {
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
	err := takeBack(ctx, a)
	if err != nil {
		out.Error = err.Error()
	}
	out.Time = time.Now()
	if werr := evidence.WriteJSON(filepath.Join(a.Dir, takenBackFile), out); err != nil || werr != nil {
		return cli.ExitInconclusive
	}
	return cli.ExitYes
}

// takeBack takes away what acts at an attachment's end, and has its link be up again. A lab that is gone has taken all
// with it.
func takeBack(ctx context.Context, a cli.Attachment) (err error) {
	res, done, err := attachLater(ctx, a)
	if errors.Is(err, topologies.ErrNoLab) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, res.Release(ctx), done()) }()
	if cleaner, ok := topologies.As[topologies.Cleaner](res); ok {
		err = cleaner.Clear(ctx, a.At)
	}
	faulter, ok := topologies.As[topologies.Faulter](res)
	if err != nil || !a.Down || !ok {
		return err
	}
	down, err := faulter.Inject(ctx, topologies.Fault{Kind: topologies.FaultDown, Endpoint: a.At})
	if err != nil {
		return err
	}
	return down.Heal(ctx) // which brings it up
}

// attachEvery is how often a lab is asked for that is taken.
const attachEvery = 50 * time.Millisecond

// attachLater is attach for who waits until whoever has the lab lets go of it.
func attachLater(ctx context.Context, a cli.Attachment) (topologies.Reservation, func() error, error) {
	tick := time.NewTicker(attachEvery)
	defer tick.Stop()
	for {
		res, done, err := attach(ctx, a)
		if _, taken := errors.AsType[*topologies.TakenError](err); !taken {
			return res, done, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, nil, err
		}
	}
}
