package sim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// call is one command being answered. Its run function is called with the switch locked;
// what it writes goes to the session afterwards.
type call struct {
	sw     *Switch
	ses    *session // nil while a saved configuration is loaded
	cmd    *command
	args   map[string]string
	canon  []string // the line with its keywords written out
	line   string
	out    bytes.Buffer
	stream func(io.Writer) error // more output, written with the switch unlocked
	after  func()                // called unlocked when the answer is out
	logout bool
	failed bool // the line was refused and has changed nothing
	dead   error
}

func (c *call) printf(format string, args ...any) { _, _ = fmt.Fprintf(&c.out, format, args...) }

// fail answers with an error and marks the line as refused.
func (c *call) fail(format string, args ...any) {
	c.failed = true
	_, _ = fmt.Fprintf(&c.out, format+"\n", args...)
}

// ask puts a question and waits for one key. Without a session, and where the session does
// not want to be asked, the answer is 'y'. The question stands behind what was written so far.
func (c *call) ask(question string) byte {
	if c.ses == nil || !c.ses.prompting {
		return 'y'
	}
	text := c.out.String() + question
	c.out.Reset()
	c.sw.mu.Unlock()
	defer c.sw.mu.Lock()
	if c.dead = c.ses.print(text); c.dead != nil {
		return 0
	}
	key, err := c.ses.key()
	c.dead = err
	return key
}

// key reads the key that answers a question and echoes it. A return behind it belongs to it.
func (ses *session) key() (byte, error) {
	b, err := ses.in.next()
	for err == nil && ses.ed.wasCR && (b == '\n' || b == 0) {
		ses.ed.wasCR = false
		b, err = ses.in.next()
	}
	if err != nil {
		return 0, err
	}
	ses.ed.wasCR = b == '\r'
	switch b {
	case 'y', 'Y', 'n', 'N', 'q', 'Q', 'c':
		if !ses.out.active || !ses.out.m.LateReturn {
			ses.in.skip = time.Now().Add(keyGrace)
		}
	}
	return b | 0x20, nil
}

// yes asks and says whether the answer is yes, echoing it as a word.
func (c *call) yes(question string) bool {
	if c.ask(question) != 'y' {
		if c.ses != nil && c.dead == nil {
			c.printf("No\n")
		}
		return false
	}
	if c.ses != nil && c.ses.prompting {
		c.printf("Yes\n")
	}
	return true
}

// answer runs one line and writes what it answers.
func (ses *session) answer(line string) (logout bool, err error) {
	s := ses.sw
	s.cfg.Log("command " + ses.name + ": " + hideSecrets(line))
	if !ses.out.begin(line) {
		return false, errDropped
	}
	defer ses.out.end()
	if ses.out.active && ses.out.m.EchoTwice {
		if err := ses.print(line + "\n"); err != nil {
			return false, err
		}
	}
	line, pipes := splitPipes(line)
	c := &call{sw: s, ses: ses, line: line}
	s.mu.Lock()
	ses.counter++
	s.journal = append(s.journal, journalEntry{time.Now(), fmt.Sprint(ses.number), ses.name, hideSecrets(line)})
	if len(s.journal) > memorySize {
		s.journal = s.journal[1:]
	}
	s.execute(c)
	looksLikePrompt := s.plat.prompt(ses)
	s.mu.Unlock()
	if c.dead != nil {
		return false, c.dead
	}
	if err := ses.deliver(c, pipes, looksLikePrompt); err != nil {
		return false, err
	}
	if ses.out.active && ses.out.m.LatePrompt > 0 && !ses.wait(ses.out.m.LatePrompt) {
		return false, io.ErrClosedPipe
	}
	if c.after != nil {
		c.after()
	}
	return c.logout, nil
}

// execute reads and runs c.line.
func (s *Switch) execute(c *call) {
	toks := tokenize(c.line)
	if len(toks) == 0 {
		return
	}
	l := s.plat.commands().find(toks, func(cmd *command) bool { return s.plat.allowed(c.ses, cmd) })
	if l.command == nil {
		c.failed = true
		c.printf("%s", s.plat.refuse(c.ses, toks, l))
		return
	}
	c.args, c.canon, c.cmd = l.args, l.canon, l.command
	if c.ses != nil {
		c.printf("%s", s.plat.preamble(c.ses, l.command))
	}
	l.command.run(c)
	if l.command.writes && !c.failed {
		s.dirty = true
	}
}

