package sim

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// phase is how far a switch has booted.
type phase int

const (
	phaseDown    phase = iota + 1 // nothing answers
	phasePending                  // it runs and cannot check a login yet
	phaseUp
)

// Switch is one simulated switch. Its methods can be called from any goroutine.
type Switch struct {
	cfg    Config
	plat   platform
	ctx    context.Context //nolint:containedctx // it is the life of the switch, from New to Close
	cancel context.CancelFunc
	wg     sync.WaitGroup
	line   *console
	key    ssh.Signer

	mu        sync.Mutex // guards what follows
	closed    bool
	phase     phase
	changed   chan struct{} // closed and replaced when phase changes
	open      map[io.Closer]struct{}
	sessions  map[*session]struct{}
	listeners []net.Listener // those that refuse connections while the switch is down
	nsessions int
	mis       Misbehaviour
	flash     *flash
	log       eventLog
	journal   []journalEntry
	ports     map[string]*port
	portList  []string
	bootTime  time.Time
	reboots   int
	logins    int
	failures  int
	asked     bool // the questionnaire has been answered
	dirty     bool
}

// port is what a port is apart from its configuration.
type port struct {
	link  bool // there is a partner: SetPort
	ups   int
	downs int
	since time.Time
}

// platform is what differs between EXOS and VOSS. Its methods that read or change state are
// called with the switch locked.
type platform interface {
	commands() *table
	reset()                    // factory configuration
	load(text string) []string // apply saved lines; the refused ones come back
	running() string           // the configuration as it is shown and saved
	bootFile() string          // the file that is loaded at boot
	portEnabled(p string) bool // as configured
	portNames() []string       // all of them, in order
	loginPrompt() string       // with the phase in it
	passwordPrompt() string    // at a login
	loginFailed() string       // after wrong credentials
	welcome(*session) string   // after right ones
	greet(*session) error      // questions after the welcome; called unlocked
	prompt(*session) string    // what stands before the next command
	start(*session)            // a session begins
	allowed(*session, *command) bool
	refuse(*session, []token, lookup) string // why a line is not a command
	preamble(*session, *command) string      // before the answer of a command
	pager() string                           // its words at the end of a page
	bootText() []string                      // on the console
	readyText() string                       // on the console when logins can be checked
	linkEvent(p string, up bool) (severity, event, message string)
	logLine(logEntry) string
}

// New makes a switch and boots it. Nothing listens yet.
func New(c Config) (*Switch, error) {
	c, err := c.complete()
	if err != nil {
		return nil, fmt.Errorf("simulate switch: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Switch{
		cfg: c, ctx: ctx, cancel: cancel, mis: c.Misbehave,
		changed: make(chan struct{}), open: map[io.Closer]struct{}{}, sessions: map[*session]struct{}{},
		ports: map[string]*port{},
	}
	s.line = newConsole(s)
	if s.flash, err = openFlash(c.Dir); err != nil {
		cancel()
		return nil, fmt.Errorf("simulate switch: %w", err)
	}
	if s.key, err = s.flash.hostKey(); err != nil {
		cancel()
		return nil, fmt.Errorf("simulate switch: %w", err)
	}
	s.log.nvram = s.flash.kept.NVRAM
	if c.Platform == PlatformEXOS {
		s.plat = newEXOS(s)
	} else {
		s.plat = newVOSS(s)
	}
	s.portList = s.plat.portNames()
	for _, p := range s.portList {
		s.ports[p] = &port{since: time.Now()}
	}
	if _, ok := s.flash.read(s.plat.bootFile()); !ok && c.Startup != "" {
		if err := s.flash.write(s.plat.bootFile(), c.Startup); err != nil {
			cancel()
			return nil, fmt.Errorf("simulate switch: %w", err)
		}
	}
	s.mu.Lock()
	refused := s.bootLocked("")
	s.mu.Unlock()
	if len(refused) > 0 && c.Startup != "" && c.Dir == "" {
		cancel()
		return nil, fmt.Errorf("simulate switch: startup line %q is refused", refused[0])
	}
	if s.phase == phasePending {
		s.wg.Go(s.becomeReady)
	}
	return s, nil
}

// bootLocked loads the saved configuration and begins to run. cause is a log message about
// why the last run ended; "" means none.
func (s *Switch) bootLocked(cause string) []string {
	s.plat.reset()
	var refused []string
	if text, ok := s.flash.read(s.plat.bootFile()); ok {
		refused = s.plat.load(text)
		s.asked = true
	}
	s.dirty = false
	s.bootTime = time.Now()
	s.logins, s.failures, s.journal = 0, 0, nil
	s.log.memory = nil
	s.flash.kept.BootCount++
	if cause != "" {
		s.logLocked("Warn", "EPM.UnexpctRebootDtect", cause)
	}
	for _, line := range refused {
		s.logLocked("Warn", "cfgmgr.LoadFail", "Line of the saved configuration is refused: "+line)
	}
	s.logLocked("Info", "sim.boot", "The simulator has booted")
	for _, p := range s.ports {
		p.ups, p.downs, p.since = 0, 0, s.bootTime
	}
	s.keepLocked()
	s.setPhase(phaseUp)
	if s.cfg.PendingAAA > 0 {
		s.setPhase(phasePending)
	}
	return refused
}

func (s *Switch) setPhase(p phase) {
	s.phase = p
	close(s.changed)
	s.changed = make(chan struct{})
}

// becomeReady ends pending-AAA after its time and says so to whoever waits at a login.
func (s *Switch) becomeReady() {
	if s.cfg.PendingAAA > 0 && !s.wait(s.cfg.PendingAAA, nil) {
		return
	}
	s.mu.Lock()
	if s.phase != phasePending {
		s.mu.Unlock()
		return
	}
	s.setPhase(phaseUp)
	waiting := make([]*session, 0, len(s.sessions))
	for ses := range s.sessions {
		waiting = append(waiting, ses)
	}
	text := s.plat.readyText()
	s.mu.Unlock()
	for _, ses := range waiting {
		ses.announce(text)
	}
}

// wait waits and reports whether the whole time passed: the switch was not closed and stop
// was not either.
func (s *Switch) wait(d time.Duration, stop <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.ctx.Done():
		return false
	case <-stop:
		return false
	}
}

