package fleet

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/fleettest"
	"github.com/reprise-lab/reprise/harness/fleet/server"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

func TestJSONKeys(t *testing.T) {
	clitest.JSONKeys(t, served{}, joining{}, fleet.Offer{}, fleet.Status{}, fleet.LogLine{})
}

func TestServeOptions(t *testing.T) {
	const everywhere = "0.0.0.0:4222"
	clitest.Options(t, newServe, []clitest.Asked[serveOptions]{
		{Args: nil, Want: serveOptions{listen: everywhere}},
		{
			Args: []string{"--listen", "127.0.0.1:0", "--advertise", "lab", "--renewal", "1s", "--max-store", "100", "--dir", "d", "--new-tokens"},
			Want: serveOptions{listen: "127.0.0.1:0", advertise: "lab", dir: "d", renewal: time.Second, store: 100, newTokens: true},
		},
		{Args: []string{"--renewal", "1ms"}, Err: "--renewal 1ms: want 100ms or more, as 5s"},
		{Args: []string{"--max-store", "-1"}, Err: "--max-store -1: want megabytes, or 0 for half of what is free"},
		{Args: []string{"x"}, Err: `unknown command "x" for "serve"`},
	})
}

func TestWorkerOptions(t *testing.T) {
	const (
		idle = 30 * time.Second
		key  = "UDY4NFBDKSTTJXKQSFAJXOXCF3ASHPNQQ4ACZSW7L35RYOHSZDP67ZPQ"
	)
	clitest.Options(t, newWorker, []clitest.Asked[workerOptions]{
		{Args: []string{"--join", "U"}, Want: workerOptions{join: "U", labs: 1, idle: idle}},
		{
			Args: []string{"--join", "U", "--labs", "4", "--name", "rack-3", "--lab", "lab.yaml", "--provider", "lab", "--accept-new", "--idle", "1m", "--trust", "engine,binds"},
			Want: workerOptions{App: &cli.App{Trust: []string{"engine", "binds"}}, join: "U", name: "rack-3", labs: 4, lab: "lab.yaml", acceptNew: true, provider: "lab", idle: time.Minute},
		},
		{Args: nil, Err: "join what? --join URL, as reprise fleet serve prints it"},
		{Args: []string{"--join", "U", "--labs", "0"}, Err: "--labs takes 1 to 64"},
		{Args: []string{"--join", "U", "--name", "../x"}, Err: `--name "../x": want letters, digits, dots, hyphens and underscores, 63 at most`},
		{Args: []string{"--join", "U", "--accept", key}, Want: workerOptions{join: "U", labs: 1, idle: idle, accept: []string{key}}},
		{Args: []string{"--join", "U", "--accept", "ann"}, Err: `--accept ["ann"]: want public keys, U… of 56 letters and digits, as reprise fleet status says yours`},
		{Args: []string{"--join", "U", "--idle", "0s"}, Err: "--idle 0s: want a time, as 30s"},
		{Args: []string{"--join", "U", "--provider", "podman"}, Err: `there is no provider "podman": there are containers, namespaces and mixed`},
	})
}

func TestAskOptions(t *testing.T) {
	t.Setenv(cli.EnvFleet, "")
	const which = "of which fleet? give --fleet URL, or set $REPRISE_FLEET, as reprise fleet serve prints it"
	there := cli.LabFlags{Fleet: "U"}
	clitest.Options(t, newStatus, []clitest.Asked[askOptions]{
		{Args: []string{"--fleet", "U", "--all"}, Want: askOptions{where: there, all: true}},
		{Args: nil, Err: which},
		{Args: []string{"--fleet", cli.NoFleet}, Err: which},
	})
	clitest.Options(t, newLogs, []clitest.Asked[askOptions]{
		{Args: []string{"w", "--fleet", "U", "-f"}, Want: askOptions{where: there, worker: "w", follow: true}},
		{Args: []string{"--fleet", "U"}, Err: "accepts 1 arg(s), received 0"},
		{Args: []string{"w"}, Err: which},
	})
	clitest.Options(t, newDrain, []clitest.Asked[askOptions]{{Args: []string{"w", "--fleet", "U"}, Want: askOptions{where: there, worker: "w"}}})
	clitest.Options(t, newRemove, []clitest.Asked[askOptions]{{Args: []string{"w", "--fleet", "U"}, Want: askOptions{where: there, worker: "w"}}})
	clitest.Options(t, newURL, []clitest.Asked[askOptions]{{Args: []string{"--fleet", "U"}, Want: askOptions{where: there}}, {Args: nil, Err: which}, {Args: []string{"w", "--fleet", "U"}, Err: `unknown command "w" for "url"`}})
	t.Setenv(cli.EnvFleet, "E")
	clitest.Options(t, newStatus, []clitest.Asked[askOptions]{{Args: nil}})
}

