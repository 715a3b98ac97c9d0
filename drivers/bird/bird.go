package bird

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/node"
	"github.com/reprise-lab/reprise/drivers/refusals"
	"github.com/reprise-lab/reprise/drivers/session"
)

// Platform is the name that scenarios use.
const Platform = "bird"

const (
	configFile = "/etc/bird/bird.conf"
	candidate  = "/etc/bird/bird.conf.candidate"
	// wrapper is what BIRD is started with: it includes configFile, which stays as it was given,
	// and logs everything to ownLog beside what that says.
	wrapper = "/etc/bird/reprise.conf"
	ownLog  = "/var/log/reprise/bird.all.log"
)

// Factory opens drivers of BIRD nodes.
type Factory struct{}

// Platform implements drivers.Factory.
func (Factory) Platform() string { return Platform }

// Daemons implements drivers.DaemonLister.
func (Factory) Daemons() []string { return []string{"bird"} }

// Open implements drivers.Factory. Services other than bird are not run here.
func (Factory) Open(ctx context.Context, t drivers.Target) (drivers.Driver, error) {
	service, err := plan(t)
	if err != nil {
		return nil, &drivers.OpError{Node: t.Node, Op: "open session", Err: err}
	}
	n, err := node.Open(ctx, Platform, failuresYAML, t)
	if err != nil {
		return nil, err
	}
	n.SetVolatile(settle())
	n.SetServices([]node.Service{service})
	d := &Driver{Node: n}
	n.StartBy(node.Start{Daemons: d.boot})
	return d, nil
}

// plan is how bird is run.
func plan(t drivers.Target) (node.Service, error) {
	s := node.Service{
		Name:   "bird",
		Argv:   []string{"bird", "-f", "-c", wrapper},
		Before: "mkdir -p /run/bird; rm -f /run/bird/bird.ctl; printf 'include \"" + configFile + "\";\\nlog \"" + ownLog + "\" all;\\n' > " + wrapper,
		Ready:  "timeout 2 birdc show status",
		Logs:   []string{ownLog},
		Own:    true,
		Copies: append(logFiles(t.Config), "/var/log/reprise/bird.log"),
	}
	for _, named := range t.Services {
		if named.Name != "bird" {
			return s, fmt.Errorf("service %q: a bird node runs bird only: %w", named.Name, drivers.ErrUnsupported)
		}
		s.Argv = append(s.Argv, named.Args...)
	}
	return s, nil
}

// logFiles are the files that the configuration logs to.
func logFiles(config []byte) []string {
	var files []string
	for _, m := range regexp.MustCompile(`(?m)^\s*log\s+"([^"\s]+)"`).FindAllSubmatch(config, -1) {
		if f := string(m[1]); strings.HasPrefix(f, "/") && !slices.Contains(files, f) {
			files = append(files, f)
		}
	}
	return files
}

// Driver drives one BIRD node.
type Driver struct {
	*node.Node
}

// greeting is what birdc prints before the answer.
var greeting = regexp.MustCompile(`\ABIRD \S+ ready\.\n`)

var greetings = regexp.MustCompile(`(?m)^BIRD \S+ ready\.$`)

// greetingRoom is more than a greeting takes.
const greetingRoom = 256

// Run implements drivers.Driver: a line for birdc. BIRD not running is an error.
func (d *Driver) Run(ctx context.Context, c drivers.Command) (drivers.Exchange, error) {
	op := fmt.Sprintf("run %q", c.Line)
	line, err := lineOf(c.Line)
	if err != nil {
		return drivers.Exchange{}, d.Fail(op, err)
	}
	if c.Timeout <= 0 {
		c.Timeout = drivers.DefaultTimeout
	}
	if c.Limit <= 0 {
		c.Limit = drivers.DefaultLimit
	}
	x, err := d.Shell(ctx, drivers.Command{Line: oneShot(line, c.Timeout), Timeout: c.Timeout, Limit: c.Limit + greetingRoom})
	x.Command = c.Line
	if err != nil {
		// What was typed for the shell is not worth printing; the line is.
		if o := (*drivers.OpError)(nil); errors.As(err, &o) {
			err = o.Err
		}
		return x, d.Fail(op, err)
	}
	if x.Output, err = answer(x.Output, x.Exit); err != nil {
		return drivers.Exchange{}, d.Fail(op, err)
	}
	if len(x.Output) > c.Limit {
		x.Output, x.Truncated = x.Output[:c.Limit], true
	}
	x.Rejected = rejected(line, x.Exit, x.Output)
	// The exit status is no part of the answer: birdc 2.0.7 has none, and later ones
	// tell a network that is not in the table the same way as a syntax error.
	x.Exit = drivers.NoExit
	return x, nil
}

