package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers/engine"
	"github.com/reprise-lab/reprise/topologies/containers/images"
	"github.com/reprise-lab/reprise/topologies/doctor"
	"github.com/reprise-lab/reprise/topologies/recipe"
)

const (
	startTimeout = 40 * time.Second
	askEvery     = 100 * time.Millisecond
	engineLog    = "/var/log/reprise-dockerd.log"
	enginePID    = "/var/run/docker.pid"
)

// Fix makes this machine fit for labs of containers: it installs the engine and the
// tool that makes images, starts the engine, and builds the images that are missing.
// What is there already is left alone. progress receives one line at a time and may be
// nil. Where it may not install or start anything, the error is a
// *topologies.MissingError that lists what to do by hand.
func Fix(ctx context.Context, progress func(string)) error {
	if progress == nil {
		progress = func(string) {}
	}
	c, err := engine.Connect(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := doctor.Install(ctx, fixAll, progress, doctor.Need{Program: "dockerd", Package: "docker.io"}, imageMaker); err != nil {
			return err
		}
		if c, err = start(ctx, progress); err != nil {
			return err
		}
	}
	defer func() { _ = c.Close() }()
	progress("container engine: running")
	store := images.New(c, "")
	if complete(ctx, store) {
		progress("images: up to date")
		return nil
	}
	if err := doctor.Install(ctx, fixAll, progress, imageMaker); err != nil {
		return err
	}
	return store.Build(ctx, nil, progress)
}

// imageMaker makes the root trees of images.
var imageMaker = doctor.Need{Program: "mmdebstrap", Package: "mmdebstrap"} //nolint:gochecknoglobals // a constant

// complete says whether every suite's image is there, made by the present recipe.
func complete(ctx context.Context, store *images.Store) bool {
	list, err := store.List(ctx)
	if err != nil {
		return false
	}
	for _, suite := range recipe.Suites() {
		if !slices.ContainsFunc(list, func(i images.Image) bool {
			return i.Suite == suite && i.Current && slices.Contains(i.Refs, recipe.SuiteRef(suite))
		}) {
			return false
		}
	}
	return true
}

// start starts the engine and waits until it answers.
func start(ctx context.Context, progress func(string)) (*client.Client, error) {
	if os.Geteuid() != 0 {
		return nil, &topologies.MissingError{What: "engine", Name: "docker", Hint: "run: sudo " + fixAll +
			"; if it runs already, this user must be in the group docker: sudo usermod -aG docker $USER, then log in again"}
	}
	progress("starting the container engine")
	if present("/run/systemd/system") {
		if out, err := exec.CommandContext(ctx, "systemctl", "start", "docker").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("systemctl start docker: %w\n%s", err, doctor.Tail(out))
		}
		return await(ctx, nil)
	}
	c, err := startDaemon(ctx)
	if err == nil || ctx.Err() != nil {
		return c, err
	}
	// Without packet filter or bridge in the kernel the engine can still run containers
	// that have no network of its own, which is all that a lab needs.
	progress("starting the container engine without networks of its own")
	c, again := startDaemon(ctx, "--iptables=false", "--ip6tables=false", "--bridge=none")
	if again != nil {
		return nil, errors.Join(err, again)
	}
	return c, nil
}

// startDaemon starts dockerd in a session of its own, so that it outlives this process.
func startDaemon(ctx context.Context, args ...string) (*client.Client, error) {
	if err := removeStalePID(enginePID); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(engineLog, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the engine's log: %w", err)
	}
	defer func() { _ = log.Close() }() // the daemon has its own descriptor
	path, err := doctor.Need{Program: "dockerd"}.Find()
	if err != nil {
		return nil, fmt.Errorf("find the engine: %w", err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), path, args...) //nolint:gosec // the daemon shall outlive the context
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start dockerd: %w", err)
	}
	died := make(chan error, 1)
	go func() { died <- cmd.Wait() }()
	return await(ctx, died)
}

// await asks the engine until it answers, or has died.
func await(ctx context.Context, died <-chan error) (*client.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		c, err := engine.Connect(ctx)
		if err == nil {
			return c, nil
		}
		select {
		case <-tick.C:
		case exit := <-died:
			out, _ := os.ReadFile(engineLog) // what there is of it
			return nil, fmt.Errorf("dockerd ended: %w\n%s", errors.Join(exit, err), doctor.Tail(out))
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the engine (its log is %s): %w", engineLog, errors.Join(err, ctx.Err()))
		}
	}
}

// removeStalePID takes away the pid file of an engine that has ended: dockerd refuses
// to start while the process it names exists, whatever that is by now.
func removeStalePID(path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the engine's pid file: %w", err)
	}
	comm, err := os.ReadFile("/proc/" + strings.TrimSpace(string(text)) + "/comm")
	if err == nil && strings.TrimSpace(string(comm)) == "dockerd" {
		return nil // it is about to answer, or to say why not
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the engine's stale pid file: %w", err)
	}
	return nil
}

func present(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
