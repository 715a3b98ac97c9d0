package sim

import (
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"time"
)

// Misbehaviour is how the simulator's sessions go wrong on purpose. The zero value is good
// behaviour. It concerns answers: what is sent between the echo of a command and the next
// prompt. Console, ssh and telnet sessions are all affected; logins are not.
type Misbehaviour struct {
	// Only restricts everything to commands that begin with this text; "" means every one.
	Only string
	// Seed makes the random faults; a session's faults depend on it and on how many
	// sessions there were before.
	Seed uint64
	// Slow is waited before every SlowBytes bytes of an answer (0 means 64).
	Slow      time.Duration
	SlowBytes int
	// CutAfter drops the session when that many bytes of an answer were sent.
	CutAfter int
	// GarbleEvery alters every n-th byte of the answers of a session.
	GarbleEvery int
	// FloodAfter lets an answer never end after that many bytes.
	FloodAfter int
	// EchoTwice sends the line typed back a second time, as a terminal server with its own
	// echo does.
	EchoTwice bool
	// Drop is how probable it is that a command is answered with the end of the session.
	Drop float64
	// LatePrompt is waited between an answer and the prompt.
	LatePrompt time.Duration
	// LogBursts breaks a log line into the answer on a console after every n bytes.
	LogBursts int
	// TruncateTail ends a tech-support text before its last part.
	TruncateTail bool
	// PromptInOutput puts a line into every answer that looks like the prompt.
	PromptInOutput bool
	// LateReturn has the return behind a key that answers a question come so late that it
	// answers the next one, as on a device that is busy.
	LateReturn bool
}

// errDropped is the session's end by a fault.
var errDropped = errors.New("session dropped by misbehaviour")

// faults applies a Misbehaviour to what one session sends.
type faults struct {
	ses    *session
	w      io.Writer
	m      Misbehaviour
	active bool
	sent   int // bytes of this answer
	total  int // bytes of all answers
	logged int // bytes of this answer at the last log burst
	rnd    *rand.Rand
}

// begin starts the answer to line with the faults that are set now. It reports false when
// the session is to be dropped instead of answering.
func (f *faults) begin(line string) bool {
	f.m = f.ses.sw.misbehaviour()
	f.active = strings.HasPrefix(line, f.m.Only)
	f.sent, f.logged = 0, 0
	if f.rnd == nil {
		f.rnd = rand.New(rand.NewPCG(f.m.Seed, uint64(f.ses.number))) //nolint:gosec // faults are to be repeatable, not secret
	}
	return !f.active || f.m.Drop <= 0 || f.rnd.Float64() >= f.m.Drop
}

func (f *faults) end() { f.active = false }

// Write implements io.Writer.
func (f *faults) Write(p []byte) (int, error) {
	if !f.active {
		return f.w.Write(p)
	}
	for done := 0; done < len(p); {
		n := f.piece(len(p) - done)
		if n == 0 {
			return done, f.limit()
		}
		if f.m.Slow > 0 && !f.ses.wait(f.m.Slow) {
			return done, io.ErrClosedPipe
		}
		if _, err := f.w.Write(f.garbled(p[done : done+n])); err != nil {
			return done, err
		}
		f.sent += n
		f.total += n
		done += n
		if err := f.burst(); err != nil {
			return done, err
		}
	}
	return len(p), nil
}

// piece is how much of n bytes goes out before a fault has to be looked at.
func (f *faults) piece(n int) int {
	if f.m.Slow > 0 {
		chunk := f.m.SlowBytes
		if chunk <= 0 {
			chunk = 64
		}
		n = min(n, chunk)
	}
	if f.m.CutAfter > 0 {
		n = min(n, max(0, f.m.CutAfter-f.sent))
	}
	if f.m.FloodAfter > 0 {
		n = min(n, max(0, f.m.FloodAfter-f.sent))
	}
	if f.bursting() {
		n = min(n, max(1, f.m.LogBursts-(f.sent-f.logged)))
	}
	return n
}

// limit is what happens where a cut or a flood was asked for.
func (f *faults) limit() error {
	if f.m.CutAfter > 0 && f.sent >= f.m.CutAfter {
		return errDropped
	}
	line := []byte(strings.Repeat("endless output of the simulator ", 3) + "\r\n")
	for {
		if f.m.Slow > 0 && !f.ses.wait(f.m.Slow) {
			return io.ErrClosedPipe
		}
		if _, err := f.w.Write(line); err != nil {
			return err
		}
		if f.ses.ended() {
			return io.ErrClosedPipe
		}
	}
}

func (f *faults) garbled(p []byte) []byte {
	if f.m.GarbleEvery <= 0 {
		return p
	}
	q := append([]byte(nil), p...)
	for i := range q {
		if (f.total+i+1)%f.m.GarbleEvery == 0 {
			q[i] ^= 0x01
		}
	}
	return q
}

func (f *faults) bursting() bool { return f.m.LogBursts > 0 && f.ses.kind == KindConsole }

func (f *faults) burst() error {
	if !f.bursting() || f.sent-f.logged < f.m.LogBursts {
		return nil
	}
	f.logged = f.sent
	text := f.ses.sw.plat.logLine(logEntry{Time: time.Now(), Severity: "Info", Event: "sim.burst", Message: "A log line breaks into the output"})
	_, err := io.WriteString(f.w, "\r\n"+text+"\r\n")
	return err
}
