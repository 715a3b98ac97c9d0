package sim

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Kind is how a session reaches the switch.
type Kind int

// Kinds of a session. KindShell is a stream whose user is logged in already, as behind ssh.
const (
	KindConsole Kind = iota + 1
	KindTelnet
	KindShell
)

// mode is where a command can be given; EXOS has only one.
type mode int

// session is one user at one command line.
type session struct {
	sw     *Switch
	kind   Kind
	number int
	rwc    io.ReadWriteCloser
	in     *input
	ed     lineEditor
	out    *faults
	dead   chan struct{}
	once   sync.Once
	rows   atomic.Int32
	cols   atomic.Int32

	user      User
	name      string // of whoever has logged in, "" at a login
	atLogin   atomic.Bool
	paging    bool
	prompting bool
	counter   int // EXOS: commands so far
	wide      int // EXOS: cli columns
	debug     bool
	mode      mode
	context   string   // VOSS: what is being configured
	targets   []string // VOSS: one context for each interface of it
}

// newSession registers a session; the caller runs it and then closes it.
func (s *Switch) newSession(rwc io.ReadWriteCloser, kind Kind, ch <-chan []byte) *session {
	ses := &session{sw: s, kind: kind, rwc: rwc, dead: make(chan struct{}), prompting: true, paging: !s.cfg.PagingOff}
	ses.rows.Store(24)
	ses.cols.Store(80)
	ses.in = &input{ch: ch, dead: ses.dead}
	ses.ed = lineEditor{ses: ses, in: ses.in}
	ses.out = &faults{ses: ses, w: rwc}
	s.mu.Lock()
	s.nsessions++
	ses.number = s.nsessions
	down := s.closed || s.phase == phaseDown
	if !down {
		s.sessions[ses] = struct{}{}
	}
	s.mu.Unlock()
	if down {
		_ = ses.Close()
	}
	return ses
}

// Close ends the session at once; the console's line stays.
func (ses *session) Close() error {
	ses.once.Do(func() {
		close(ses.dead)
		if ses.kind != KindConsole {
			_ = ses.rwc.Close()
		}
		ses.sw.mu.Lock()
		delete(ses.sw.sessions, ses)
		ses.sw.mu.Unlock()
	})
	return nil
}

func (ses *session) ended() bool {
	select {
	case <-ses.dead:
		return true
	default:
		return false
	}
}

// wait waits and reports whether the session still lives.
func (ses *session) wait(d time.Duration) bool { return ses.sw.wait(d, ses.dead) }

// resize takes a new size of the terminal; zero is unknown and changes nothing.
func (ses *session) resize(rows, cols int) {
	if rows > 0 {
		ses.rows.Store(int32(min(rows, 1<<16)))
	}
	if cols > 0 {
		ses.cols.Store(int32(min(cols, 1<<16)))
	}
}

// print writes text with the line ends of a terminal, past the pager.
func (ses *session) print(text string) error {
	_, err := io.WriteString(ses.out, strings.ReplaceAll(text, "\n", "\r\n"))
	return err
}

// announce interrupts whoever waits at a login.
func (ses *session) announce(text string) {
	if !ses.atLogin.Load() {
		return
	}
	ses.sw.mu.Lock()
	prompt := ses.sw.plat.loginPrompt()
	ses.sw.mu.Unlock()
	_, _ = io.WriteString(ses.rwc, strings.ReplaceAll(text+"\n"+prompt, "\n", "\r\n"))
}

// run serves the session until it ends: login, commands, and on a console all over again.
func (ses *session) run() error {
	for {
		if ses.kind != KindShell {
			if err := ses.login(); err != nil {
				return err
			}
		}
		if err := ses.serve(); err != nil {
			return err
		}
		ses.sw.cfg.Log(fmt.Sprintf("logout %s", ses.name))
		if ses.kind != KindConsole {
			return nil
		}
		ses.reset()
		if err := ses.print("\n"); err != nil {
			return err
		}
	}
}

// reset makes a console's session forget its last user.
func (ses *session) reset() {
	ses.user, ses.name = User{}, ""
	ses.paging, ses.prompting = !ses.sw.cfg.PagingOff, true
	ses.counter, ses.wide, ses.mode, ses.context, ses.debug = 0, 0, 0, "", false
	ses.targets = nil
}