// rejected gives BIRD's words for a line that it did not take, or did not carry out: by the words, by what is behind a
// configuration that it began to read, or by the status of birdc, which of what is only shown says that there is none.
func rejected(line string, exit int, output string) string {
	if words := refusals.Within(refusals.Birdc, output); words != "" {
		return words
	}
	last, reads := "", false
	for said := range strings.Lines(output) {
		if said = strings.TrimSpace(said); said == "" {
			continue
		}
		if reads && unread.MatchString(said) {
			return said
		}
		last, reads = said, reading.MatchString(said)
	}
	if word, _, _ := strings.Cut(line, " "); exit == 0 || strings.HasPrefix("show", word) {
		return ""
	}
	return cmp.Or(last, fmt.Sprintf("exit status %d", exit))
}

// broken matches birdc's words for a BIRD that ended meanwhile.
var broken = regexp.MustCompile(`(?m)^(?:Connection closed by server|Server (?:read|write) error)`)

// birdc finds the shell lines that ask BIRD.
var birdc = regexp.MustCompile(`\bbirdcl?6?\b`)

// reading is what BIRD says before it reads a configuration, and unread its words for one that it did not take:
// "/etc/bird.conf:12:5 syntax error, …", "/etc/bird.conf: No such file or directory".
var (
	reading = regexp.MustCompile(`^Reading configuration from \S`)
	unread  = regexp.MustCompile(`^\S+:(?:\d+:\d+)? \S`)
)

// Refusal implements drivers.Refuser. Of birdc in the shell, that of 2.0.7 ends with status 0 whatever BIRD says.
func (d *Driver) Refusal(command string, shell bool, answer string) string {
	if !shell {
		return refusals.Of(refusals.Birdc, answer)
	}
	if !birdc.MatchString(command) {
		return d.Node.Refusal(command, true, answer)
	}
	var rest strings.Builder // what is no refusal of a file
	first, reads := "", false
	for line := range strings.Lines(answer) {
		line = strings.TrimSpace(line)
		read := reads
		reads = reading.MatchString(line)
		switch {
		case reads:
		case read && unread.MatchString(line):
			first = cmp.Or(first, line)
		default:
			rest.WriteString(line + "\n")
		}
	}
	if words := d.Node.Refusal(command, true, rest.String()); words != "" {
		return cmp.Or(first, words)
	}
	if strings.TrimSpace(greetings.ReplaceAllString(rest.String(), "")) != "" {
		return ""
	}
	return first
}

// Untaken implements drivers.UntakenTeller.
func (d *Driver) Untaken(command string, shell bool, answer string) string {
	if shell {
		return d.Node.Untaken(command, true, answer)
	}
	return refusals.Within(refusals.Birdc, answer)
}

// lineOf is the line as birdc gets it. One-shot birdc never ends on what it would do
// itself at a prompt.
func lineOf(line string) (string, error) {
	line = strings.ReplaceAll(line, "\t", " ")
	if i := strings.IndexFunc(line, unicode.IsControl); i >= 0 {
		return "", fmt.Errorf("line holds a control character at byte %d", i)
	}
	line = strings.TrimSpace(line)
	if word, _, _ := strings.Cut(line, " "); word != "" && word != "e" {
		for _, own := range []string{"exit", "quit", "help"} {
			if strings.HasPrefix(own, word) {
				return "", fmt.Errorf("%q is for a birdc at a prompt: %w", own, drivers.ErrUnsupported)
			}
		}
	}
	return line, nil
}

// oneShot runs birdc for one line, for a little less than timeout.
func oneShot(line string, timeout time.Duration) string {
	limit := timeout - min(timeout/5, time.Second)
	return fmt.Sprintf("timeout %.3f birdc -- %s", limit.Seconds(), session.Quote(line))
}

// answer cuts BIRD's answer out of what birdc printed. Without a greeting, or with a
// connection that broke, there is none.
func answer(out string, exit int) (string, error) {
	const expired = 124 // timeout's own status
	head := greeting.FindString(out)
	switch words := strings.TrimSpace(out[len(head):]); {
	case exit == expired:
		return "", drivers.ErrTimeout
	case strings.HasPrefix(words, "Unable to connect to server control socket"):
		return "", fmt.Errorf("%w: BIRD is not running: %s", drivers.ErrUnreachable, words)
	case exit != 0 && broken.MatchString(words):
		return "", fmt.Errorf("%w: BIRD ended: %s", drivers.ErrClosed, words)
	case head == "" || exit > 1:
		return "", fmt.Errorf("birdc gave no answer: exit status %d: %q", exit, words[:min(len(words), 400)])
	}
	return out[len(head):], nil
}

// Stops implements drivers.Stopper: BIRD takes its end as a command.
func (d *Driver) Stops(line string, shell bool, process string) []string {
	if shell {
		return d.Node.Stops(line, true, process)
	}
	if word := strings.TrimSpace(line); process == "bird" && word != "" && strings.HasPrefix("down", word) && len(word) > 1 {
		return []string{""}
	}
	return nil
}

