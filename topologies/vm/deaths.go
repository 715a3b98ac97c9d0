package vm

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/bounded"
)

// deathsProgram runs in a guest and sees how its processes end.
//
//go:embed deaths.pl
var deathsProgram []byte

const (
	deathsDir = "/run/reprise-deaths"
	perl      = "/usr/bin/perl" // of perl-base, which every Debian has
	// askTimeout bounds an answer, with the wait for a process that is dumping core.
	askTimeout = 40 * time.Second
	// maxAnswer bounds an answer in bytes; the program keeps less.
	maxAnswer = 16 << 20
)

// askProgram prints what the program tells from an end on. It is short: where the machine is
// emulated, the start of an interpreter is what an answer costs.
const askProgram = `socket(S, 1, 1, 0) && connect(S, pack("S a108", 1, "$ARGV[0]/socket")) or die "who watched its processes has ended: $!\n";
syswrite(S, "$ARGV[1]\n"); print while sysread(S, $_, 65536)`

// deaths is what is known of the processes of one guest that ended, since its node was
// built or reset. The zero value watches nothing.
type deaths struct {
	mu     sync.Mutex
	failed error // why nobody watches
	ends   []topologies.ProcessEnd
	taken  int // of the ends that the program in the guest has told
	missed time.Time
	why    string
}

// forget begins anew, before a machine that is another or is as it was.
func (d *deaths) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failed, d.ends, d.missed, d.why = errors.New("the guest is not set up"), nil, time.Time{}, ""
}

// begin starts the program in a guest that has just been set up, in which nothing of a
// scenario runs yet. That it cannot watch is told to who asks for its processes, and keeps
// nobody else from the lab.
func (d *deaths) begin(ctx context.Context, h *host) {
	d.mu.Lock()
	defer d.mu.Unlock()
	said := bounded.NewFirst(bounded.Words)
	script := `mkdir -p -m 700 "$1" && cat > "$1/deaths.pl" && exec "$2" "$1/deaths.pl" "$1"`
	exit, err := h.Exec(ctx, []string{"sh", "-c", script, "sh", deathsDir, perl}, bytes.NewReader(deathsProgram), nil, said)
	if err == nil && exit != 0 {
		err = fmt.Errorf("exit status %d: %s: this guest lacks what it takes: rebuild it: reprise images build --guest %s", exit, lastLine(said.String()), h.node.guest.Suite)
	}
	if err != nil {
		err = fmt.Errorf("watch the processes of the guest: %w", err)
	}
	d.failed, d.taken = err, 0
}

// lastLine is the last line of what a program said.
func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return ending(s[strings.LastIndexByte(s, '\n')+1:])
}

// pause takes what the program has told before the power is cut, which ends it.
func (d *deaths) pause(ctx context.Context, h *host) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.take(ctx, h); err != nil {
		d.missed, d.why = time.Now(), "what died before the node was restarted is not known: "+err.Error()
	}
}

// take asks the program for what it has not told yet. The caller holds mu.
func (d *deaths) take(ctx context.Context, h *host) error {
	if d.failed != nil {
		return d.failed
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	out, said := bounded.NewFirst(maxAnswer), bounded.NewFirst(bounded.Words)
	exit, err := h.Exec(ctx, []string{perl, "-e", askProgram, deathsDir, strconv.Itoa(d.taken)}, nil, out, said)
	if err != nil {
		return err
	}
	if exit != 0 {
		return fmt.Errorf("exit status %d: %s", exit, lastLine(said.String()))
	}
	if out.Over() {
		return errors.New("the guest says more about its processes than a program of ours does")
	}
	a, err := parseAnswer(out.String(), time.Now())
	if err != nil {
		return err
	}
	d.taken += len(a.ends)
	d.ends = append(d.ends, a.ends...)
	if !a.missed.IsZero() {
		d.missed, d.why = a.missed, a.why
	}
	return nil
}

// answer is what the program tells, by this machine's clock: the guest's may be set by
// anybody.
type answer struct {
	ends   []topologies.ProcessEnd
	missed time.Time
	why    string
}

// parseAnswer reads an answer that was got now; deaths.pl says how it is written.
func parseAnswer(text string, now time.Time) (a answer, err error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) < 2 || lines[len(lines)-1] != "." {
		return a, errors.New("the guest's answer about its processes broke off")
	}
	var clock, lost int64
	var over, dumping int
	if _, err := fmt.Sscanf(lines[0], "now %d lost %d over %d dumping %d", &clock, &lost, &over, &dumping); err != nil {
		return a, fmt.Errorf("read the guest's answer about its processes: %w", err)
	}
	when := func(ns int64) time.Time { return now.Add(-time.Duration(max(0, clock-ns))) }
	switch {
	case over != 0:
		a.missed, a.why = now, "too many processes died to keep them all"
	case dumping != 0:
		a.missed, a.why = now, "a process has been dumping core for too long"
	case lost != 0:
		a.missed, a.why = when(lost), "the kernel's events of processes came faster than they could be read, and some were lost"
	}
	for _, line := range lines[1 : len(lines)-1] {
		e, at, err := parseEnd(line)
		if err != nil {
			return answer{}, fmt.Errorf("read the end of a process, %q: %w", ending(line), err)
		}
		e.At = when(at)
		a.ends = append(a.ends, e)
	}
	return a, nil
}

// parseEnd reads one end and when it was, by the guest's monotonic clock.
func parseEnd(line string) (e topologies.ProcessEnd, at int64, err error) {
	const numbers, words = 6, 4
	f := strings.Fields(line)
	if len(f) != 1+numbers+words || f[0] != "end" {
		return e, 0, errors.New("not of this form")
	}
	var n [numbers]int64
	for i, word := range f[1 : 1+numbers] {
		if n[i], err = strconv.ParseInt(word, 10, 64); err != nil {
			return e, 0, err
		}
	}
	var s [words]string
	for i, word := range f[1+numbers:] {
		raw, ok := strings.CutPrefix(word, "x")
		text, err := hex.DecodeString(raw)
		if err != nil || !ok {
			return e, 0, errors.New("not in hexadecimal")
		}
		s[i] = string(text)
	}
	return topologies.ProcessEnd{
		PID: int(n[0]), Parent: int(n[1]), Signal: int(n[2]), Core: n[3] != 0, OOM: n[4] != 0,
		Name: s[0], By: s[1], Dir: s[2], NoDump: s[3],
	}, n[5], nil
}

// Ends implements topologies.ProcessWatcher.
func (l *lab) Ends(ctx context.Context, name string) ([]topologies.ProcessEnd, time.Time, string, error) {
	n, err := l.node(name)
	if err != nil {
		return nil, time.Time{}, "", err
	}
	if !n.own() {
		return nil, time.Time{}, "", errors.New("the node is a vendor's machine, in which nothing of ours runs")
	}
	n.deaths.mu.Lock()
	defer n.deaths.mu.Unlock()
	if err := n.deaths.take(ctx, &host{node: n}); err != nil {
		return nil, time.Time{}, "", fmt.Errorf("see how processes of %s end: %w", name, err)
	}
	return slices.Clone(n.deaths.ends), n.deaths.missed, n.deaths.why, nil
}
