package speaker

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"regexp"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/bgp"
	"github.com/reprise-lab/reprise/drivers/tester/speaker/peer"
)

// Config is the start-up configuration of a tester node.
type Config struct {
	// Interfaces have addresses that are set before anything is spoken.
	Interfaces map[string][]netip.Prefix `yaml:"interfaces"`
	BGP        *bgp.Config               `yaml:"bgp"`
	// Announce is announced from the start.
	Announce []bgp.Announcement `yaml:"announce"`
	// Sessions are spoken from the start.
	Sessions []peer.Spec `yaml:"sessions"`

	said [][]byte // the sessions, each as it is said
}

// interfaceName is what Linux lets an interface be called, and a shell not misread.
var interfaceName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,15}$`)

// Parse reads a configuration and checks it. Empty text is one that speaks nothing.
func Parse(data []byte) (Config, error) {
	var c Config
	if err := strict(data, &c); err != nil {
		return c, fmt.Errorf("read configuration: %w", err)
	}
	for name := range c.Interfaces {
		if !interfaceName.MatchString(name) {
			return c, fmt.Errorf("interfaces: %q is no name of one", name)
		}
	}
	if err := c.readSessions(data); err != nil {
		return c, err
	}
	if c.BGP == nil {
		if len(c.Announce) > 0 {
			return c, errors.New("announce: there is no bgp to announce with")
		}
		return c, nil
	}
	if err := c.BGP.Check(); err != nil {
		return c, err
	}
	for i, a := range c.Announce {
		if err := a.Check(c.BGP); err != nil {
			return c, fmt.Errorf("announce.%d: %w", i, err)
		}
	}
	return c, nil
}

// readSessions checks the sessions, and keeps the words of each.
func (c *Config) readSessions(data []byte) error {
	var words struct {
		Sessions []yaml.Node `yaml:"sessions"`
	}
	if err := yaml.Unmarshal(data, &words); err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	known := map[string]bool{}
	for i := range c.Sessions {
		s := &c.Sessions[i]
		if err := s.Check(); err != nil {
			return fmt.Errorf("sessions.%d: %w", i, err)
		}
		if known[s.Name] {
			return fmt.Errorf("sessions.%d: name: there is a session %q before", i, s.Name)
		}
		known[s.Name] = true
		text, err := yaml.Marshal(&words.Sessions[i])
		if err != nil {
			return fmt.Errorf("sessions.%d: %w", i, err)
		}
		c.said = append(c.said, text)
	}
	return nil
}

// strict reads YAML into v, whose keys it may have and no others. No text leaves v as it is.
func strict(data []byte, v any) error {
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	err := d.Decode(v)
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
