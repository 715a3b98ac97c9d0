package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/scrapli/scrapligo/driver/generic"
	"github.com/scrapli/scrapligo/driver/options"
	"github.com/scrapli/scrapligo/platform"

	"github.com/reprise-lab/reprise/drivers"
)

// CLI is a session with a command line that shows prompts. scrapligo waits for echo
// and prompt; the answer is cut from the raw bytes, so it is exact but for line ends
// ("\r\n" becomes "\n") and what the dialect calls notices, which stand apart.
type CLI struct {
	cfg    Config
	d      *CompiledDialect
	gate   gate
	s      *stream
	g      *gatherer
	driver *generic.Driver
	ended  error // set with the gate held
	stale  atomic.Bool
	banner string

	secrets     []string
	echoesTwice bool // the device says every line that it is sent twice
	paged       bool // a page was turned in the exchange in progress
}

// readDelay is scrapligo's pause between two looks at its queue.
const readDelay = 10 * time.Microsecond

// OpenCLI starts the dialect's command line on the node's terminal, settles it and
// sends the on-open commands. ctx covers only the opening.
func OpenCLI(ctx context.Context, cfg Config, d *CompiledDialect) (*CLI, error) {
	if d == nil || d.wanted == nil {
		return nil, &drivers.OpError{Node: cfg.Node, Op: "open command line", Err: errors.New("the dialect was not compiled")}
	}
	c := &CLI{cfg: cfg, d: d, gate: newGate(), secrets: cutValues(cfg.Secrets)}
	fail := func(err error) (*CLI, error) {
		return nil, cutErr(&drivers.OpError{Node: cfg.Node, Op: "open command line", Err: err}, c.secrets)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, cfg.openTimeout(), drivers.ErrTimeout)
	defer cancel()
	rwc, err := c.dial(ctx)
	if err != nil {
		return fail(err)
	}
	// Gathering starts before the pump, so that no early output is lost.
	c.s = idleStream(rwc, cfg)
	c.g = newGatherer(c.s, d)
	n := nonce()
	var arrived *listener
	if len(d.login) > 0 {
		arrived = newListener()
		c.s.listen(arrived.feed)
	} else {
		c.g.begin(drivers.DefaultLimit, n)
	}
	go c.s.pump()
	if arrived != nil {
		if err := c.login(ctx, arrived); err != nil {
			return fail(errors.Join(err, c.shut(ctx)))
		}
		c.g.begin(drivers.DefaultLimit, n)
	}
	if err := c.settle(ctx, n); err != nil {
		return fail(errors.Join(err, c.shut(ctx)))
	}
	return c, nil
}

// dial opens the raw stream.
func (c *CLI) dial(ctx context.Context) (io.ReadWriteCloser, error) {
	if c.cfg.Dial != nil {
		return c.cfg.Dial(ctx)
	}
	if c.cfg.Host == nil {
		return nil, fmt.Errorf("%w: the lab gives neither a machine nor an access", drivers.ErrUnreachable)
	}
	rwc, err := c.cfg.Host.Open(ctx, c.d.argv, true)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", drivers.ErrUnreachable, err)
	}
	return rwc, nil
}

