package topologiestest

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/faketime"
)

// clock gives two nodes a clock of their own: both show the same time, whenever what asks was
// started, time passes at the lab's speed, and what keeps real time does.
func (s Subject) clock(t *testing.T) {
	t.Helper()
	t.Parallel()
	const speed = 10
	start := time.Date(2038, 1, 19, 3, 13, 0, 0, time.UTC)
	top := topologies.Topology{Name: "clock", Nodes: s.Nodes("r1", "r2", "r3")}
	for i := range top.Nodes {
		top.Nodes[i].Env = faketime.Environment(speed, start)
	}
	p := s.Open(t)
	r := Reserve(t, p, top, topologies.Options{Run: RunName(t, "clock")})
	epoch, err := faketime.Now()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"r1", "r2"} {
		if given, err := epoch.Place(t.Context(), Host(t, r, n), noLibraries); err != nil || given.String() != "" {
			t.Fatalf("%s was given %q: %v", n, given, err)
		}
	}
	off := 0.001 + speed*s.ClockOff.Seconds()
	for _, n := range []string{"r1", "r2", "r1"} {
		h := Host(t, r, n)
		before := time.Now()
		shown := dateOf(t, Run(t, h, "date", "+%s.%N"))
		if first, last := epoch.Date(speed, start, before), epoch.Date(speed, start, time.Now()); shown < sinceEpoch(first)-off || shown > sinceEpoch(last)+off {
			t.Errorf("%s shows %f, between %f and %f", n, shown, sinceEpoch(first), sinceEpoch(last))
		}
		kept := Run(t, h, "env", "LD_PRELOAD=", "date", "+%s.%N")
		if off := math.Abs(dateOf(t, kept) - sinceEpoch(time.Now())); off > 60 {
			t.Errorf("%s: what keeps real time is %f s off", n, off)
		}
	}
	if e, ok := topologies.As[topologies.Enterer](r); ok && len(e.Enter("r2")) > 0 {
		argv := e.Enter("r2")
		argv = append(slices.DeleteFunc(argv, func(word string) bool { return word == "-it" }), "-c", "date +%s.%N")
		before := time.Now()
		out, err := exec.CommandContext(t.Context(), argv[0], argv[1:]...).Output() //nolint:gosec // what the lab says enters it
		if shown := dateOf(t, strings.TrimSpace(string(out))); err != nil || shown < sinceEpoch(epoch.Date(speed, start, before))-off {
			t.Errorf("who enters by hand is shown %f: %v", shown, err)
		}
	}
	began := time.Now()
	slept := dateOf(t, Run(t, Host(t, r, "r1"), "sh", "-c", "a=$(date +%s%N); sleep 3; b=$(date +%s%N); echo $(((b-a)/1000000)).0")) / 1000
	if took := time.Since(began).Seconds(); slept < 3 || slept > took*speed+0.1 {
		t.Errorf("a sleep of 3 s took %f s of the lab's in %f s", slept, took)
	}
	for _, wait := range []string{"0.5", "2.5"} {
		if took := dateOf(t, Run(t, Host(t, r, "r1"), "python3", "-c", ppoll, wait)); took > dateOf(t, wait)/speed+0.15 {
			t.Errorf("a wait of %s s in ppoll took %f s of this machine's", wait, took)
		}
	}
	s.foreign(t, epoch, Host(t, r, "r3"), off, func(at time.Time) float64 { return sinceEpoch(epoch.Date(speed, start, at)) })
}

func noLibraries(context.Context) []topologies.ClockLibrary { return nil }

// foreign takes the library of a node away, as of an image that never had one, and gives it one that
// its programs load: not one that is damaged, of another machine, or for a later C library.
func (s Subject) foreign(t *testing.T, epoch faketime.Epoch, h topologies.Host, off float64, date func(time.Time) float64) {
	t.Helper()
	Run(t, h, "env", "LD_PRELOAD=", "sh", "-c", "rm -r /usr/lib/*/faketime")
	if _, err := epoch.Place(t.Context(), h, noLibraries); !errors.Is(err, faketime.ErrMissing) {
		t.Errorf("without a library: %v", err)
	}
	source, ok := topologies.As[topologies.ClockSource](s.Open(t))
	if !ok {
		t.Fatal("the provider has no libraries")
	}
	good, err := source.ClockLibraries(t.Context())
	if err != nil || len(good) == 0 {
		t.Fatalf("no image has a library: %v", err)
	}
	var bad []topologies.ClockLibrary
	for from, change := range map[string]func([]byte) []byte{
		"damaged":       func(b []byte) []byte { return b[:len(b)/2] },
		"other machine": func(b []byte) []byte { b[18], b[19] = 8, 0; return b }, // e_machine: MIPS
		"other class":   func(b []byte) []byte { b[4] = 1; return b },            // 32 bits
		"text":          func([]byte) []byte { return []byte("hello") },
	} {
		bad = append(bad, topologies.ClockLibrary{From: from, Path: good[0].Path, Data: change(bytes.Clone(good[0].Data))})
	}
	_, err = epoch.Place(t.Context(), h, func(context.Context) []topologies.ClockLibrary { return bad })
	if !errors.Is(err, faketime.ErrMissing) {
		t.Errorf("what no program loads: %v", err)
	}
	for _, l := range bad {
		if err != nil && !strings.Contains(err.Error(), "not that of "+l.From+": ") {
			t.Errorf("nothing of %s: %v", l.From, err)
		}
	}
	t.Logf("refused: %v", err)
	if left := Run(t, h, "env", "LD_PRELOAD=", "sh", "-c", "find /usr/lib* /dev/shm -name 'libfaketime.so*' -o -name faketime -type d"); left != "" {
		t.Errorf("left behind: %s", left)
	}
	given, err := epoch.Place(t.Context(), h, func(context.Context) []topologies.ClockLibrary { return append(bad, good...) })
	if err != nil || given.From == "" || given.Path != good[0].Path || len(given.SHA256) != 64 {
		t.Fatalf("given %+v: %v", given, err)
	}
	t.Logf("given: %v", given)
	before := time.Now()
	if shown := dateOf(t, Run(t, h, "date", "+%s.%N")); shown < date(before)-off || shown > date(time.Now())+off {
		t.Errorf("with the library of %s it shows %f, between %f and %f", given.From, shown, date(before), date(time.Now()))
	}
	if again, err := epoch.Place(t.Context(), h, noLibraries); err != nil || again.String() != "" {
		t.Errorf("again: %v, %v", again, err)
	}
}

// ppoll is a program that waits so many seconds in ppoll, as FRR does, and tells how many of this
// machine's that took.
const ppoll = `
import ctypes, sys, time
libc, wait = ctypes.CDLL(None), float(sys.argv[1])
timeout = (ctypes.c_long * 2)(int(wait), int(wait % 1 * 1e9))
began = time.monotonic()
libc.ppoll(None, ctypes.c_ulong(0), timeout, None)
print((time.monotonic() - began) / 10)`

func sinceEpoch(t time.Time) float64 { return float64(t.UnixNano()) / 1e9 }

func dateOf(tb testing.TB, s string) float64 {
	tb.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// lacksAbility reports whether an error says that a lab lacks an ability.
func lacksAbility(err error) bool {
	missing, ok := errors.AsType[*topologies.MissingError](err)
	return ok && missing.What == "ability"
}
