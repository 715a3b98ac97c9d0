package session

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/scrapli/scrapligo/transport"
	"github.com/scrapli/scrapligo/util"

	"github.com/reprise-lab/reprise/topologies/bounded"
)

// tailSize is how much of the end of an oversized answer is kept to find its end in.
const tailSize = 4096

// gatherer stands between the stream and scrapligo. It is a scrapligo transport, and
// it gathers the raw bytes of the answer in progress: all up to the limit, and of an
// oversized one the tail. Beyond the limit scrapligo, which keeps everything it reads,
// is given bytes only when they hold the marker or end in what may be a prompt.
type gatherer struct {
	s      *stream
	wanted *regexp.Regexp // what scrapligo must see though it is beyond the limit

	mu     sync.Mutex
	ready  *sync.Cond
	queue  []byte // for scrapligo
	flows  bool   // what arrives is handed on at once
	closed bool
	head   *bounded.First
	tail   []byte
	unseen []byte // beyond the limit and not yet given to scrapligo
	marker []byte
	fed    time.Time // when the last bytes came
	came   int       // bytes so far
	recent []byte    // the end of what came since the last look
	notice func(line []byte) bool
}

func newGatherer(s *stream, d *CompiledDialect) *gatherer {
	g := &gatherer{s: s, wanted: d.wanted, flows: true, head: bounded.NewFirst(0), notice: func(line []byte) bool {
		return slices.ContainsFunc(d.notices, func(re *regexp.Regexp) bool { return re.Match(line) })
	}}
	g.ready = sync.NewCond(&g.mu)
	return g
}

// begin starts gathering the answer to one command, which marker ends.
func (g *gatherer) begin(limit int, marker string) {
	g.mu.Lock()
	g.marker, g.recent = []byte(marker), nil
	g.head, g.tail, g.unseen, g.queue = bounded.NewFirst(limit+tailSize), nil, nil, nil
	g.mu.Unlock()
	g.s.listen(g.feed)
}

// end stops gathering; what arrives from now on belongs to no command.
func (g *gatherer) end() (head, tail []byte, overflow bool) {
	g.s.listen(nil)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.queue = nil
	return g.head.Bytes(), g.tail, g.head.Over()
}

func (g *gatherer) feed(p []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, _ = g.head.Write(p) // it never fails
	g.fed = time.Now()
	g.came += len(p)
	g.recent = lastOf(g.recent, p, tailSize)
	defer g.ready.Broadcast()
	if !g.head.Over() {
		g.queue = append(g.queue, p...)
		return
	}
	g.tail = lastOf(g.tail, p, tailSize)
	g.unseen = lastOf(g.unseen, p, tailSize)
	if bytes.Contains(g.unseen, g.marker) || g.wanted.Match(bytes.ReplaceAll(g.unseen, []byte("\r"), nil)) {
		g.queue = append(g.queue, g.unseen...)
		g.unseen = nil
	}
}

// arrived waits until what came since the last look ends in what any of the patterns
// matches, or the stream or ctx has ended. Until then nothing is handed to scrapligo, which
// looks at its queue thousands of times a second and tries every pattern on every piece. No
// pattern waits for any byte.
func (g *gatherer) arrived(ctx context.Context, patterns ...*regexp.Regexp) {
	defer g.wake(ctx)()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.flows = false
	for !g.closed && ctx.Err() == nil && !g.holds(patterns) {
		g.ready.Wait()
	}
	g.recent, g.flows = nil, true
	g.ready.Broadcast()
}

// soFar is how many bytes came since the session began.
func (g *gatherer) soFar() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.came
}

// goesOn waits until more than an echo of n bytes came, since so many had come, that is no notice; false
// when that is not so within d. A stream that has ended wants nothing more typed.
func (g *gatherer) goesOn(ctx context.Context, before, n int, d time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	defer g.wake(ctx)()
	g.mu.Lock()
	defer g.mu.Unlock()
	said := func() bool {
		text := lastOf(nil, g.recent, g.came-before)
		rest := 0
		for line := range bytes.Lines(bytes.ReplaceAll(text, []byte("\r"), nil)) {
			if line = bytes.TrimRight(line, "\n"); !g.notice(line) {
				rest += len(line)
			}
		}
		return g.came-before > tailSize || rest > n
	}
	for !g.closed && ctx.Err() == nil && !said() {
		g.ready.Wait()
	}
	return g.closed || said()
}

// wake has those who wait look again when ctx ends, until the function it gives is called.
func (g *gatherer) wake(ctx context.Context) func() bool {
	return context.AfterFunc(ctx, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.ready.Broadcast()
	})
}

// searchDepth is how much of the end of what was read scrapligo tries its patterns on.
const searchDepth = 1000

func (g *gatherer) holds(patterns []*regexp.Regexp) bool {
	if len(patterns) == 0 {
		return len(g.recent) > 0
	}
	text := lastOf(nil, g.recent, searchDepth)
	text = bytes.ReplaceAll(text, []byte("\r"), nil)
	// Nothing that is waited for ends a line, unless a notice has come behind it.
	if bytes.HasSuffix(text, []byte("\n")) && !g.notice(lastLineOf(text)) {
		return false
	}
	if bytes.IndexByte(text, 0x1b) >= 0 {
		text = util.StripANSI(text)
	}
	return slices.ContainsFunc(patterns, func(re *regexp.Regexp) bool { return re.Match(text) })
}

// quiet waits until nothing has come for d; false when ctx ends first.
func (g *gatherer) quiet(ctx context.Context, d time.Duration) bool {
	for {
		g.mu.Lock()
		left := d - time.Since(g.fed)
		g.mu.Unlock()
		if left <= 0 {
			return true
		}
		t := time.NewTimer(left)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return false
		}
	}
}

// pending reports whether bytes wait for scrapligo.
func (g *gatherer) pending() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.queue) > 0
}

// lastLineOf is the last line of text that ends in a line end, without it.
func lastLineOf(text []byte) []byte {
	text = bytes.TrimRight(text, "\n ")
	return text[bytes.LastIndexByte(text, '\n')+1:]
}

// lastOf is the last n bytes of a followed by b.
func lastOf(a, b []byte, n int) []byte {
	a = append(a, b...)
	if len(a) > n {
		a = bytes.Clone(a[len(a)-n:])
	}
	return a
}

// Open is part of scrapligo's transport; the stream is open already.
func (g *gatherer) Open(*transport.Args) error { return nil }

// IsAlive is part of scrapligo's transport.
func (g *gatherer) IsAlive() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.closed
}

// Read blocks until bytes of the answer in progress are there; io.EOF after Close.
func (g *gatherer) Read(int) ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for (len(g.queue) == 0 || !g.flows) && !g.closed {
		g.ready.Wait()
	}
	if len(g.queue) == 0 {
		return nil, io.EOF
	}
	p := g.queue
	g.queue = nil
	return p, nil
}

// Write sends bytes for scrapligo.
func (g *gatherer) Write(p []byte) error {
	_, err := g.s.Write(p)
	return err
}

// Close ends a Read that waits.
func (g *gatherer) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	g.ready.Broadcast()
	return nil
}