// settle waits for the first prompt, has the marker answered, so that no early output
// can shift the answers, and sends the on-open commands.
func (c *CLI) settle(ctx context.Context, n string) error {
	err := c.attach()
	if err != nil {
		return err
	}
	release := c.watch(ctx)
	if len(c.d.login) == 0 { // the login has seen a prompt
		c.g.arrived(ctx, c.d.prompt)
		_, err = c.driver.Channel.ReadUntilPrompt(ctx)
	}
	if err == nil {
		err = c.mark(ctx, n)
	}
	release()
	head, _, _ := c.g.end()
	c.echoesTwice = strings.Count(normalise(head), fmt.Sprintf(c.d.marker, n)+"\n") > 1
	if len(c.d.login) == 0 {
		c.banner = cutText(strings.TrimSpace(normalise(head)), c.secrets)
	}
	if err != nil {
		select {
		case <-c.s.done:
			return fmt.Errorf("%w: the command line ended: %s", drivers.ErrUnreachable, c.banner)
		default:
		}
		return fmt.Errorf("settle: %w", c.explain(ctx, err))
	}
	for _, line := range c.d.onOpen {
		x, err := c.exchange(ctx, drivers.Command{Line: line}, c.d.refused)
		if err != nil {
			return fmt.Errorf("run %q: %w", line, err)
		}
		if x.Rejected != "" {
			return fmt.Errorf("run %q: %s", line, x.Rejected)
		}
	}
	for _, line := range c.d.onOpenOptional {
		for line := range strings.SplitSeq(line, " || ") {
			x, err := c.exchange(ctx, drivers.Command{Line: line}, c.d.refused)
			if err != nil {
				return fmt.Errorf("run %q: %w", line, err)
			}
			if x.Rejected == "" {
				break
			}
		}
	}
	return nil
}

// attach makes scrapligo's driver from the dialect. scrapligo panics on platform data
// it does not like; the dialect was checked, the recover is for what was overlooked.
func (c *CLI) attach() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("set up scrapligo: %v", p)
		}
	}()
	definition, err := c.d.definition()
	if err != nil {
		return err
	}
	p, err := platform.NewPlatform(definition, c.cfg.Node, options.WithCustomTransport(c.g), options.WithReadDelay(readDelay))
	if err != nil {
		return fmt.Errorf("set up scrapligo: %w", err)
	}
	if c.driver, err = p.GetGenericDriver(); err != nil {
		return fmt.Errorf("set up scrapligo: %w", err)
	}
	return c.driver.Open()
}

// watch closes the transport when ctx or the stream ends, so that scrapligo stops
// waiting, and with ctx the stream too, so that a write ends. The returned function
// ends the watch.
func (c *CLI) watch(ctx context.Context) (release func()) {
	stop, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		select {
		case <-stop:
			return
		case <-ctx.Done():
			c.stale.Store(true) // even if the answer was complete by now
			c.s.hangUp()
		case <-c.s.done:
			// What came before the end may still complete the answer: scrapligo reads
			// the queue to its end before it sees the closing.
		}
		_ = c.g.Close()
	}()
	return func() { close(stop); <-gone }
}

// Run sends one line. Control characters in it are an error, and nothing is sent; a
// tab is sent as a blank.
func (c *CLI) Run(ctx context.Context, cmd drivers.Command) (drivers.Exchange, error) {
	return c.run(ctx, cmd, c.d.refused)
}

// RunConfig sends one configuration line: it differs from Run in what counts as a refusal.
func (c *CLI) RunConfig(ctx context.Context, cmd drivers.Command) (drivers.Exchange, error) {
	return c.run(ctx, cmd, c.d.refusedConfig)
}

func (c *CLI) run(ctx context.Context, cmd drivers.Command, refused []*regexp.Regexp) (drivers.Exchange, error) {
	fail := func(err error) (drivers.Exchange, error) {
		return drivers.Exchange{}, cutErr(&drivers.OpError{Node: c.cfg.Node, Op: runOp(cmd.Line), Err: err}, c.secrets)
	}
	if i := strings.IndexFunc(strings.ReplaceAll(cmd.Line, "\t", " "), unicode.IsControl); i >= 0 {
		return fail(fmt.Errorf("line holds a control character at byte %d", i))
	}
	if err := c.gate.lock(ctx); err != nil {
		return fail(err)
	}
	defer c.gate.unlock()
	if c.ended != nil {
		return fail(c.ended)
	}
	x, err := c.exchange(ctx, cmd, refused)
	if err != nil {
		c.ended = drivers.ErrClosed
		return fail(errors.Join(err, c.shut(ctx)))
	}
	return x, nil
}