func (d *Driver) boot(ctx context.Context) error {
	if err := d.Put(ctx, configFile, d.Target.Config, 0o644); err != nil {
		return err
	}
	err := d.StartAll(ctx)
	if e, ok := errors.AsType[*node.ExitedError](err); ok && !e.Crashed() {
		return fmt.Errorf("%w: %w", drivers.ErrRefused, err) // BIRD gives up on what it cannot read
	}
	return err
}

// Start implements drivers.ProcessController: with the start-up configuration.
func (d *Driver) Start(ctx context.Context, process string) error {
	if err := d.Put(ctx, configFile, d.Target.Config, 0o644); err != nil {
		return err
	}
	return d.Node.Start(ctx, process)
}

// Configure implements drivers.Configurer. The lines are one change: either all of
// them are in effect, or none and the Exchange tells why.
func (d *Driver) Configure(ctx context.Context, lines []string) ([]drivers.Exchange, error) {
	before, err := d.read(ctx, configFile)
	if err != nil {
		return nil, err
	}
	text := strings.Join(lines, "\n")
	data := append(bytes.TrimRight(before, "\n"), "\n"+text+"\n"...)
	x, err := d.load(ctx, data)
	x.Command = text
	if err != nil {
		return nil, err
	}
	return []drivers.Exchange{x}, nil
}

// load has BIRD check data, and take it over when it is right.
func (d *Driver) load(ctx context.Context, data []byte) (x drivers.Exchange, err error) {
	if err := d.Put(ctx, candidate, data, 0o644); err != nil {
		return x, err
	}
	started := time.Now()
	x, err = d.takeOver(ctx)
	x.Took = time.Since(started)
	if err == nil && !regexp.MustCompile(`(?m)^Reconfigur(?:ed|ation in progress|ation is in progress)`).MatchString(x.Output) {
		x.Rejected = refusalOf(x.Output)
	}
	return x, err
}

// takeOver has BIRD check the candidate, and puts it in effect when it is right.
func (d *Driver) takeOver(ctx context.Context) (drivers.Exchange, error) {
	x, err := d.Run(ctx, drivers.Command{Line: fmt.Sprintf("configure check %q", candidate)})
	if err != nil || !strings.Contains(x.Output, "Configuration OK") {
		return x, err
	}
	if _, err := d.Control(ctx, "replace "+configFile, "mv "+candidate+" "+configFile); err != nil {
		return x, err
	}
	return d.Run(ctx, drivers.Command{Line: "configure"})
}

// refusalOf finds BIRD's words in the answer to a refused configuration.
func refusalOf(out string) string {
	var words []string
	for line := range strings.Lines(out) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "Reading configuration from") {
			words = append(words, line)
		}
	}
	if len(words) == 0 {
		return "no word of success"
	}
	return strings.Join(words, "; ")
}

func (d *Driver) read(ctx context.Context, name string) ([]byte, error) {
	r, err := d.Target.Host.ReadFile(ctx, name)
	if err != nil {
		return nil, d.Fail("read "+name, err)
	}
	data, err := io.ReadAll(io.LimitReader(r, 16<<20))
	return data, d.Fail("read "+name, errors.Join(err, r.Close()))
}

// ResetConfig implements drivers.ConfigResetter. BIRD says when it has taken the
// configuration over; it waits for that, and compares the file.
func (d *Driver) ResetConfig(ctx context.Context) error {
	const op = "reset configuration"
	x, err := d.load(ctx, d.Target.Config)
	if err != nil {
		return d.Fail(op, err)
	}
	if x.Rejected != "" {
		return d.Fail(op, errors.New(x.Rejected))
	}
	// "show status" says "Daemon is up and running" only when no reconfiguration is in progress.
	if _, err := d.Control(ctx, op, `i=0; until birdc show status | grep -q '^Daemon is up and running'; do i=$((i+1)); [ $i -lt 200 ] || { birdc show status; exit 1; }; sleep 0.05; done`); err != nil {
		return err
	}
	now, err := d.read(ctx, configFile)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, d.Target.Config) {
		return d.Fail(op, fmt.Errorf("%s differs:\n%s", configFile, node.Diff(string(d.Target.Config), string(now))))
	}
	return nil
}

// version finds it in "BIRD version 2.0.12".
var version = regexp.MustCompile(`version (\S+)`)

// Facts implements drivers.FactSource.
func (d *Driver) Facts(ctx context.Context) (drivers.Facts, error) {
	return d.FactsOf(ctx, Factory{}.Products()[0], version, "iproute2")
}

// EvidenceCommands implements drivers.EvidenceSource.
func (d *Driver) EvidenceCommands() []string {
	return []string{
		"show status", "show protocols all", "show interfaces", "show route all", "show memory", "show bfd sessions",
		"!cat " + configFile, "!ip -d -s link show", "!ip addr show", "!ip route show table all", "!ip -6 route show table all", "!ip neigh show",
	}
}
