package drivertest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/sim"
)

// SwitchPassword is that of every account of a simulated switch. It is long enough to be
// cut by value wherever it would show.
const SwitchPassword = "S3cret-of-the-lab"

// Ways are the ways into a simulated switch.
func Ways() []string { return []string{"ssh", "telnet", "console", "console-telnet"} }

// Simulate starts a simulated switch that ends with the test.
func Simulate(tb testing.TB, c sim.Config) *sim.Switch {
	tb.Helper()
	if c.Users == nil {
		c.Users = []sim.User{{Name: "admin", Password: SwitchPassword}, {Name: "user", Password: SwitchPassword, ReadOnly: true}}
	}
	if c.RebootTime == 0 {
		c.RebootTime = 200 * time.Millisecond
	}
	s, err := sim.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close simulator: %v", err)
		}
	})
	return s
}

// PasswordFile writes a password where an access can name it: a file, since tests that set a
// variable could not run beside each other.
func PasswordFile(tb testing.TB, password string) string {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "password")
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		tb.Fatal(err)
	}
	return "file:" + file
}

// Way makes a simulated switch listen, and gives the access to it.
func Way(tb testing.TB, s *sim.Switch, way string) drivers.Access {
	tb.Helper()
	a := drivers.Access{User: "admin", Password: PasswordFile(tb, SwitchPassword), Transport: way}
	var addr net.Addr
	var err error
	switch way {
	case "ssh":
		a.KnownHosts, a.AcceptNew = filepath.Join(tb.TempDir(), "known_hosts"), true
		addr, err = s.ListenSSH("127.0.0.1:0")
	case "telnet":
		addr, err = s.ListenTelnet("127.0.0.1:0")
	case "console-telnet":
		a.Transport, a.Console = drivers.TransportConsole, "telnet"
		addr, err = s.ListenConsoleTelnet("127.0.0.1:0")
	default:
		a.Console = "raw"
		addr, err = s.ListenConsole("127.0.0.1:0")
	}
	if err != nil {
		tb.Fatal(err)
	}
	a.Address = addr.String()
	return a
}

// probe is a command whose answer holds its token and nothing of another's.
func probe(token string) string { return "show reprise-probe " + token }

// SwitchContract runs the contract of drivers.Driver against simulated switches, over every
// way into them. The ways run beside each other, for most of the time they wait for a prompt
// that comes late; what they leave behind is looked for while the switches still answer.
func SwitchContract(t *testing.T, f drivers.Factory, good, bad []string) {
	t.Helper()
	slow := probe("slow")
	access := map[string]drivers.Access{}
	for _, way := range Ways() {
		s := Simulate(t, sim.Config{Platform: f.Platform(), Misbehave: sim.Misbehaviour{Only: slow, LatePrompt: 2500 * time.Millisecond}})
		access[way] = Way(t, s, way)
	}
	t.Run("ways", func(t *testing.T) {
		NoLeaks(t, goleak.IgnoreCurrent())
		for way, a := range access {
			t.Run(way, func(t *testing.T) {
				t.Parallel()
				runSuite(t, func(ctx context.Context, rec drivers.Recorder) (drivers.Driver, error) {
					return f.Open(ctx, drivers.Target{Node: "sw1", Access: &a, Recorder: rec})
				}, Options{
					Platform: f.Platform(), Answers: map[string]string{probe("alphaTOKENalpha"): "alphaTOKENalpha", probe("betaTOKENbeta"): "betaTOKENbeta"},
					Refused: "frobnicate everything", Long: "show reprise-flood 5000", Slow: slow, Good: good, Bad: bad,
				}, func(testing.TB) {})
			})
		}
	})
}

// faults are the misbehaviours, one at a time, the good behaviour first; a seed picks where
// they strike. A console that floods never ends, for nobody can hang up on it: that fault is
// left to the other ways in.
func faults(seed uint64, way string) []sim.Misbehaviour {
	list := []sim.Misbehaviour{
		{Seed: seed},
		{Seed: seed, Slow: time.Millisecond, SlowBytes: 7},
		{Seed: seed, CutAfter: 40},
		{Seed: seed, CutAfter: 900},
		{Seed: seed, GarbleEvery: 11},
		{Seed: seed, GarbleEvery: 211},
		{Seed: seed, EchoTwice: true},
		{Seed: seed, Drop: 0.1},
		{Seed: seed, LatePrompt: 20 * time.Millisecond},
		{Seed: seed, LogBursts: 60},
		{Seed: seed, PromptInOutput: true},
	}
	if way != drivers.TransportConsole {
		list = append(list, sim.Misbehaviour{Seed: seed, FloodAfter: 300})
	}
	return list
}

