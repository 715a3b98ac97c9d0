package reproduce

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/labs"
	"github.com/reprise-lab/reprise/drivers/tester/speaker"
	"github.com/reprise-lab/reprise/drivers/tester/speaker/replay"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/suites"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/reports/handover/redact/packet"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers"
	"github.com/reprise-lab/reprise/topologies/images/store"
	inventory "github.com/reprise-lab/reprise/topologies/lab"
	"github.com/reprise-lab/reprise/topologies/namespaces"
)

// A run's trials execute in child processes of this binary, one per lab: Ginkgo owns
// its process (flags, signals, os.Exit). The parent talks to a child through two pipes:
// progress comes in on descriptor 3, and the end of the child's standard input tells it
// that the parent is gone.

// The hidden verbs of the children.
const (
	trialsVerb = "__trials"
	wireVerb   = "__wire"
)

// HiddenVerb runs what only this program calls; ok reports whether it was one.
func HiddenVerb(args []string) (code int, ok bool) {
	if len(args) == 0 {
		return 0, false
	}
	switch args[0] {
	case trialsVerb:
		return runTrials(args[1:]), true
	case wireVerb:
		if err := containers.ServeWiring(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1, true
		}
		return 0, true
	case labs.HealVerb:
		return labs.Heal(os.Stdin), true
	case namespaces.Verb:
		return namespaces.Serve(args[1:]), true
	case store.Verb:
		return store.Serve(args[1:]), true
	case speaker.Verb:
		return speaker.Main(args[1:], speaker.Tools{Rewrite: readdress}), true
	default:
		return 0, false
	}
}

// readdress gives a capture that a tester node replays other addresses.
func readdress(capture []byte, a replay.Addresses) ([]byte, []string, error) {
	return packet.Readdress(capture, packet.Addresses{Networks: a.Networks, MACs: a.MACs})
}

// superviseLabs runs one child per lab and waits for all. The first Ctrl-C is handed on
// to the children, which keep their evidence and take their labs down; so is the
// second, which cuts that short.
//
// It returns the trials that were not run because a fresh lab refused something.
func superviseLabs(ctx context.Context, p *plan.Plan, dir evidence.Dir, o *runOptions) (notRun, error) {
	var wg sync.WaitGroup
	errs := make([]error, p.Labs)
	defer context.AfterFunc(ctx, func() {
		o.Progress("interrupted: keeping the evidence and taking the labs down, which takes some seconds; Ctrl-C again cuts that short")
	})()
	show := &trialLines{app: o.App, clock: p.Clock, planned: p.Trials, start: time.Now()}
	for i := range p.Labs {
		wg.Go(func() { errs[i] = superviseLab(ctx, dir, i+1, o, show) })
	}
	wg.Wait()
	return show.notRun, errors.Join(errs...)
}

// notRun counts trials that were not begun, and says why.
type notRun struct {
	Trials int    `json:"trials"`
	Why    string `json:"why"`
}

func superviseLab(ctx context.Context, dir evidence.Dir, lab int, o *runOptions, show *trialLines) (err error) {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find own program: %w", err)
	}
	logFile, err := os.Create(dir.File("suite-lab-" + strconv.Itoa(lab) + ".log"))
	if err != nil {
		return fmt.Errorf("open suite log: %w", err)
	}
	defer func() { err = errors.Join(err, logFile.Close()) }()
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("start lab %d: %w", lab, err)
	}
	defer r.Close()                                                                                                                           //nolint:errcheck // read only
	cmd := exec.Command(self, trialsVerb, dir.Path, strconv.Itoa(lab), strconv.FormatBool(o.keep), strconv.FormatBool(o.all), o.lab.Encode()) //nolint:noctx,gosec // this program itself; it is ended by signals, so that it can keep its evidence
	cmd.Args[0] = os.Args[0]                                                                                                                  // the name it was called by, as for every process of this program
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = logFile, logFile, []*os.File{w}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a terminal's Ctrl-C reaches it through us only
	alive, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	_ = w.Close() // the child has its own
	if err != nil {
		return fmt.Errorf("start lab %d: %w", lab, err)
	}
	defer alive.Close() //nolint:errcheck // it only has to end
	done := make(chan struct{})
	go func() {
		defer close(done)
		show.follow(r)
	}()
	stop := handOnInterrupts(ctx, cmd.Process)
	waitErr := cmd.Wait()
	stop()
	<-done
	var exit *exec.ExitError
	if errors.As(waitErr, &exit) && exit.ExitCode() >= 0 {
		return nil // specs that failed: the verdicts tell
	}
	if waitErr != nil {
		return fmt.Errorf("lab %d ended before its trials did: %w (see %s)", lab, waitErr, logFile.Name())
	}
	return nil
}

// handOnInterrupts signals the child when ctx is cancelled, and again for each further
// signal. The function it returns ends it.
func handOnInterrupts(ctx context.Context, child *os.Process) func() {
	again := make(chan os.Signal, 3)
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-ctx.Done():
		case <-quit:
			return
		}
		_ = child.Signal(os.Interrupt) // it may have ended
		signal.Notify(again, os.Interrupt, syscall.SIGTERM)
		defer signal.Stop(again)
		for {
			select {
			case <-again:
				_ = child.Signal(os.Interrupt)
			case <-quit:
				return
			}
		}
	})
	return func() { close(quit); wg.Wait() }
}