// errLogins ends a telnet session after too many wrong passwords.
var errLogins = errors.New("too many failed logins")

func (ses *session) login() error {
	defer ses.atLogin.Store(false)
	p := ses.sw.plat
	for failed := 0; ; {
		ses.sw.mu.Lock()
		ask, pending := p.loginPrompt(), ses.sw.phase == phasePending
		ses.sw.mu.Unlock()
		ses.atLogin.Store(true)
		if err := ses.print(ask); err != nil {
			return err
		}
		name, end, err := ses.ed.read(false, nil)
		if err != nil {
			return err
		}
		if ph, _ := ses.sw.phaseNow(); pending && ph == phasePending || end != lineDone || strings.TrimSpace(name) == "" {
			continue
		}
		ses.atLogin.Store(false)
		if err := ses.print(p.passwordPrompt()); err != nil {
			return err
		}
		password, end, err := ses.ed.read(true, nil)
		if err != nil {
			return err
		}
		if end != lineDone {
			continue
		}
		if u, ok := ses.sw.authenticate(strings.TrimSpace(name), password); ok {
			ses.user, ses.name = u, u.Name
			return nil
		}
		if err := ses.print(p.loginFailed()); err != nil {
			return err
		}
		if failed++; failed >= 3 && ses.kind == KindTelnet {
			return errLogins
		}
	}
}

// serve is the command line of a user who has logged in, until a logout.
func (ses *session) serve() error {
	p := ses.sw.plat
	ses.sw.mu.Lock()
	ses.sw.logins++
	p.start(ses)
	text := p.welcome(ses)
	ses.sw.mu.Unlock()
	ses.sw.cfg.Log("login " + ses.name)
	if err := ses.print(text); err != nil {
		return err
	}
	if err := p.greet(ses); err != nil {
		return err
	}
	for {
		ses.sw.mu.Lock()
		prompt := p.prompt(ses)
		ses.sw.mu.Unlock()
		if err := ses.print(prompt); err != nil {
			return err
		}
		line, end, err := ses.ed.read(false, ses.help)
		if err != nil {
			return err
		}
		if end == lineLogout {
			line = "exit"
		}
		if end == lineInterrupted || strings.TrimSpace(line) == "" {
			continue
		}
		logout, err := ses.answer(line)
		if err != nil || logout {
			return err
		}
	}
}

// help is what a '?' shows: what could come next, and the line again.
func (ses *session) help(line string) string {
	s := ses.sw
	s.mu.Lock()
	defer s.mu.Unlock()
	toks := tokenize(line)
	partial := ""
	if len(toks) > 0 && !strings.HasSuffix(line, " ") {
		partial = strings.ToLower(toks[len(toks)-1].text)
		toks = toks[:len(toks)-1]
	}
	l := s.plat.commands().find(toks, func(c *command) bool { return s.plat.allowed(ses, c) })
	seen := map[string]bool{}
	var b strings.Builder
	b.WriteString("?\r\n")
	if l.far == len(toks) {
		for _, n := range l.next {
			for w := range strings.FieldsSeq(n) {
				if !seen[w] && strings.HasPrefix(strings.ToLower(w), partial) {
					seen[w] = true
					b.WriteString("  " + w + "\r\n")
				}
			}
		}
	}
	return b.String() + s.plat.prompt(ses) + line
}

// authenticate checks credentials and logs a failure.
func (s *Switch) authenticate(name, password string) (User, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.accountsLocked() {
		if u.Name == name && u.Password == password {
			return u, true
		}
	}
	s.failures++
	s.logLocked("Warn", "AAA.authFail", fmt.Sprintf("Login failed for user %s", printable(name)))
	s.cfg.Log("failed login")
	return User{}, false
}

// accountsLocked are the accounts of the configuration behind those of Config.
func (s *Switch) accountsLocked() []User {
	if x, ok := s.plat.(*exos); ok {
		return append(append([]User{}, s.cfg.Users...), x.accounts...)
	}
	return s.cfg.Users
}

// printable keeps what is typed at a login from writing control characters into the log.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 32 || r == 127 {
			return '.'
		}
		return r
	}, s)
}