// deliver writes the answer through its pipes and the pager.
func (ses *session) deliver(c *call, pipes []string, prompt string) error {
	p := &pager{ses: ses, on: ses.paging}
	var w io.Writer = p
	for _, pipe := range pipes {
		if pipe == "no-more" {
			p.on = false
		}
	}
	var filters []*filter
	for _, pipe := range pipes {
		if f := newFilter(w, pipe); f != nil {
			w, filters = f, append(filters, f)
		}
	}
	text := c.out.Bytes()
	if ses.out.active && ses.out.m.PromptInOutput {
		first, rest, _ := bytes.Cut(text, []byte("\n"))
		text = fmt.Appendf(nil, "%s\n%s\n%s", first, prompt, rest)
	}
	_, err := w.Write(text)
	if err == nil && c.stream != nil {
		err = c.stream(w)
	}
	for i := len(filters) - 1; i >= 0 && err == nil; i-- {
		err = filters[i].flush()
	}
	if errors.Is(err, errQuit) {
		return nil
	}
	return err
}

// errQuit is the user's wish to see no more.
var errQuit = errors.New("pager: quit")

// pager writes an answer with the line ends of a terminal and stops at the end of each page.
type pager struct {
	ses  *session
	on   bool
	line int
}

// Write implements io.Writer.
func (p *pager) Write(text []byte) (int, error) {
	if !p.on {
		if _, err := p.ses.out.Write(bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))); err != nil {
			return 0, err
		}
		return len(text), nil
	}
	done := 0
	for rest := text; len(rest) > 0; {
		if page := int(p.ses.rows.Load()) - 1; page > 1 && p.line >= page {
			if err := p.stop(page); err != nil {
				return done, err
			}
		}
		n := bytes.IndexByte(rest, '\n') + 1
		if n == 0 {
			n = len(rest)
		} else {
			p.line++
		}
		if err := p.ses.print(string(rest[:n])); err != nil {
			return done, err
		}
		done += n
		rest = rest[n:]
	}
	return done, nil
}

func (p *pager) stop(page int) error {
	words := p.ses.sw.plat.pager()
	if err := p.ses.print(words); err != nil {
		return err
	}
	for {
		b, err := p.ses.in.next()
		if err != nil {
			return err
		}
		wipe := "\r" + strings.Repeat(" ", len(words)) + "\r"
		switch b {
		case ' ':
			p.line = 0
			return p.ses.print(wipe)
		case '\r', '\n':
			p.ses.ed.wasCR = b == '\r'
			p.line = page - 1
			return p.ses.print(wipe)
		case 'q', 'Q', 3, 27:
			p.ses.in.skip = time.Now().Add(keyGrace)
			return errors.Join(errQuit, p.ses.print(wipe))
		}
	}
}

// splitPipes cuts a line at the bars outside quotes.
func splitPipes(line string) (string, []string) {
	var parts []string
	start, quoted := 0, false
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '"':
			quoted = !quoted
		case line[i] == '|' && !quoted:
			parts = append(parts, line[start:i])
			start = i + 1
		}
	}
	parts = append(parts, line[start:])
	for i := 1; i < len(parts); i++ {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts[0], parts[1:]
}

// filter is one `| include`, `| exclude` or `| begin`.
type filter struct {
	w     io.Writer
	verb  string
	re    *regexp.Regexp
	begun bool
	held  []byte
}

func newFilter(w io.Writer, pipe string) *filter {
	verb, pattern, _ := strings.Cut(pipe, " ")
	full := ""
	for _, v := range []string{"include", "exclude", "begin"} {
		if len(verb) >= 2 && strings.HasPrefix(v, verb) {
			full = v
		}
	}
	if full == "" {
		return nil
	}
	pattern = strings.Trim(strings.TrimSpace(pattern), `"`)
	re, err := regexp.Compile(pattern)
	if err != nil {
		re = regexp.MustCompile(regexp.QuoteMeta(pattern))
	}
	return &filter{w: w, verb: full, re: re}
}

// Write implements io.Writer.
func (f *filter) Write(text []byte) (int, error) {
	f.held = append(f.held, text...)
	for {
		n := bytes.IndexByte(f.held, '\n') + 1
		if n == 0 {
			return len(text), nil
		}
		if err := f.pass(f.held[:n]); err != nil {
			return 0, err
		}
		f.held = f.held[n:]
	}
}

func (f *filter) flush() error {
	if len(f.held) == 0 {
		return nil
	}
	return f.pass(f.held)
}

func (f *filter) pass(line []byte) error {
	hit := f.re.Match(bytes.TrimRight(line, "\n"))
	f.begun = f.begun || hit
	if f.verb == "include" && hit || f.verb == "exclude" && !hit || f.verb == "begin" && f.begun {
		_, err := f.w.Write(line)
		return err
	}
	return nil
}

// hideSecrets cuts what follows the words that come before a secret.
func hideSecrets(line string) string {
	words := strings.Fields(line)
	for i, w := range words {
		switch strings.ToLower(w) {
		case "password", "shared-secret", "encrypted", "community", "account", "key", "secret":
			return strings.Join(append(words[:i+1:i+1], "…"), " ")
		}
	}
	return line
}