// exchange leads one dialogue; the caller holds the gate.
func (c *CLI) exchange(ctx context.Context, cmd drivers.Command, refused []*regexp.Regexp) (drivers.Exchange, error) {
	line := strings.TrimSpace(strings.ReplaceAll(cmd.Line, "\t", " "))
	started := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, timeoutOf(cmd), drivers.ErrTimeout)
	defer cancel()
	n := nonce()
	c.paged = false
	c.g.begin(limitOf(cmd), n)
	release := c.watch(ctx)
	err := c.send(ctx, line)
	var asked string
	if err == nil {
		asked, err = c.await(ctx, cmd.Replies)
	}
	if err == nil {
		err = c.mark(ctx, n)
	}
	release()
	head, tail, overflow := c.g.end()
	if err != nil {
		return drivers.Exchange{}, c.explain(ctx, err)
	}
	x := drivers.Exchange{Command: cmd.Line, Exit: drivers.NoExit, Started: started, Took: time.Since(started)}
	out, err := c.answer(head, tail, overflow, line, n)
	if err != nil {
		return drivers.Exchange{}, err
	}
	var stale bool
	x.Output, x.Notices, stale = c.d.clean(line, out)
	if stale {
		c.stale.Store(true)
	}
	if limit := limitOf(cmd); len(x.Output) > limit {
		x.Output, x.Truncated = x.Output[:limit], true
	}
	x.Truncated = x.Truncated || overflow
	if x.Rejected = refusal(x.Output, refused); x.Rejected == "" {
		x.Rejected = refusal(x.Notices, c.d.lost)
	}
	if asked != "" {
		x.Rejected = asked
	}
	for _, text := range []*string{&x.Command, &x.Output, &x.Notices, &x.Rejected} {
		*text = cutText(*text, c.secrets)
	}
	return x, nil
}

// questionQuiet is how long the device must be silent behind what looks like a question:
// an answer can hold the same words in its middle.
const questionQuiet = 150 * time.Millisecond

// keyQuiet is how long nothing but the echo must follow a key before the return does.
const keyQuiet = 5 * time.Second

// answerWith types the answer to a question, and the return where that wants one.
func (c *CLI) answerWith(ctx context.Context, q compiledQuestion, answer string) error {
	if !q.key {
		_, err := c.s.Write([]byte(answer + "\n"))
		return err
	}
	before := c.g.soFar()
	if _, err := c.s.Write([]byte(answer)); err != nil || c.g.goesOn(ctx, before, len(answer), keyQuiet) || ctx.Err() != nil {
		return err
	}
	_, err := c.s.Write([]byte("\n"))
	return err
}

// await waits for the prompt behind an answer, turns pages and replies to questions. asked
// is the question that no reply was given for, and that was answered harmlessly.
func (c *CLI) await(ctx context.Context, replies []drivers.Reply) (asked string, err error) {
	for {
		c.g.arrived(ctx, c.d.stops...)
		read, err := c.driver.Channel.ReadUntilAnyPrompt(ctx, c.d.stops)
		if err != nil {
			return asked, err
		}
		read = lastOf(nil, read, tailSize)
		if c.d.prompt.Match(read) {
			return asked, nil
		}
		if i := slices.IndexFunc(c.d.pagers, func(p compiledPager) bool { return p.see.Match(read) }); i >= 0 {
			c.paged = true
			if _, err := c.s.Write([]byte(c.d.pagers[i].send)); err != nil {
				return asked, err
			}
			continue
		}
		i := slices.IndexFunc(c.d.questions, func(q compiledQuestion) bool { return q.see.Match(read) })
		if i < 0 && c.g.quiet(ctx, questionQuiet) && !c.g.pending() {
			return asked, fmt.Errorf("%w: the line asks for a login: %q", errEnded, lastLine(string(read)))
		}
		if i < 0 || !c.g.quiet(ctx, questionQuiet) || c.g.pending() {
			continue
		}
		question := lastLine(string(read))
		reply, known, err := replyTo(question, replies)
		switch {
		case err != nil:
			return asked, err
		case !known:
			reply.Answer = c.d.questions[i].reply
			asked = fmt.Sprintf("asked %q, and was answered %q", question, reply.Answer)
			err = c.answerWith(ctx, c.d.questions[i], reply.Answer)
		case reply.Answer == "":
			err = c.s.writeSecret(reply.Secret)
		default:
			err = c.answerWith(ctx, c.d.questions[i], reply.Answer)
		}
		if err != nil {
			return asked, err
		}
	}
}