// reboot ends every session, answers nothing for Config.RebootTime, and boots from what was
// saved. powerLoss says that nobody asked the switch.
func (s *Switch) reboot(powerLoss bool) {
	s.mu.Lock()
	if s.closed || s.phase == phaseDown {
		s.mu.Unlock()
		return
	}
	s.reboots++
	s.setPhase(phaseDown)
	closers := s.openLocked()
	for _, l := range s.listeners {
		suspend(l)
	}
	s.wg.Add(1)
	s.mu.Unlock()
	s.cfg.Log("reboot")
	for _, c := range closers {
		_ = c.Close()
	}
	go func() {
		defer s.wg.Done()
		if !s.wait(s.cfg.RebootTime, nil) {
			return
		}
		cause := ""
		if powerLoss {
			cause = "Booting after System Failure."
		}
		s.mu.Lock()
		s.bootLocked(cause)
		pending := s.phase == phasePending
		s.mu.Unlock()
		if pending {
			s.becomeReady()
		}
	}()
}

func (s *Switch) openLocked() []io.Closer {
	var closers []io.Closer
	for c := range s.open {
		closers = append(closers, c)
	}
	for ses := range s.sessions {
		closers = append(closers, ses)
	}
	return closers
}

// track keeps c to be closed when the switch goes down; it reports false when the switch is
// down already. The caller calls forget.
func (s *Switch) track(c io.Closer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.phase == phaseDown {
		return false
	}
	s.open[c] = struct{}{}
	return true
}

func (s *Switch) forget(c io.Closer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

// phaseNow gives the phase and a channel that is closed when it changes.
func (s *Switch) phaseNow() (phase, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.phase, s.changed
}

func (s *Switch) misbehaviour() Misbehaviour {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mis
}

// keepLocked writes to flash what outlives a reboot apart from files.
func (s *Switch) keepLocked() {
	s.flash.kept.NVRAM = slices.Clone(s.log.nvram)
	if err := s.flash.keep(); err != nil {
		s.cfg.Log(err.Error())
	}
}

// Close ends every session and listener and waits until all of them are gone.
func (s *Switch) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		s.wg.Wait()
		return nil
	}
	s.closed = true
	s.keepLocked()
	closers := s.openLocked()
	s.mu.Unlock()
	s.cancel()
	for _, c := range closers {
		_ = c.Close()
	}
	s.line.closeAll()
	s.wg.Wait()
	return nil
}

// HostKey is the public half of the ssh host key.
func (s *Switch) HostKey() ssh.PublicKey { return s.key.PublicKey() }

// SetMisbehaviour replaces the faults of every session from its next command on.
func (s *Switch) SetMisbehaviour(m Misbehaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mis = m
}

// SetPort connects or disconnects the partner of a port. A port without that name is ignored.
func (s *Switch) SetPort(name string, up bool) {
	s.mu.Lock()
	p := s.ports[name]
	if p == nil || p.link == up {
		s.mu.Unlock()
		return
	}
	p.link = up
	var lines []string
	if s.phase != phaseDown && s.plat.portEnabled(name) {
		lines = append(lines, s.flapLocked(name, up))
	}
	s.mu.Unlock()
	s.line.print(lines)
}

// flapLocked counts and logs that a port's link has changed.
func (s *Switch) flapLocked(name string, up bool) string {
	p := s.ports[name]
	p.since = time.Now()
	if up {
		p.ups++
	} else {
		p.downs++
	}
	return s.plat.logLine(s.logLocked(s.plat.linkEvent(name, up)))
}

// oper says whether the link of a port is up.
func (s *Switch) oper(name string) bool {
	p := s.ports[name]
	return p != nil && p.link && s.plat.portEnabled(name)
}

// Log writes an event into the log and onto the console. severity is one of Crit, Erro, Warn,
// Noti, Info and Debug; the first three survive a reboot.
func (s *Switch) Log(severity, event, message string) {
	s.mu.Lock()
	line := s.plat.logLine(s.logLocked(severity, event, message))
	up := s.phase != phaseDown
	s.mu.Unlock()
	if up {
		s.line.print([]string{line})
	}
}

// Reboots counts the reboots since New.
func (s *Switch) Reboots() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reboots
}

// Running is the configuration as the switch shows it.
func (s *Switch) Running() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.plat.running()
}

// Saved is the text of a file on flash; EXOS files can be named without .cfg. It reports
// false where there is no such file.
func (s *Switch) Saved(name string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if text, ok := s.flash.read(name); ok {
		return text, true
	}
	return s.flash.read(name + ".cfg")
}

// PowerCycle takes the power away and gives it back: every session ends at once, unsaved
// changes are gone, and the log says that the last run did not end by a command.
func (s *Switch) PowerCycle() { s.reboot(true) }