// newServer is a fleet that nobody is in yet.
func newServer(t *testing.T) *server.Server {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	s, err := server.Start(t.Context(), server.Options{Dir: t.TempDir(), Listen: "127.0.0.1:0", Advertise: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// aPlan is one of a scenario that nothing executes.
func aPlan(t *testing.T) *plan.Plan {
	t.Helper()
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	const text = "reprise: v1\nid: fixture\ntitle: A fixture\ntopology: {nodes: {r1: {image: none}}}\nnodes: {r1: {platform: frr}}\nsymptom: [{name: down, node: r1, run: show version, expect: 'text contains \"x\"', eventually: 1s}]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := scenarios.Load(file, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(l, plan.Options{Trials: 1})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestGoOn: who broke off what a fleet executed, of a flag or of the environment, is told to give it again, and not its token.
func TestGoOn(t *testing.T) {
	at, p := newServer(t).URL(fleet.RoleCoordinator), aPlan(t)
	for _, tt := range []struct{ name, flag, env, want string }{
		{"the flag", at, "", "reprise rate --resume d --fleet URL"},
		{"the environment", "", at, "reprise rate --resume d --fleet URL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(cli.EnvFleet, tt.env)
			b, err := (&cli.App{Out: io.Discard, Err: io.Discard}).OpenUnchecked(t.Context(), t.TempDir(), cli.LabFlags{Fleet: tt.flag}, p)
			if err != nil {
				t.Fatal(err)
			}
			if got := b.GoOnLine("rate", "d"); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if err := b.Provider.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSameWork: who goes on with what was broken off is known to the fleet by the name of before: while somebody else is at it, it waits.
func TestSameWork(t *testing.T) {
	at, p, parent := newServer(t).URL(fleet.RoleCoordinator), aPlan(t), t.TempDir()
	var said strings.Builder
	a := &cli.App{Out: io.Discard, Err: &said}
	first, err := a.OpenUnchecked(t.Context(), parent, cli.LabFlags{Fleet: at}, p)
	if err != nil {
		t.Fatal(err)
	}
	first.Resumable("rate", nil)
	run, err := trial.CreateRun(t.Context(), p, parent, nothing{}, first.Tool)
	if err != nil {
		t.Fatal(err)
	}
	first.Recording([]experiment.Recording{{Side: string(evidence.VariantMain), Dir: run.Path}})
	var choices any
	was, err := a.OpenAsked("rate", run.Path, &choices, string(evidence.VariantMain))
	if err != nil || was.Work == "" {
		t.Fatalf("%+v, %v", was, err)
	}
	short, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := a.OpenUnchecked(short, parent, cli.LabFlags{Fleet: at, Work: was.Work}, p); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(said.String(), "is at this work since") {
		t.Errorf("beside another: %v; %s", err, said.String())
	}
	interrupted, stop := context.WithCancel(t.Context())
	defer stop()
	waits := &cli.App{Out: io.Discard, Err: onWrite(func(text string) {
		if strings.Contains(text, "is at this work since") {
			stop()
		}
	})}
	if _, err := waits.OpenUnchecked(interrupted, parent, cli.LabFlags{Fleet: at, Work: was.Work}, p); err == nil || cli.ExitCode(err) != cli.ExitInterrupted || err.Error() != "interrupted before a trial was begun" {
		t.Errorf("interrupted beside another: %d: %v", cli.ExitCode(err), err)
	}
	if err := first.Provider.Close(); err != nil {
		t.Error(err)
	}
	second, err := a.OpenUnchecked(t.Context(), parent, cli.LabFlags{Fleet: at, Work: was.Work}, p)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Provider.Close(); err != nil {
		t.Error(err)
	}
}

// onWrite is told what is written.
type onWrite func(text string)

func (f onWrite) Write(p []byte) (int, error) {
	f(string(p))
	return len(p), nil
}

// nothing builds no labs.
type nothing struct{ topologies.Provider }

func (nothing) Name() string { return "none" }

// TestOtherURL: who takes one URL of a fleet for the other is told so, in words of this program.
func TestOtherURL(t *testing.T) {
	s := newServer(t)
	for _, taken := range []fleet.Role{fleet.RoleWorker, fleet.RoleCoordinator} {
		conn, err := cli.DialFleet(t.Context(), s.URL(taken), fleet.RoleWorker, "left", nil)
		if err != nil {
			t.Fatal(err)
		}
		if may := mayAsk(t.Context(), conn, s.URL(taken)); may != (taken == fleet.RoleCoordinator) {
			t.Errorf("a worker with the URL for %s may ask: %t", taken, may)
		}
		conn.Close()
	}
	err := runStatus(t.Context(), &askOptions{App: &cli.App{Out: io.Discard, Err: io.Discard}, where: cli.LabFlags{Fleet: s.URL(fleet.RoleWorker)}})
	if err == nil || cli.ExitCode(err) != cli.ExitRefused || !strings.Contains(err.Error(), "--fleet takes the other") || strings.Contains(strings.ToLower(err.Error()), "nats") {
		t.Errorf("%d: %v", cli.ExitCode(err), err)
	}
}

// idler is a worker's that is asked for nothing.
type idler struct{ fleet.Executor }

func (idler) Offer(context.Context) (fleet.Offer, error) {
	return fleet.Offer{Name: "early", Slots: 7}, nil
}

// TestOtherServer: whoever first gives trials makes a server of others a fleet's, which a worker has waited for; one that stores nothing is
// said to be none.
func TestOtherServer(t *testing.T) {
	status := func(at string) error {
		return runStatus(t.Context(), &askOptions{App: &cli.App{Out: io.Discard, Err: io.Discard}, where: cli.LabFlags{Fleet: at}})
	}
	for _, tt := range []struct {
		name   string
		stores bool
		want   string
	}{
		{"not set up", true, "no fleet was set up on this server, which whoever first gives trials does"},
		{"without JetStream", false, "it has no JetStream"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("XDG_STATE_HOME", t.TempDir())
			at, p := fleettest.OtherServer(t, tt.stores), aPlan(t)
			if err := status(at); err == nil || cli.ExitCode(err) != cli.ExitEnvironment || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("status: %d: %v", cli.ExitCode(err), err)
			}
			conn, err := fleet.Dial(t.Context(), fleet.Access{URL: at})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			ctx, leave := context.WithCancel(t.Context())
			over := make(chan error, 1)
			w := fleet.NewWorker(conn, idler{}, fleet.WorkerOptions{})
			go func() { over <- w.Run(ctx) }()
			defer func() {
				leave()
				if err := <-over; err != nil && tt.stores {
					t.Error(err)
				}
			}()
			for deadline := time.Now().Add(10 * time.Second); tt.stores && len(w.Log()) == 0; <-time.After(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the worker does not say what it waits for")
				}
			}
			b, err := (&cli.App{Out: io.Discard, Err: io.Discard}).OpenUnchecked(t.Context(), t.TempDir(), cli.LabFlags{Fleet: at}, p)
			if !tt.stores {
				if err == nil || cli.ExitCode(err) != cli.ExitEnvironment || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("trials: %d: %v", cli.ExitCode(err), err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if roster, ok := b.Provider.(interface{ Slots() int }); !ok || roster.Slots() != 7 {
				t.Error("the worker that has waited is not there")
			}
			if err := errors.Join(status(at), b.Provider.Close()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestMistypedURL: the token of a URL that cannot be read is not shown.
func TestMistypedURL(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	for _, at := range []string{"tls//SECRET@lab:4222", "SECRET@lab:4222", "tls:/SECRET@lab:4222?sha256=1", "tls://SECRET@lab:port", "tls://SEC/RET@lab:4222"} {
		_, err := cli.DialFleet(t.Context(), at, fleet.RoleWorker, "left", nil)
		if err == nil || cli.ExitCode(err) != cli.ExitInput || strings.Contains(err.Error(), "SEC") || !strings.Contains(err.Error(), "lab") {
			t.Errorf("%s: %v", at, err)
		}
	}
}

// TestStatus: who reads it knows of each worker why it does nothing.
func TestStatus(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 15, 0, 0, time.Local)
	here, err := cli.Build()
	if err != nil {
		t.Fatal(err)
	}
	needs := fleet.Needs{Kind: "container", Provider: "namespaces", Cores: 1.5, Memory: 25_000_000, Images: []fleet.Image{{Ref: "reprise/frr:8.4.4", Digest: "sha256:1"}}, Platforms: []string{"exos"}, Abilities: []string{"--trust binds.r1"}}
	got := clitest.View(func(w io.Writer) {
		printStatus(w, fleet.Status{
			Server: "tls://lab:4222", You: "UYOU", Renewal: 5 * time.Second, Bytes: 2_500_000,
			Workers: []fleet.WorkerStatus{
				{Offer: fleet.Offer{
					Name: "left", Key: "UABCDEFGHIJ", Slots: 2, Busy: 1, Since: at, Version: here, Cores: 4, Kinds: []string{"container"}, Providers: []string{"namespaces"},
					Images: map[string]string{"reprise/frr:8.4.4": "sha256:1", "sha256:1": "sha256:1"}, Devices: []fleet.Device{{Name: "sw1", Platform: "exos", Model: "X440"}, {Name: "sw2", Platform: "voss"}},
				}},
				{
					Offer: fleet.Offer{Name: "right\nworker   evil", Key: "UB", Slots: 1, Since: at, Version: "0.1", Abilities: map[string]string{"user namespaces": "forbidden; to get it: sysctl", "/dev/net/tun of nodes": ""}},
					Idle:  []string{"it lacks what waits"},
				},
				{
					Offer: fleet.Offer{Name: "up", Key: "UC", Slots: 2, Busy: 2, Draining: true, Version: here, Kinds: []string{"container"}, Providers: []string{"namespaces"}},
					Idle:  []string{"it drains"},
				},
			},
			Works: []fleet.WorkStatus{{Holder: fleet.Holder{Work: "w1", Name: "root@pc", Since: at}, Queued: 3, Results: 1}},
			Needs: []fleet.NeedsStatus{
				{Needs: needs, Waiting: 2, Running: 1, Refusals: []fleet.Refusal{{Name: "left", Why: []string{"it is small", "it is old"}}}},
				{Needs: fleet.Needs{Kind: "vm"}, Met: true},
				{Needs: fleet.Needs{Cores: 2}, Met: true, Waits: true, Waiting: 1, Refusals: []fleet.Refusal{{Name: "left", Why: []string{"it takes nothing for now"}, Waits: true}}},
			},
		}, false)
	})
	want := strings.TrimPrefix(`
server   tls://lab:4222, renewed every 5s, 2.5 MB on its disk
you      UYOU
worker   left (UABCDEFG) since Sun 10:15:00: 1 of 2 labs busy; labs of container with namespaces, 4 cores, 1 image, sw1 (exos X440), sw2 (voss)
worker   right; worker   evil (UB) since Sun 10:15:00: 0 of 1 lab busy; labs of no kind with nothing, 0 images, version 0.1
           idle: it lacks what waits
           cannot: user namespaces: forbidden; to get it: sysctl
worker   up (UC): 2 of 2 labs busy; labs of container with namespaces, 0 images
           leaving: it drains
work     w1 of root@pc since Sun 10:15:00: 3 trials without a result, 1 result to be fetched
trials   2 wait, 1 run: they need a lab of kind container, namespaces, 1.5 cores, 25 MB of memory, reprise/frr:8.4.4, a device of exos, --trust binds.r1
         NO WORKER CAN TAKE THEM
         left: it is small
         left: it is old
trials   1 wait, 0 run: they need 2 cores
         NO WORKER TAKES THEM FOR NOW
         left: it takes nothing for now
`, "\n")
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	empty := clitest.View(func(w io.Writer) { printStatus(w, fleet.Status{}, false) })
	for _, part := range []string{"workers  none: on each machine with labs run reprise worker --join URL", "works    none"} {
		if !strings.Contains(empty, part) {
			t.Errorf("without anybody:\n%s", empty)
		}
	}
}