// replyTo finds the reply to a question.
func replyTo(question string, replies []drivers.Reply) (reply drivers.Reply, known bool, err error) {
	for _, r := range replies {
		re, err := regexp.Compile(r.Question)
		if err != nil {
			return r, false, fmt.Errorf("reply to %q: %w", r.Question, err)
		}
		if re.MatchString(question) {
			return r, true, nil
		}
	}
	return drivers.Reply{}, false, nil
}

// lastLine is the last line of s that is not blank.
func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return strings.TrimSpace(s[strings.LastIndexByte(s, '\n')+1:])
}

// send types a line, waits for its echo and sends the return.
func (c *CLI) send(ctx context.Context, line string) error {
	typed := line
	for char, prefix := range c.d.literal {
		typed = strings.ReplaceAll(typed, char, prefix+char)
	}
	if err := c.driver.Channel.Write([]byte(typed), false); err != nil {
		return err
	}
	if line != "" {
		c.g.arrived(ctx) // the echo may come in pieces: from the first on all is handed on
	}
	if _, err := c.driver.Channel.ReadUntilFuzzy(ctx, []byte(line)); err != nil {
		return err
	}
	return c.driver.Channel.WriteReturn()
}

// mark sends the marker and waits for its answer and the prompt behind it.
func (c *CLI) mark(ctx context.Context, n string) error {
	end, err := c.d.end(n, "")
	if err != nil {
		return err
	}
	if err := c.send(ctx, fmt.Sprintf(c.d.marker, n)); err != nil {
		return err
	}
	c.g.arrived(ctx, end)
	_, err = c.driver.Channel.ReadUntilAnyPrompt(ctx, []*regexp.Regexp{end})
	return err
}

// answer cuts the answer to line out of the raw bytes: what lies between the line's
// echo and the prompt before the echo of the marker.
func (c *CLI) answer(head, tail []byte, overflow bool, line, n string) (string, error) {
	text := normalise(head)
	if c.paged {
		text = c.d.pagerCut.ReplaceAllString(text, "")
	}
	text, rest, ok := cutEcho(text, line)
	if !ok {
		return "", fmt.Errorf("the echo of the command is garbled: %q", firstOf(rest, 200))
	}
	marker := fmt.Sprintf(c.d.marker, n)
	if overflow {
		if !strings.Contains(normalise(tail), marker) {
			return "", errors.New("the end of the answer is garbled")
		}
		return text, nil
	}
	from, err := c.markerAt(text, marker, n)
	if err != nil {
		return "", err
	}
	body := text[:from]
	at := findAtEnd(c.d.prompt, body)
	if at == nil {
		return "", fmt.Errorf("no prompt at the end of the answer: %q", lastPart(body, 200))
	}
	body = body[:at[0]] + strings.Repeat("\n", strings.Count(body[at[0]:at[1]], "\n"))
	if len(c.d.login) > 0 {
		body = c.trimPrompts(body, text[at[0]:at[1]], line)
	}
	// Typed ahead of a prompt, the marker is echoed by the terminal a first time.
	return strings.ReplaceAll(body, marker+"\n", ""), nil
}

// findAtEnd finds what a pattern that ends with the text matches, without searching all of a
// long text for it.
func findAtEnd(re *regexp.Regexp, text string) []int {
	skip := max(0, len(text)-tailSize)
	if i := strings.IndexByte(text[skip:], '\n'); skip > 0 && i >= 0 {
		skip += i
	}
	at := re.FindStringIndex(text[skip:])
	if at == nil {
		return nil
	}
	return []int{at[0] + skip, at[1] + skip}
}

