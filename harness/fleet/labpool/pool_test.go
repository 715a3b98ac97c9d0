package labpool_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/experiment/pooltest"
	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/labpool"
	"github.com/reprise-lab/reprise/harness/fleet/labworker"
	"github.com/reprise-lab/reprise/harness/fleet/parcel"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/topologies"
)

// opener gives the labs that a provider builds.
type opener struct{ topologies.Provider }

func (o opener) Open(context.Context, *plan.Plan, labworker.Order, map[string]string) (labworker.Provider, error) {
	return closing(o), nil
}

type closing struct{ topologies.Provider }

func (closing) Close() error { return nil }

func newExecutor(t *testing.T, w *pooltest.World) *labworker.Executor {
	t.Helper()
	b, err := labworker.New(labworker.Settings{Labs: opener{w.Provider}, Registry: w.Platform.Registry(), Dir: t.TempDir(), Name: "left", Slots: 3, Idle: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return &labworker.Executor{Bench: b}
}

// line is a coordinator and one worker without anything between them. A result is changed by tamper before it is
// taken.
type line struct {
	executor fleet.Executor
	tamper   func(*fleet.Sealed)

	mu      sync.Mutex
	tasks   map[string]fleet.Task
	needs   []fleet.Needs
	kept    []string
	cancels []string
	unheld  int   // times that the work is not known to be held
	lost    error // the work is another's

	unkept error                                        // what it comes to that a result is to be forgotten
	away   func(ctx context.Context, what string) error // what is asked of a server that is away; nil: it is there
}

func (l *line) Submit(_ context.Context, t fleet.Task, n fleet.Needs) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.Attempt = 1
	l.tasks[t.ID], l.needs = t, append(l.needs, n)
	return nil
}

func (l *line) Await(ctx context.Context, id string) (fleet.Sealed, error) {
	if l.away != nil {
		if err := l.away(ctx, "await"); err != nil {
			return fleet.Sealed{}, err
		}
	}
	l.mu.Lock()
	t := l.tasks[id]
	l.mu.Unlock()
	out, err := l.executor.Execute(ctx, t, func(string) {})
	if err != nil {
		return fleet.Sealed{}, err
	}
	s := fleet.Sealed{Seal: fleet.Seal{ID: id, Worker: "ULEFT", Host: "left"}, Outcome: out, Signed: []byte(fmt.Sprintf(`{"id":%q,"text":"<&>"}`, id)), Signature: []byte("sig")}
	if s.Signed, err = json.Marshal(json.RawMessage(s.Signed)); err != nil {
		return s, err
	}
	s.SHA256 = evidence.SHA256(s.Signed)
	if l.tamper != nil {
		l.tamper(&s)
	}
	return s, nil
}

func (l *line) Keep(ctx context.Context, s fleet.Sealed) error {
	if l.away != nil {
		if err := l.away(ctx, "keep"); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = append(l.kept, s.ID)
	return l.unkept
}

// Holds says no a few times, as a server that is away does.
func (l *line) Holds() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.unheld--; l.unheld >= 0 {
		return errors.New("not confirmed yet")
	}
	return l.lost
}

func (l *line) Cancel(ctx context.Context, id string) error {
	if l.away != nil {
		if err := l.away(ctx, "cancel"); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cancels = append(l.cancels, id)
	return nil
}

func open(t *testing.T, w *pooltest.World, parent string, tamper func(*fleet.Sealed)) (*labpool.Pool, *line) {
	t.Helper()
	l := &line{executor: newExecutor(t, w), tasks: map[string]fleet.Task{}, tamper: tamper}
	p := labpool.New(labpool.Options{Version: "devel", Parent: parent})
	p.Use(l)
	return p, l
}

// TestPool holds the pool to the contract of every pool.
func TestPool(t *testing.T) {
	t.Parallel()
	pooltest.Run(t, func(t *testing.T, w *pooltest.World) experiment.Pool {
		t.Helper()
		p, _ := open(t, w, "", nil)
		return patient{p, w}
	})
}

// TestLateWorker: an image that a worker lacks which came after the first trials is shipped for the next, once.
func TestLateWorker(t *testing.T) {
	t.Parallel()
	w, parent := pooltest.NewWorld(), t.TempDir()
	l := &line{executor: newExecutor(t, w), tasks: map[string]fleet.Task{}}
	lacking, asked := false, 0
	p := labpool.New(labpool.Options{Version: "devel", Parent: parent, Ship: func(context.Context, fleet.Image) (string, error) {
		if asked++; !lacking {
			return "", nil
		}
		return strings.Repeat("a", 64), nil
	}})
	p.Use(l)
	env := w.Env()
	env.Provider = &labpool.Provider{Roster: early{}}
	s, err := p.Series(t.Context(), pooltest.Plan(t, w), parent, env, evidence.Tool{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		lacking = n > 0
		if _, err := s.TryWithin(t.Context(), 1, 0); err != nil {
			t.Fatal(err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var sources []string
	for _, n := range l.needs {
		sources = append(sources, n.Images[0].Source)
	}
	shipped := 0
	for _, task := range l.tasks {
		shipped += len(task.Images)
	}
	if diff := cmp.Diff([]string{"", "fleet", "fleet"}, sources); diff != "" || shipped != 2 || asked != 3 {
		t.Errorf("%d of the tasks have an archive, asked %d times (-want +got):\n%s", shipped, asked, diff)
	}
}

// TestRegistry: a registry that has an image is asked once, and workers are told where it is; what one of them could not fetch from
// there is shipped, and the trial is executed all the same.
func TestRegistry(t *testing.T) {
	t.Parallel()
	const from = "lab.example:5000/daemon@sha256:2"
	for _, tt := range []struct {
		name    string
		from    string
		reason  string // why the first task failed
		shipped bool
		sources []string
		fails   bool
	}{
		{name: "it has it", from: from, sources: []string{"registry", "registry"}},
		{name: "it has not", sources: []string{"", ""}},
		{name: "it cannot be fetched", from: from, reason: "left: the image cannot be fetched from its registry: daemon:1: 401", sources: []string{"registry", "fleet", "fleet"}},
		{name: "it was sent and is gone", reason: "left: image 1: what was sent of the image is not on the fleet's server any more, and is sent again", shipped: true, sources: []string{"fleet", "fleet", "fleet"}},
		{name: "something else", from: from, reason: "left: no space left on device", sources: []string{"registry"}, fails: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, parent := pooltest.NewWorld(), t.TempDir()
			l := &line{executor: newExecutor(t, w), tasks: map[string]fleet.Task{}}
			failed := false
			l.away = func(_ context.Context, what string) error {
				if what != "await" || tt.reason == "" || failed {
					return nil
				}
				failed = true
				return &fleet.FailedError{ID: "1", Reasons: []string{tt.reason}}
			}
			asked, shipped := 0, 0
			p := labpool.New(labpool.Options{Version: "devel", Parent: parent, Find: func(context.Context, fleet.Image) (from, digest string) {
				asked++
				return tt.from, "sha256:1"
			}, Ship: func(_ context.Context, image fleet.Image) (string, error) {
				if image.Source != "" || tt.from == "" && !tt.shipped {
					return "", nil // no worker lacks it
				}
				shipped++
				return strings.Repeat("a", 64), nil
			}})
			p.Use(l)
			env := w.Env()
			env.Provider = &labpool.Provider{Roster: early{}}
			s, err := p.Series(t.Context(), pooltest.Plan(t, w), parent, env, evidence.Tool{Name: "test"})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if _, err := s.TryWithin(t.Context(), 1, 0); (err != nil) != tt.fails {
					t.Fatal(err)
				}
				if tt.fails {
					break
				}
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			var sources []string
			for _, n := range l.needs {
				image := n.Images[0]
				sources = append(sources, image.Source)
				if (image.Source == fleet.SourceRegistry) != (image.Registry == "lab.example:5000") {
					t.Errorf("%+v", image)
				}
			}
			if diff := cmp.Diff(tt.sources, sources); diff != "" || asked != 1 {
				t.Errorf("asked %d times (-want +got):\n%s", asked, diff)
			}
			if tt.shipped && shipped != 2 {
				t.Errorf("shipped %d times", shipped)
			}
			told := 0
			for _, task := range l.tasks {
				var o labworker.TaskOptions
				if err := json.Unmarshal(task.Options, &o); err != nil {
					t.Fatal(err)
				}
				if o.Registries["sha256:1"] == from {
					told++
				}
			}
			if want := len(slices.DeleteFunc(slices.Clone(tt.sources), func(s string) bool { return s != fleet.SourceRegistry })); told != want {
				t.Errorf("%d tasks say where it is, want %d", told, want)
			}
		})
	}
}

// early is a fleet of one worker, which has the image.
type early struct{}

func (early) Workers() []fleet.Offer {
	return []fleet.Offer{{Name: "early", Slots: 1, Images: map[string]string{"daemon:1": "sha256:1"}}}
}

func (early) Lacking(fleet.Needs) ([]fleet.Refusal, bool) { return nil, true }

// patient is a pool of workers that take down a lab as soon as it has nothing to do; a series of it is closed when they
// have.
type patient struct {
	experiment.Pool
	w *pooltest.World
}

func (p patient) Series(ctx context.Context, pl *plan.Plan, parent string, env trial.Environment, tool evidence.Tool) (experiment.Series, error) {
	s, err := p.Pool.Series(ctx, pl, parent, env, tool)
	return patientSeries{s, p.w}, err
}

func (p patient) Reopen(ctx context.Context, pl *plan.Plan, dir evidence.Dir, env trial.Environment) (experiment.Series, error) {
	s, err := p.Pool.Reopen(ctx, pl, dir, env)
	return patientSeries{s, p.w}, err
}

type patientSeries struct {
	experiment.Series
	w *pooltest.World
}

func (s patientSeries) Close(ctx context.Context) error {
	err := s.Series.Close(ctx)
	over := time.After(time.Minute)
	for tick := time.NewTicker(time.Millisecond); s.w.Provider.Up() > 0; {
		select {
		case <-tick.C:
		case <-over:
			return errors.New("a lab that has nothing to do stays up")
		}
	}
	return err
}

// TestTake: what a worker sends is in the place of the trial, judged here, with the host and its seal, and is
// forgotten by the fleet after that.
func TestTake(t *testing.T) {
	t.Parallel()
	w, parent := pooltest.NewWorld(), t.TempDir()
	p, l := open(t, w, parent, nil)
	s, err := p.Series(t.Context(), pooltest.Plan(t, w), parent, w.Env(), evidence.Tool{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.TryWithin(t.Context(), 1, 0); err != nil {
		t.Fatal(err)
	}
	entries, err := s.Dir().Ledger()
	if err != nil || len(entries) != 1 || entries[0].Host != "left" || entries[0].Lab != 1 {
		t.Fatalf("%+v, %v", entries, err)
	}
	if len(l.kept) != 1 || l.needs[0].Version != "devel" || l.needs[0].Memory < 12_500_000 {
		t.Errorf("kept %q, needs %+v", l.kept, l.needs)
	}
	var e labpool.Seal
	if err := evidence.ReadJSON(s.Dir().Trial(1).File("seal.json"), &e); err != nil {
		t.Fatal(err)
	}
	calls := p.Callbacks()
	seal, counted := calls.Counted(l.kept[0])
	if !counted || seal != evidence.SHA256(e.Signed) || !strings.Contains(string(e.Signed), l.kept[0]) {
		t.Errorf("counted %v by %q", counted, seal)
	}

	// In another life the run is found by its directory.
	q, _ := open(t, w, parent, nil)
	calls = q.Callbacks()
	if again, counted := calls.Counted(l.kept[0]); !counted || again != seal {
		t.Errorf("in another life: counted %v by %q", counted, again)
	}
	if _, counted := calls.Counted("0123-7"); counted {
		t.Error("a task of nobody is counted")
	}
	if err := calls.Uncounted(fleet.Sealed{Seal: fleet.Seal{ID: l.kept[0], Worker: "URIGHT", Host: "right"}}, "it came a second time"); err != nil {
		t.Error(err)
	}
	all, err := s.Dir().Attempts()
	if err != nil || len(all) != 2 || all[1].Uncounted != "it came a second time" || all[1].Host != "right" || all[1].Attempt != 2 {
		t.Errorf("%+v, %v", all, err)
	}
	if entries, err := s.Dir().Ledger(); err != nil || len(entries) != 1 {
		t.Errorf("%+v, %v", entries, err)
	}
	if err := s.Dir().CheckLedger(); err != nil {
		t.Error(err)
	}
}

// TestHosts: two workers of one name have two in the record, and keep them when the run is gone on with; one that says no name
// is called by its key.
func TestHosts(t *testing.T) {
	t.Parallel()
	w, parent := pooltest.NewWorld(), t.TempDir()
	by := func(hosts ...[2]string) func(*fleet.Sealed) {
		return func(s *fleet.Sealed) {
			s.Host, s.Worker, hosts = hosts[0][0], hosts[0][1], hosts[1:]
			s.Signed, _ = json.Marshal(s.Seal)
		}
	}
	a, b, nameless := [2]string{"left", "UAAAAAAAAAAAA"}, [2]string{"left", "UBBBBBBBBBBBB"}, [2]string{"", "UCCCCCCCCCCCC"}
	p, _ := open(t, w, parent, by(a, b, a, nameless))
	s, err := p.Series(t.Context(), pooltest.Plan(t, w), parent, w.Env(), evidence.Tool{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if _, err := s.TryWithin(t.Context(), 1, 0); err != nil {
			t.Fatal(err)
		}
	}
	q, _ := open(t, w, parent, by(b, a))
	again, err := q.Reopen(t.Context(), pooltest.Plan(t, w), s.Dir(), w.Env())
	if err != nil {
		t.Fatal(err)
	}
	for range 6 {
		if _, err := again.TryWithin(t.Context(), 1, 0); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := s.Dir().Ledger()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Host)
	}
	if want := []string{"left", "left/UBBBBBBB", "left", "UCCCCCCC", "left/UBBBBBBB", "left"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestNotBelieved: what a worker says is held against its record; what does not fit is no trial.
func TestNotBelieved(t *testing.T) {
	t.Parallel()
	summary := func(change func(*labworker.Summary)) func(*fleet.Sealed) {
		return func(s *fleet.Sealed) {
			var sum labworker.Summary
			if err := json.Unmarshal(s.Summary, &sum); err != nil {
				panic(err)
			}
			change(&sum)
			s.Summary, _ = json.Marshal(sum)
		}
	}
	for _, tt := range []struct {
		name, want, spoilt string
		tamper             func(*fleet.Sealed)
		reason             string // of a trial that is counted as inconclusive
	}{
		{name: "another verdict", tamper: summary(func(s *labworker.Summary) { s.Result.Entry.Verdict = evidence.NotReproduced }), reason: "left judged it not-reproduced (), and from the same record it is reproduced here ()"},
		{name: "a record that is lost", tamper: summary(func(s *labworker.Summary) { s.Result.Lost = "there are more than 9 bytes packed" }), reason: "its record could not be sent by left: there are more than 9 bytes packed"},
		{name: "another digest", spoilt: "was judged", tamper: summary(func(s *labworker.Summary) { s.Result.Entry.Digest = "00" })},
		{name: "another trial", spoilt: "it does not say what the trial came to", tamper: summary(func(s *labworker.Summary) { s.Result.Entry.Trial = 9 })},
		{name: "less than no time", spoilt: "took -1s", tamper: summary(func(s *labworker.Summary) { s.Result.Entry.Took = -time.Second })},
		{name: "no lab", spoilt: "lab 0", tamper: summary(func(s *labworker.Summary) { s.Result.Entry.Lab = 0 })},
		{name: "no record", spoilt: "unexpected EOF", tamper: func(s *fleet.Sealed) { s.Record = nil }},
		{name: "half a record", spoilt: "unexpected EOF", tamper: func(s *fleet.Sealed) { s.Record = s.Record[:len(s.Record)/2] }},
		{name: "no summary", spoilt: "read what it came to", tamper: func(s *fleet.Sealed) { s.Summary = nil }},
		{name: "a folder that is named as the verdict", spoilt: "verdict.json", tamper: func(s *fleet.Sealed) {
			dir := filepath.Join(t.TempDir(), "record")
			err := parcel.Unpack(t.Context(), s.Record, dir, parcel.Bounds{Files: 99, Size: 1 << 20, Packed: 1 << 20}, nil)
			err = errors.Join(err, os.Remove(filepath.Join(dir, "verdict.json")), os.Mkdir(filepath.Join(dir, "verdict.json"), 0o755))
			err = errors.Join(err, os.WriteFile(filepath.Join(dir, "verdict.json", "x"), nil, 0o600))
			record, perr := labworker.PackRecord(t.Context(), evidence.TrialDir{Dir: evidence.Dir{Path: dir}}, nil)
			if err := errors.Join(err, perr); err != nil {
				t.Error(err)
			}
			s.Record = record
		}},
		{name: "a plan that is refused", want: "left refuses the plan: it asks for the moon", tamper: summary(func(s *labworker.Summary) { *s = labworker.Summary{Refused: "it asks for the moon"} })},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, parent := pooltest.NewWorld(), t.TempDir()
			p, l := open(t, w, parent, tt.tamper)
			s, err := p.Series(t.Context(), pooltest.Plan(t, w), parent, w.Env(), evidence.Tool{Name: "test"})
			if err != nil {
				t.Fatal(err)
			}
			a, err := s.TryWithin(t.Context(), 1, 0)
			entries, lerr := s.Dir().Ledger()
			if lerr != nil {
				t.Fatal(lerr)
			}
			if tt.reason != "" {
				if err != nil || a.Verdict.Verdict != evidence.Inconclusive || a.Verdict.Reason != tt.reason || len(entries) != 1 || entries[0].Verdict != evidence.Inconclusive {
					t.Errorf("%+v, %v, in the ledger %+v", a.Verdict, err, entries)
				}
				return
			}
			if tt.spoilt != "" {
				all, lerr := s.Dir().Attempts()
				if err != nil || lerr != nil || a.Verdict.Verdict != evidence.Inconclusive || len(entries) != 1 || len(all) != 4 || len(l.kept) != 3 {
					t.Fatalf("%+v, %v, in the ledger %+v, kept %q", a.Verdict, err, all, l.kept)
				}
				if !strings.Contains(a.Verdict.Reason, tt.spoilt) || !strings.Contains(all[0].Uncounted, tt.spoilt) {
					t.Errorf("%s; in the ledger %s; want %q in it", a.Verdict.Reason, all[0].Uncounted, tt.spoilt)
				}
				if _, err := trial.Counted(s.Plan(), s.Dir()); err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || len(entries) != 0 {
				t.Errorf("%v, want %q; in the ledger %+v", err, tt.want, entries)
			}
			if trials, err := s.Dir().Trials(); err != nil || len(trials) > 0 {
				t.Errorf("%v, %v", trials, err)
			}
		})
	}
}

// A record that has more to read than is read into memory is no result, however small it comes.
func TestTooMuchToRead(t *testing.T) {
	t.Parallel()
	for most, want := range map[int64]evidence.Verdict{0: evidence.Reproduced, 100: evidence.Inconclusive} {
		w, parent := pooltest.NewWorld(), t.TempDir()
		p := labpool.New(labpool.Options{Version: "devel", Parent: parent, MaxRead: most})
		p.Use(&line{executor: newExecutor(t, w), tasks: map[string]fleet.Task{}})
		s, err := p.Series(t.Context(), pooltest.Plan(t, w), parent, w.Env(), evidence.Tool{Name: "test"})
		if err != nil {
			t.Fatal(err)
		}
		a, err := s.TryWithin(t.Context(), 1, 0)
		if err != nil || a.Verdict.Verdict != want || most > 0 && !strings.Contains(a.Verdict.Reason, "more than 100 bytes in its timeline") {
			t.Errorf("%d: %+v, %v", most, a.Verdict, err)
		}
	}
}

// A worker whose clock is wrong moves no trial out of its run.
func TestClocks(t *testing.T) {
	t.Parallel()
	for name, started := range map[string]time.Time{"ahead": time.Now().AddDate(9, 0, 0), "behind": time.Now().AddDate(-9, 0, 0), "unset": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, parent := pooltest.NewWorld(), t.TempDir()
			p, _ := open(t, w, parent, func(s *fleet.Sealed) {
				var sum labworker.Summary
				if err := json.Unmarshal(s.Summary, &sum); err != nil {
					t.Error(err)
					return
				}
				sum.Result.Entry.Started, sum.Result.Entry.Took = started, 99*time.Hour
				s.Summary, _ = json.Marshal(sum)
			})
			s, err := p.Series(t.Context(), pooltest.Plan(t, w), parent, w.Env(), evidence.Tool{Name: "test"})
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.TryWithin(t.Context(), 1, 0)
			entries, lerr := s.Dir().Ledger()
			_, info, ierr := evidence.OpenDir(s.Dir().Path)
			if err := errors.Join(err, lerr, ierr); err != nil || len(entries) != 1 {
				t.Fatalf("%+v, %v", entries, err)
			}
			if e := entries[0]; e.Started.Before(info.Started) || e.Started.Add(e.Took).After(time.Now()) {
				t.Errorf("it says %s for %s, and the run was made %s", e.Started, e.Took, info.Started)
			}
		})
	}
}

// A result that is no good is thrown away, and what the next worker makes counts.
func TestSpoiltOnce(t *testing.T) {
	t.Parallel()
	w, parent, spoilt := pooltest.NewWorld(), t.TempDir(), false
	p, l := open(t, w, parent, func(s *fleet.Sealed) {
		if !spoilt {
			s.Record, spoilt = s.Record[:9], true
		}
	})
	s, err := p.Series(t.Context(), pooltest.Plan(t, w), parent, w.Env(), evidence.Tool{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if a, err := s.TryWithin(t.Context(), 1, 0); err != nil || a.Verdict.Verdict != evidence.Reproduced {
		t.Errorf("%+v, %v", a.Verdict, err)
	}
	all, err := s.Dir().Attempts()
	if err != nil || len(all) != 2 || all[0].Uncounted == "" || all[1].Uncounted != "" || all[1].Attempt != 2 {
		t.Errorf("%+v, %v", all, err)
	}
	if len(l.kept) != 2 || l.kept[0] == l.kept[1] {
		t.Fatalf("kept %q", l.kept)
	}
	calls := p.Callbacks()
	if seal, counted := calls.Counted(l.kept[1]); !counted || seal == "" {
		t.Errorf("counted %v by %q", counted, seal)
	}
	if err := s.Dir().CheckLedger(); err != nil {
		t.Error(err)
	}
}

// TestKilledBeforeTheLedger: a record that came as the coordinator ended has no line, and is not what is gone on
// with: it comes again.
func TestKilledBeforeTheLedger(t *testing.T) {
	t.Parallel()
	w, parent := pooltest.NewWorld(), t.TempDir()
	p, _ := open(t, w, parent, nil)
	s, err := p.Series(t.Context(), pooltest.Plan(t, w), parent, w.Env(), evidence.Tool{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := s.TryWithin(t.Context(), 1, 0); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(s.Dir().File("ledger.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	first := data[:strings.IndexByte(string(data), '\n')+1]
	if err := errors.Join(os.WriteFile(s.Dir().File("ledger.ndjson"), first, 0o600), os.Mkdir(s.Dir().File("trials", ".parcel-1"), 0o755)); err != nil {
		t.Fatal(err)
	}
	pl, dir, _, err := plan.OpenRun(s.Dir().Path)
	if err != nil {
		t.Fatal(err)
	}
	q, l := open(t, w, parent, nil)
	again, err := q.Reopen(t.Context(), pl, dir, w.Env())
	if err != nil {
		t.Fatal(err)
	}
	if list, err := os.ReadDir(dir.File("trials")); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	for n := 1; n <= 2; n++ {
		if a, err := again.TryWithin(t.Context(), 1, 0); err != nil || a.Verdict.Trial != n || a.Verdict.Verdict != evidence.Reproduced {
			t.Errorf("%+v, %v", a, err)
		}
	}
	if len(l.kept) != 1 || dir.CheckLedger() != nil {
		t.Errorf("%d trials were executed again, %v", len(l.kept), dir.CheckLedger())
	}
}

// TestEnvironment: a worker has another environment, and so a plan that takes something of this one is refused.
func TestEnvironment(t *testing.T) {
	w, parent := pooltest.NewWorld(), t.TempDir()
	t.Setenv("REPRISE_TEST_IMAGE", "daemon:1")
	p, _ := open(t, w, parent, nil)
	pl := pooltest.Plan(t, w)
	pl.Loaded.Inputs[0].Data = []byte(strings.Replace(pooltest.Scenario, `"daemon:1"`, `"${REPRISE_TEST_IMAGE:=daemon:1}"`, 1))
	_, err := p.Series(t.Context(), pl, parent, w.Env(), evidence.Tool{Name: "test"})
	if missing, ok := errors.AsType[*labworker.EnvironmentError](err); !ok || len(missing.Names) != 1 || missing.Names[0] != "REPRISE_TEST_IMAGE" {
		t.Fatal(err)
	}
}

// TestAsks: what a plan asks for as somebody else's is a need of it.
func TestAsks(t *testing.T) {
	t.Parallel()
	w, parent := pooltest.NewWorld(), t.TempDir()
	p, l := open(t, w, parent, func(*fleet.Sealed) {})
	pl := pooltest.Plan(t, w)
	pl.Loaded.Inputs[0].Data = []byte(strings.Replace(pooltest.Scenario, `image: "daemon:1"`, `image: "daemon:1", cpu: 1.5, memory: 1gb, binds: ["/etc:/host"]`, 1))
	s, err := p.Series(t.Context(), pl, parent, w.Env(), evidence.Tool{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.TryWithin(t.Context(), 1, 0); err == nil || !strings.Contains(err.Error(), "binds.r1") {
		t.Error(err)
	}
	if len(l.needs) != 1 || len(l.needs[0].Abilities) != 1 || l.needs[0].Abilities[0] != "--trust binds.r1" {
		t.Errorf("%+v", l.needs)
	}
}

// A line of the ledger waits until it is certain that the work is held, and none is written when it is another's.
func TestHeld(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]error{"confirmed later": nil, "lost": fleet.ErrLost} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := pooltest.NewWorld()
			p, l := open(t, w, "", nil)
			l.unheld, l.lost = 2, lost
			s, err := p.Series(t.Context(), pooltest.Plan(t, w), t.TempDir(), w.Env(), evidence.Tool{Name: "test"})
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.TryWithin(t.Context(), 1, 0)
			entries, lerr := s.Dir().Ledger()
			if !errors.Is(err, lost) || lerr != nil || (len(entries) == 1) != (lost == nil) {
				t.Errorf("%v, %d lines, %v", err, len(entries), lerr)
			}
			if err := s.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// A server that is away keeps nobody who gives up, and a trial that is in the ledger is what it is, whether the fleet
// could be told so or not.
func TestAway(t *testing.T) {
	t.Parallel()
	for at, lines := range map[string]int{"await": 0, "keep": 1} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := pooltest.NewWorld()
				p, l := open(t, w, "", nil)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				gone := false
				l.away = func(ctx context.Context, what string) error {
					if what == at {
						gone = true
						cancel()
					}
					if !gone {
						return nil
					}
					<-ctx.Done()
					return ctx.Err()
				}
				s, err := p.Series(t.Context(), pooltest.Plan(t, w), t.TempDir(), w.Env(), evidence.Tool{Name: "test"})
				if err != nil {
					t.Fatal(err)
				}
				_, err = s.TryWithin(ctx, 1, 0)
				entries, lerr := s.Dir().Ledger()
				if !errors.Is(err, context.Canceled) || lerr != nil || len(entries) != lines {
					t.Errorf("%v, %d lines, %v", err, len(entries), lerr)
				}
			})
		})
	}
}

func TestUnkept(t *testing.T) {
	t.Parallel()
	w := pooltest.NewWorld()
	p, l := open(t, w, "", nil)
	l.unkept = fleet.ErrClosed
	s, err := p.Series(t.Context(), pooltest.Plan(t, w), t.TempDir(), w.Env(), evidence.Tool{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if a, err := s.TryWithin(t.Context(), 1, 0); err != nil || a.Verdict.Verdict != evidence.Reproduced {
		t.Errorf("%+v, %v", a.Verdict, err)
	}
}
