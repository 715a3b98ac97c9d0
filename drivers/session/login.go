package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/topologies/bounded"
)

// Login is who logs in.
type Login struct {
	User     string
	Password drivers.Secret
	// AnyState says that the line may be in any state: it is a console, where the last user
	// may have left a half-typed command, a page, a question, or a session.
	AnyState bool
	// ServerUser and ServerPassword are typed at the first requests, which are those of the
	// terminal server; empty where it gives the line without asking.
	ServerUser     string
	ServerPassword drivers.Secret
}

const (
	// loginQuiet is how long a device must be silent behind what looks like a request: a
	// banner can hold the words "login:" too.
	loginQuiet = 60 * time.Millisecond
	// nudgeAfter is how long a silent line is left alone before a return is typed on it.
	nudgeAfter = 2 * time.Second
	// maxReactions bounds a dialogue that goes round in circles.
	maxReactions = 60
	// maxAttempts is how often the credentials are typed.
	maxAttempts = 2
	// logoutTimeout bounds the goodbye on a console.
	logoutTimeout = 2 * time.Second
	// maxBanner bounds what is kept of all that was said before the first prompt.
	maxBanner = 64 << 10
)

// listener keeps what arrives before there is a prompt.
type listener struct {
	mu    sync.Mutex
	all   *bounded.First // since the stream was opened
	fresh []byte         // since the last reaction
	news  chan struct{}
}

func newListener() *listener {
	return &listener{all: bounded.NewFirst(maxBanner), news: make(chan struct{}, 1)}
}

func (l *listener) feed(p []byte) {
	l.mu.Lock()
	_, _ = l.all.Write(p) // it never fails
	l.fresh = lastOf(l.fresh, p, tailSize)
	l.mu.Unlock()
	select {
	case l.news <- struct{}{}:
	default:
	}
}

func (l *listener) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.ReplaceAll(strings.ReplaceAll(string(l.fresh), "\r", ""), "\x00", "")
}

func (l *listener) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fresh = nil
}

// login leads the dialogue from an open stream to the first prompt.
func (c *CLI) login(ctx context.Context, l *listener) error {
	defer context.AfterFunc(ctx, c.s.hangUp)() // a device that does not read holds no write
	who := Login{}
	if c.cfg.Login != nil {
		who = *c.cfg.Login
	}
	if who.AnyState && who.ServerUser == "" { // a terminal server that asks speaks first
		if _, err := c.s.Write([]byte(c.d.clearLine + "\n")); err != nil {
			return fmt.Errorf("log in: %w", err)
		}
	}
	d := &loginDialogue{c: c, l: l, who: who}
	if who.ServerUser != "" {
		d.server = serverUser
	}
	err := d.lead(ctx)
	l.mu.Lock()
	c.banner = cutText(strings.TrimSpace(normalise(l.all.Bytes())), c.secrets)
	l.mu.Unlock()
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	return nil
}

// loginDialogue is a dialogue in progress.
type loginDialogue struct {
	c     *CLI
	l     *listener
	who   Login
	users int // how often the user was typed
	// server is how much of the terminal server's own login is still to come.
	server serverLogin
	waits  string
}

type serverLogin int

const (
	serverDone serverLogin = iota // or there is none
	serverUser
	serverPassword
)

func (d *loginDialogue) lead(ctx context.Context) error {
	for range maxReactions {
		text, done, err := d.next(ctx)
		switch {
		case err != nil:
			return d.explain(ctx, err)
		case done:
			return nil
		case text == "": // silence
			if _, err := d.c.s.Write([]byte("\n")); err != nil {
				return err
			}
			continue
		}
		if err := d.react(text); err != nil {
			return err
		}
	}
	return fmt.Errorf("the dialogue goes round in circles: %q", lastPart(d.l.text(), 200))
}

// explain says what the line was waiting for.
func (d *loginDialogue) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	switch seen := strings.TrimSpace(lastPart(d.l.text(), 200)); {
	case d.waits != "":
		return fmt.Errorf("the device is not ready (%s): %w", d.waits, err)
	case seen != "":
		return fmt.Errorf("no prompt after %q: %w", seen, err)
	}
	return fmt.Errorf("the device says nothing: %w", err)
}