// trialLines prints what the children report.
type trialLines struct {
	app     *cli.App
	clock   evidence.Clock
	mu      sync.Mutex
	planned int
	done    int
	notRun  notRun
	start   time.Time
}

func (s *trialLines) follow(r io.Reader) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var p trial.Progress
		if json.Unmarshal(lines.Bytes(), &p) == nil {
			s.show(p)
		}
	}
}

func (s *trialLines) show(p trial.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case p.NotRun != "":
		s.notRun = notRun{s.notRun.Trials + 1, p.NotRun}
	case p.Verdict != "":
		s.done++
		line := fmt.Sprintf("  trial %04d  lab %d  %-14s %6.1fs", p.Trial, p.Lab, string(p.Verdict)+s.clock.Beside(), p.Took.Seconds())
		if p.Reason != "" && p.Verdict != evidence.Reproduced {
			line += "  " + cli.FirstLine(p.Reason, 160)
		}
		s.app.Redraw("")
		s.app.Progress("%s", line)
	default:
		what := p.Text
		if what == "" {
			what = string(p.Phase)
		}
		s.app.Redraw(fmt.Sprintf("  %d/%d done, %s; lab %d, trial %d: %s", s.done, s.planned, time.Since(s.start).Round(time.Second), p.Lab, p.Trial, cli.FirstLine(what, 60)))
	}
}

// runTrials is the child: one lab and its share of the trials, as Ginkgo specs.
func runTrials(args []string) int {
	if len(args) != 5 {
		fmt.Fprintln(os.Stderr, trialsVerb+" is for this program's own use")
		return cli.ExitInput
	}
	var where cli.LabFlags
	lab, err := strconv.Atoi(args[1])
	if err == nil {
		err = json.Unmarshal([]byte(args[4]), &where)
	}
	if err == nil {
		err = trialsOf(args[0], lab, args[2] == "true", args[3] == "true", where)
	}
	if err != nil {
		cli.PrintError(os.Stderr, err, false)
		return cli.ExitCode(err)
	}
	return 0
}

func trialsOf(path string, lab int, keep, all bool, where cli.LabFlags) error {
	p, dir, info, err := plan.OpenRunHere(path, where.Trust)
	if err != nil {
		return err
	}
	tell := progressTo(os.NewFile(3, "progress"))
	provider, err := labs.Here{}.Open(context.Background(), where, func(q inventory.Place) {
		tell(trial.Progress{Lab: lab, Text: fmt.Sprintf("queued, %d of %d: %v", q.Position, q.Of, q.Busy)})
	}, p)
	if err != nil {
		return err
	}
	defer provider.Close() //nolint:errcheck // the process ends here
	p = trial.PlanIn(p, provider)
	reg, err := cli.Registry()
	if err != nil {
		return err
	}
	env := trial.Environment{Gone: watchParent(), Provider: &enterNoter{Provider: provider, dir: dir, keep: keep}, Registry: reg, Dir: dir, Keep: keep, All: all, Progress: tell}
	suites.Trials(p, env, suites.Shard{Lab: lab, Labs: info.Labs})
	base := dir.File("suite-lab-" + strconv.Itoa(lab))
	if !suites.Run(suites.RunOptions{
		Name: info.ID, JUnit: base + ".xml", JSON: base + ".json", Log: os.Stdout, Timeout: time.Duration(p.Trials+1)*(p.Timeout+10*time.Minute) + 2*trial.ReleaseTime(p, provider),
	}) {
		return cli.Answer(cli.ExitNo)
	}
	return nil
}

// watchParent interrupts this process when the parent is gone, which the function it returns reports: its end of our standard
// input is closed with it, however it ended.
func watchParent() func() bool {
	var gone atomic.Bool
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		gone.Store(true)
		_ = syscall.Kill(os.Getpid(), syscall.SIGINT)
	}()
	return gone.Load
}

func progressTo(w io.Writer) func(trial.Progress) {
	enc := json.NewEncoder(w)
	var mu sync.Mutex
	return func(p trial.Progress) {
		mu.Lock()
		defer mu.Unlock()
		_ = enc.Encode(p) // nobody watches any more
	}
}

// enterNoter notes how to enter a lab that is kept, for the parent to print.
type enterNoter struct {
	topologies.Provider
	dir  evidence.Dir
	keep bool
}

// Unwrap implements the contract of topologies.As.
func (e *enterNoter) Unwrap() topologies.Provider { return e.Provider }

// Reserve builds the lab and writes its enter commands beside the run.
func (e *enterNoter) Reserve(ctx context.Context, t topologies.Topology, o topologies.Options) (topologies.Reservation, error) {
	res, err := e.Provider.Reserve(ctx, t, o)
	enterer, ok := topologies.As[topologies.Enterer](res)
	if err != nil || !e.keep || !ok {
		return res, err
	}
	var lines []string
	for _, n := range t.Names() {
		lines = append(lines, cli.ShellLine(enterer.Enter(n)))
	}
	return res, evidence.WriteJSON(e.dir.File(fmt.Sprintf("enter-lab-%d.json", o.Lab)), lines)
}

// enterCommands reads what the children noted.
func enterCommands(dir evidence.Dir) []string {
	var all []string
	files, _ := filepath.Glob(dir.File("enter-lab-*.json"))
	for _, f := range files {
		var lines []string
		if evidence.ReadJSON(f, &lines) == nil {
			all = append(all, lines...)
		}
	}
	return all
}