// markerAt is where the marker stands whose answer, with the prompt behind it, is the end of
// text. It stands there more than once when it was typed ahead, or when its answer repeats it.
func (c *CLI) markerAt(text, marker, n string) (int, error) {
	end, err := c.d.end(n, "")
	if err != nil {
		return 0, err
	}
	for from := strings.LastIndex(text, marker); from >= 0; from = strings.LastIndex(text[:from], marker) {
		rest := text[from+len(marker):]
		if at := end.FindStringIndex(rest); at != nil && strings.TrimSpace(rest[:at[0]]) == "" {
			return from, nil
		}
	}
	return 0, fmt.Errorf("the end of the answer is garbled: %q", lastPart(text, 200))
}

// trimPrompts takes what a switch adds to an answer: prompts with nothing behind them (a
// return too many), notices that came behind the last prompt (they are kept, in front of
// it), and the echo of a line that the device says twice.
func (c *CLI) trimPrompts(body, last, line string) string {
	body = strings.TrimRight(body, "\n")
	for {
		at := findAtEnd(c.d.promptLine, body)
		if at == nil {
			break
		}
		body = strings.TrimRight(body[:at[0]], "\n")
	}
	if body != "" {
		body += "\n"
	}
	if c.echoesTwice {
		body = strings.TrimPrefix(body, line+"\n")
	}
	for note := range strings.Lines(strings.TrimLeft(last, "\n")) {
		if matchAny(c.d.notices, strings.TrimRight(note, " \n")) {
			body += strings.TrimRight(note, "\n") + "\n"
		}
	}
	return body
}

// cutEcho finds the echo of line, which a line editor may have wrapped, and returns
// what follows its line end.
func cutEcho(text, line string) (after, rest string, ok bool) {
	if line == "" {
		_, after, ok = strings.Cut(text, "\n")
		return after, text, ok
	}
	for from := 0; ; {
		i := strings.IndexByte(text[from:], line[0])
		if i < 0 {
			return "", text, false
		}
		from += i
		if end, match := matchEcho(text[from:], line); match {
			return text[from+end:], "", true
		}
		from++
	}
}

// matchEcho reports whether text begins with line and a line end; "\r", blanks and
// backspaces that the editor put between are passed over.
func matchEcho(text, line string) (end int, ok bool) {
	i := 0
	for j := 0; j < len(line); {
		switch {
		case i >= len(text):
			return 0, false
		case text[i] == line[j]:
			i, j = i+1, j+1
		case text[i] == '\r' || text[i] == ' ' || text[i] == '\b':
			i++
		default:
			return 0, false
		}
	}
	for i < len(text) && (text[i] == ' ' || text[i] == '\r') {
		i++
	}
	if i < len(text) && text[i] == '\n' {
		return i + 1, true
	}
	return 0, false
}

// explain finds why scrapligo stopped: the caller's context, the end of the stream,
// or what it says itself.
func (c *CLI) explain(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	select {
	case <-c.s.done:
		return c.s.cause()
	default:
		return err
	}
}

// shut closes the stream and scrapligo's driver.
func (c *CLI) shut(ctx context.Context) error {
	_ = c.g.Close()
	err := c.s.close(ctx)
	if c.driver != nil {
		_ = c.driver.Channel.Close()
	}
	return cutErr(err, c.secrets)
}

// Spent tells that the command line asked to be replaced before the next command.
func (c *CLI) Spent() bool { return c.stale.Load() }

// Banner is what the command line said before its first prompt.
func (c *CLI) Banner() string { return c.banner }

// Close ends the session.
func (c *CLI) Close(ctx context.Context) error {
	select {
	case c.gate <- struct{}{}: // nobody is at it
		if c.ended == nil {
			c.logout(ctx)
		}
		c.gate.unlock()
	default:
	}
	err := c.s.close(ctx) // first, so that a command in progress ends
	c.gate <- struct{}{}
	defer c.gate.unlock()
	c.ended = drivers.ErrClosed
	return errors.Join(err, c.shut(ctx))
}

func normalise(p []byte) string {
	return string(bytes.ReplaceAll(p, []byte("\r\n"), []byte("\n")))
}

func firstOf(s string, n int) string { return s[:min(n, len(s))] }

func lastPart(s string, n int) string { return s[max(0, len(s)-n):] }