// next waits until there is a prompt (done), a request that has stood for a moment, or
// silence (text is empty).
func (d *loginDialogue) next(ctx context.Context) (text string, done bool, err error) {
	for {
		text := d.l.text()
		if d.c.d.prompt.MatchString(text) {
			return text, true, nil
		}
		patience := nudgeAfter
		if slices.ContainsFunc(d.c.d.login, func(s compiledStep) bool { return s.see.MatchString(text) }) {
			patience = loginQuiet
		}
		timer := time.NewTimer(patience)
		select {
		case <-d.l.news:
			timer.Stop()
		case <-timer.C:
			if patience == loginQuiet {
				return text, false, nil
			}
			return "", false, nil
		case <-ctx.Done():
			timer.Stop()
			return "", false, context.Cause(ctx)
		case <-d.c.s.done:
			timer.Stop()
			if text = d.l.text(); d.c.d.prompt.MatchString(text) || matchAny(d.c.d.denied, text) {
				return "", false, fmt.Errorf("%w: %s", drivers.ErrAuth, lastLine(text))
			}
			return "", false, fmt.Errorf("%w: %w", drivers.ErrUnreachable, d.c.s.cause())
		}
	}
}

// react does what the dialect says about the request at the end of text.
func (d *loginDialogue) react(text string) error {
	for _, step := range d.c.d.login {
		if !step.see.MatchString(text) {
			continue
		}
		d.waits = ""
		if step.do == LoginWait {
			d.waits = lastLine(text) // after a silence a return asks how things are
			d.l.forget()
			return nil
		}
		d.l.forget()
		return d.do(step, text)
	}
	return nil
}

func (d *loginDialogue) do(step compiledStep, text string) error {
	var err error
	switch {
	case step.do == LoginUser && d.server == serverUser:
		d.server = serverPassword
		_, err = d.c.s.Write([]byte(d.who.ServerUser + "\n"))
		return err
	case step.do == LoginPassword && d.server == serverPassword:
		d.server = serverDone
		return d.c.s.writeSecret(d.who.ServerPassword)
	}
	switch step.do {
	case LoginUser:
		if d.denied(text) || d.users >= maxAttempts {
			return fmt.Errorf("%w: %s", drivers.ErrAuth, firstOf(d.refusalIn(text), 200))
		}
		if d.c.cfg.Login == nil {
			return errors.New("the device asks for a user, and there is none")
		}
		d.users++
		_, err = d.c.s.Write([]byte(d.who.User + "\n"))
	case LoginPassword:
		if d.users == 0 && d.who.AnyState { // it belongs to a login that somebody else began
			_, err = d.c.s.Write([]byte("\n"))
			break
		}
		err = d.c.s.writeSecret(d.who.Password)
	case LoginKey:
		_, err = d.c.s.Write([]byte(step.text))
	default:
		_, err = d.c.s.Write([]byte(step.text + "\n"))
	}
	return err
}

// denied reports whether the device has just refused our credentials.
func (d *loginDialogue) denied(text string) bool {
	return d.users > 0 && d.refusalIn(text) != ""
}

func (d *loginDialogue) refusalIn(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); matchAny(d.c.d.denied, line) {
			return line
		}
	}
	return ""
}

// logout leaves a console as a person would, as far as the line lets it: nobody after us
// shall find our session. It never fails; the line is closed anyway.
func (c *CLI) logout(ctx context.Context) {
	if c.cfg.Login == nil || !c.cfg.Login.AnyState || len(c.d.onClose) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), logoutTimeout)
	defer cancel()
	defer context.AfterFunc(ctx, c.s.hangUp)()
	l := newListener()
	c.s.listen(l.feed)
	defer c.s.listen(nil)
	for _, line := range c.d.onClose {
		if _, err := c.s.Write([]byte(line + "\n")); err != nil {
			return
		}
	}
	for {
		text := l.text()
		for _, q := range c.d.questions {
			if q.see.MatchString(text) {
				l.forget()
				if _, err := c.s.Write([]byte(q.reply + "\n")); err != nil {
					return
				}
			}
		}
		for _, step := range c.d.login {
			if step.do == LoginUser && step.see.MatchString(text) {
				return
			}
		}
		select {
		case <-l.news:
		case <-ctx.Done():
			return
		case <-c.s.done:
			return
		}
	}
}