// SwitchTorture leads many sessions with simulated switches that misbehave, and checks that
// not one answer is attributed to the wrong command, that the password is in no record and
// no error, and that nothing is left running. Faults change in the middle of sessions.
func SwitchTorture(t *testing.T, f drivers.Factory, sessions, commands int) {
	t.Helper()
	NoLeaks(t, goleak.IgnoreCurrent())
	if testing.Short() {
		sessions = max(sessions/5, 20)
	}
	t.Run("sessions", func(t *testing.T) { torture(t, f, sessions, commands) })
}

func torture(t *testing.T, f drivers.Factory, sessions, commands int) {
	t.Helper()
	const atOnce = 20
	var wg sync.WaitGroup
	var answered, failed, unopened atomic.Int64
	type line struct {
		s *sim.Switch
		a drivers.Access
	}
	lines := make(chan line, atOnce)
	for i := range atOnce {
		s := Simulate(t, sim.Config{Platform: f.Platform()})
		lines <- line{s, Way(t, s, Ways()[i%len(Ways())])}
	}
	limit := make(chan struct{}, atOnce)
	for n := range sessions {
		limit <- struct{}{}
		l := <-lines
		wg.Go(func() {
			defer func() { <-limit; l.s.SetMisbehaviour(sim.Misbehaviour{}); lines <- l }()
			r := rand.New(rand.NewPCG(uint64(n), 1)) //nolint:gosec // a fixed seed makes the faults repeatable
			ok, bad, opened := session(t, f, l.s, l.a, r, n, commands)
			answered.Add(int64(ok))
			failed.Add(int64(bad))
			if !opened {
				unopened.Add(1)
			}
		})
	}
	wg.Wait()
	t.Logf("%d sessions of %d commands: %d answered, %d without an answer, %d sessions not opened", sessions, commands, answered.Load(), failed.Load(), unopened.Load())
	if answered.Load() == 0 || failed.Load() == 0 {
		t.Errorf("%d answered and %d failed: the faults were none, or all there was", answered.Load(), failed.Load())
	}
}

// session leads one session, and checks each answer.
func session(t *testing.T, f drivers.Factory, s *sim.Switch, a drivers.Access, r *rand.Rand, n, commands int) (answered, failed int, opened bool) {
	t.Helper()
	rec := &Transcript{}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	d, err := f.Open(ctx, drivers.Target{Node: "sw1", Access: &a, Recorder: rec})
	cancel()
	if err != nil {
		secretFree(t, "error", err.Error())
		return 0, 0, false
	}
	defer func() {
		_ = d.Close(context.WithoutCancel(t.Context()))
		secretFree(t, "transcript", string(rec.Bytes("", drivers.In))+string(rec.Bytes("", drivers.Out)))
	}()
	list := faults(r.Uint64(), a.Transport)
	for i := range commands {
		switch i % 10 { // in the middle of things
		case 4:
			s.SetMisbehaviour(list[r.IntN(len(list))])
		case 7:
			s.SetMisbehaviour(list[0])
		}
		token := fmt.Sprintf("tok%dx%dx%08x", n, i, r.Uint32())
		line := probe(token)
		if r.IntN(20) == 0 { // an answer that holds none
			token = ""
			line = "show reprise-flood 3000"
		}
		command := drivers.Command{Line: line, Timeout: 200 * time.Millisecond, Limit: 64 << 10}
		bounded, cancel := context.WithTimeout(t.Context(), 350*time.Millisecond) // a reopening under a fault as well
		x, err := d.Run(bounded, command)
		cancel()
		if err != nil {
			failed++
			secretFree(t, "error", err.Error())
			if errors.Is(err, drivers.ErrClosed) {
				t.Errorf("session %d: %v", n, err)
			}
			continue
		}
		answered++
		secretFree(t, "answer", x.Output+x.Notices+x.Rejected)
		for word := range strings.FieldsSeq(x.Output) {
			// An altered byte can make another token of this one, never that of another command.
			if strings.HasPrefix(word, "tok") && token != "" && word != token && foreign(word, token) {
				t.Errorf("session %d: the answer to %s holds %s", n, token, word)
			}
		}
		if token == "" && strings.Contains(x.Output, "tok") {
			t.Errorf("session %d: an answer without a token holds one: %.200q", n, x.Output)
		}
	}
	return answered, failed, true
}

// foreign tells a token of another command from one with an altered byte: more than two
// characters differ.
func foreign(word, token string) bool {
	if len(word) != len(token) {
		return !strings.HasPrefix(token, word) && !strings.HasPrefix(word, token)
	}
	differ := 0
	for i := range word {
		if word[i] != token[i] {
			differ++
		}
	}
	return differ > 3
}

func secretFree(t *testing.T, what, text string) {
	t.Helper()
	if strings.Contains(text, SwitchPassword) {
		t.Errorf("the %s holds the password: %.300q", what, text)
	}
}
