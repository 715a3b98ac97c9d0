package fleet_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// BenchmarkOverhead is what the fleet adds to a trial, over TLS on one machine, with a record of 64 KiB: executed
// one after another, against the same executor called directly.
func BenchmarkOverhead(b *testing.B) {
	const trials = 50
	plan := make([]byte, 1<<20)
	e := newExecutor("host", 1)
	e.takes, e.size = 20*time.Millisecond, 64<<10
	s := startServer(b, server.Options{Renewal: fleet.DefaultRenewal})
	startWorker(b, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
	conn := dial(b, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
	var alone, over time.Duration
	for i := range b.N {
		start := time.Now()
		for n := 1; n <= trials; n++ {
			if _, err := e.Execute(b.Context(), fleet.Task{Trial: n, Payload: plan}, func(string) {}); err != nil {
				b.Fatal(err)
			}
		}
		alone += time.Since(start)
		c := join(b, conn, fleet.WorkID("overhead", strconv.Itoa(i)), fleet.CoordinatorOptions{})
		series(b, c, plan, 1, 1) // the plan is shipped, and the queue made
		start = time.Now()
		for n := 2; n <= trials+1; n++ {
			oneTrial(b, c, plan, n)
		}
		over += time.Since(start)
	}
	added := (over - alone) / time.Duration(b.N*trials)
	b.ReportMetric(float64(added.Microseconds())/1000, "added-ms/trial")
	b.ReportMetric(100*added.Seconds()/2, "%-of-2s-trial")
}

func oneTrial(b *testing.B, c *fleet.Coordinator, plan []byte, n int) {
	b.Helper()
	id := strconv.Itoa(n)
	if err := c.Submit(b.Context(), fleet.Task{ID: id, Trial: n, Payload: plan}, fleet.Needs{Kind: "container"}); err != nil {
		b.Fatal(err)
	}
	sealed, err := c.Await(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Keep(b.Context(), sealed); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkRestart is the time from a worker's death to its trial's beginning on another, in renewals.
func BenchmarkRestart(b *testing.B) {
	const renewal = time.Second
	s := startServer(b, server.Options{Renewal: renewal})
	c := join(b, dial(b, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{})
	var total, worst time.Duration
	for i := range b.N {
		began := make(chan int, 9)
		start := func(name int) *worker {
			e := newExecutor(fmt.Sprintf("host%d", name), 1)
			e.begin = func(ctx context.Context, _ fleet.Task) error {
				began <- name
				if name == 0 {
					<-ctx.Done()
				}
				return ctx.Err()
			}
			return startWorker(b, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
		}
		dies := start(0)
		id := strconv.Itoa(i)
		if err := c.Submit(b.Context(), fleet.Task{ID: id, Trial: i, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
			b.Fatal(err)
		}
		<-began
		other := start(1)
		eventually(b, "the other is there", func() bool { return len(c.Workers()) >= 2 })
		died := time.Now()
		dies.kill()
		<-began
		took := time.Since(died)
		total, worst = total+took, max(worst, took)
		sealed, err := c.Await(b.Context(), id)
		if err == nil {
			err = c.Keep(b.Context(), sealed)
		}
		if err != nil {
			b.Fatal(err)
		}
		other.Drain()
		eventually(b, "nobody is there", func() bool { return len(c.Workers()) == 0 })
	}
	b.ReportMetric(total.Seconds()/float64(b.N)/renewal.Seconds(), "renewals")
	b.ReportMetric(worst.Seconds()/renewal.Seconds(), "renewals-at-worst")
}

// workersVariable has the test program be workers: NUMBER URL, and how long a trial takes, where it takes any time, and what they are called.
const workersVariable = "REPRISE_TEST_FLEET_WORKERS"

// work runs workers that execute at once, until the standard input ends.
func work(args []string) error {
	number, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	takes, name := time.Duration(0), "host"
	if len(args) > 2 {
		name = args[3]
		if takes, err = time.ParseDuration(args[2]); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var wg sync.WaitGroup
	for i := range number {
		c, err := fleet.Dial(ctx, fleet.Access{URL: args[1], Patience: time.Minute})
		if err != nil {
			return err
		}
		wg.Go(func() {
			e := newExecutor(fmt.Sprintf("%s%d", name, i), 1)
			e.takes = takes
			w := fleet.NewWorker(c, e, fleet.WorkerOptions{})
			if err := w.Run(ctx); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		})
	}
	fmt.Println("joined")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	os.Exit(0) // their plugs are pulled
	return nil
}

// used is the processors' time and the largest memory of a process so far.
func used(b *testing.B, pid int) (cpu time.Duration, memory int64) {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	for _, f := range fields[11:13] { // utime and stime, in hundredths of a second
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		cpu += time.Duration(n) * 10 * time.Millisecond
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if text, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			if _, err := fmt.Sscan(text, &memory); err != nil {
				b.Fatal(err)
			}
		}
	}
	return cpu, memory << 10
}

// BenchmarkScale is many workers and trials at one server, each in a process of its own. REPRISE_SCALE=WORKERS/TRIALS
// chooses how many; it ends after ten minutes, with as many as fit.
func BenchmarkScale(b *testing.B) {
	workers, trials := 100, 5000
	if text := os.Getenv("REPRISE_SCALE"); text != "" {
		if _, err := fmt.Sscanf(text, "%d/%d", &workers, &trials); err != nil {
			b.Fatalf("REPRISE_SCALE=%s: %v", text, err)
		}
	}
	for i := range b.N {
		scale(b, workers, trials, i)
	}
}

func scale(b *testing.B, workers, trials, round int) {
	b.Helper()
	p := startProcess(b, b.TempDir(), "127.0.0.1:0", fleet.DefaultRenewal)
	defer p.kill()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	hosts := exec.CommandContext(b.Context(), self)
	hosts.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s", workersVariable, workers, p.worker))
	hosts.Stderr = os.Stderr
	in, err := hosts.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := hosts.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := hosts.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = in.Close()
		_ = hosts.Wait()
	}()
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		b.Fatal(err)
	}
	c := join(b, dial(b, fleet.Access{URL: p.coordinator}), fleet.WorkID("scale", strconv.Itoa(round)), fleet.CoordinatorOptions{})
	deadline := time.Now().Add(2 * time.Minute)
	for len(c.Workers()) < workers && time.Now().Before(deadline) {
		<-time.After(100 * time.Millisecond)
	}
	if n := len(c.Workers()); n < workers {
		b.Fatalf("%d of %d workers joined", n, workers)
	}
	cpuServer, _ := used(b, p.cmd.Process.Pid)
	idle := time.Now()
	<-time.After(2 * fleet.DefaultRenewal)
	cpuIdle, _ := used(b, p.cmd.Process.Pid)
	idleShare := (cpuIdle - cpuServer).Seconds() / time.Since(idle).Seconds()
	cpuServer = cpuIdle
	cpuOwn, _ := used(b, os.Getpid())
	messages, start := p.messages(b), time.Now()
	done := many(b, c, trials, start.Add(10*time.Minute))
	took := time.Since(start)
	messages = p.messages(b) - messages
	afterServer, memory := used(b, p.cmd.Process.Pid)
	afterOwn, memoryOwn := used(b, os.Getpid())
	b.ReportMetric(float64(done), "trials")
	b.ReportMetric(float64(done)/took.Seconds(), "trials/s")
	b.ReportMetric(float64(messages)/took.Seconds(), "messages/s")
	b.ReportMetric(float64((afterOwn-cpuOwn).Microseconds())/float64(done), "coordinator-µs/trial")
	b.ReportMetric(float64((afterServer-cpuServer).Microseconds())/float64(done), "server-µs/trial")
	b.ReportMetric(float64(memory>>20), "server-MB")
	b.ReportMetric(float64(memoryOwn>>20), "coordinator-MB")
	b.ReportMetric(100*idleShare, "server-idle-%")
}

// many executes trials as fast as they go, and returns how many there were when time was over.
func many(b *testing.B, c *fleet.Coordinator, trials int, until time.Time) int {
	b.Helper()
	const window = 2000
	var wg sync.WaitGroup
	slots := make(chan struct{}, window)
	errs := make(chan error, window)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	done := 0
	plan := []byte("plan")
	for n := 1; n <= trials && time.Now().Before(until) && len(errs) == 0; n++ {
		slots <- struct{}{}
		done++
		wg.Go(func() {
			defer func() { <-slots }()
			id := strconv.Itoa(n)
			err := c.Submit(ctx, fleet.Task{ID: id, Trial: n, Payload: plan}, fleet.Needs{Kind: "container"})
			var sealed fleet.Sealed
			if err == nil {
				sealed, err = c.Await(ctx, id)
			}
			if err == nil {
				err = c.Keep(ctx, sealed)
			}
			if err != nil {
				select {
				case errs <- err:
				default:
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		b.Fatal(err)
	default:
	}
	return done
}
