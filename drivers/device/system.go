package device

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/session"
)

// techTimeout bounds a whole collection for support; techLimit its size, in bytes. A stack of
// four takes about a minute and a quarter of a MB.
const (
	techTimeout = 20 * time.Minute
	techLimit   = 64 << 20
)

// System is how an operating system of switches does what all of them do: the words of a
// platform, for a [Switch].
type System struct {
	Platform string
	Dialect  []byte // as session.ParseDialect reads it
	Failures []byte // as failures.Parse reads it

	// Identity is the command that every session begins with, and Serial reads the switch's
	// serial number in its answer.
	Identity string
	Serial   func(answer string) (string, error)

	// Enter and Leave surround lines of configuration; none where there is no mode for them.
	Enter, Leave []string
	// ShowConfig shows the running configuration; an answer without ConfigHas is none. Clean
	// keeps what is configuration of it; nil keeps all.
	ShowConfig, ConfigHas string
	Clean                 func(answer string) string
	// Persists matches lines that change what outlives a restart.
	Persists *regexp.Regexp

	// ListFiles lists the files among which configurations are saved, and FileName is the name
	// that one has there.
	ListFiles string
	FileName  func(name string) string
	// Remove removes the file of a configuration.
	Remove func(name string) (line string, replies []drivers.Reply)

	// Tech are the commands of which the first that is not refused collects for support, with the
	// replies to what it asks. TechBegun reports whether a refusal in an answer is one of a
	// command within the collection, and TechLacks says what a collection lacks.
	Tech        []string
	TechReplies []drivers.Reply
	TechBegun   func(answer string) bool
	TechLacks   func(answer string) []string
}

// Switch is a [Device] whose platform is a [System]. It owns what is the same for all of them.
type Switch struct {
	*Device
	Tails  *LogTails
	system System
}

// OpenSwitch opens a first session; every session proves which switch it leads to.
func OpenSwitch(ctx context.Context, s System, t drivers.Target) (*Switch, error) {
	dialect, err := session.ParseDialect(s.Dialect)
	if err != nil {
		return nil, &drivers.OpError{Node: t.Node, Op: "open session", Err: err}
	}
	d, err := Open(ctx, s.Platform, dialect, t, s.prove)
	if err != nil {
		return nil, err
	}
	if err := d.NameFailuresBy(s.Failures); err != nil {
		return nil, errors.Join(err, d.Close(ctx))
	}
	return &Switch{Device: d, Tails: NewLogTails(), system: s}, nil
}

// prove has a session prove which switch it leads to.
func (s System) prove(ctx context.Context, d *Device, c *session.CLI) error {
	x, err := c.Run(ctx, drivers.Command{Line: s.Identity})
	if err != nil {
		return err
	}
	serial, err := s.Serial(x.Output)
	if err != nil {
		return err
	}
	return d.SameDevice(serial)
}

// Configure implements drivers.Configurer.
func (s *Switch) Configure(ctx context.Context, lines []string) ([]drivers.Exchange, error) {
	return s.Device.Configure(ctx, lines, s.system.Enter, s.system.Leave)
}

// Boot implements drivers.Booter: the start-up configuration is added to what the switch
// already runs, line by line. Comments and blank lines are passed over.
func (s *Switch) Boot(ctx context.Context) error {
	return s.Apply(ctx, s.Target.Config, "#", s.Configure)
}

// Persists implements drivers.Persister.
func (s *Switch) Persists(line string) bool {
	return s.system.Persists.MatchString(strings.TrimSpace(line))
}

// Classes are lists of commands by class of problem: what is the same in every
// drivers.ClassedEvidence.
type Classes map[string][]string

// EvidenceClasses implements drivers.ClassedEvidence.
func (c Classes) EvidenceClasses() []string { return slices.Sorted(maps.Keys(c)) }

// EvidenceFor implements drivers.ClassedEvidence.
func (c Classes) EvidenceFor(class string) []string { return c[strings.ToLower(class)] }

// TechSupport implements drivers.TechSupporter.
func (s *Switch) TechSupport(ctx context.Context) (drivers.TechSupport, error) {
	for _, line := range s.system.Tech {
		x, err := s.Run(ctx, drivers.Command{Line: line, Timeout: techTimeout, Limit: techLimit, Replies: s.system.TechReplies})
		if err != nil {
			return drivers.TechSupport{}, err
		}
		if x.Rejected != "" && !s.system.TechBegun(x.Output) {
			continue
		}
		t := drivers.TechSupport{Exchange: x}
		t.Rejected = ""
		t.Missing = s.system.TechLacks(x.Output)
		if x.Truncated {
			t.Missing = append(t.Missing, fmt.Sprintf("what is beyond %d bytes", techLimit))
		}
		t.Complete = len(t.Missing) == 0
		return t, nil
	}
	return drivers.TechSupport{}, s.Fail("take tech-support", errors.New("the switch refuses "+strings.Join(s.system.Tech, " and ")))
}
