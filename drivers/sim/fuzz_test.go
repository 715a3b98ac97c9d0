package sim_test

import (
	"io"
	"testing"

	"github.com/reprise-lab/reprise/drivers/sim"
)

// typed is a line on which everything is there at once and nobody reads the answers.
type typed struct {
	text []byte
	done chan struct{}
}

func (l *typed) Read(p []byte) (int, error) {
	if len(l.text) == 0 {
		return 0, io.EOF
	}
	n := copy(p, l.text)
	l.text = l.text[n:]
	return n, nil
}

func (l *typed) Write(p []byte) (int, error) {
	select {
	case <-l.done:
		return 0, io.ErrClosedPipe
	default:
		return len(p), nil
	}
}

func (l *typed) Close() error {
	select {
	case <-l.done:
	default:
		close(l.done)
	}
	return nil
}

// FuzzSession types anything at a switch: the session ends with its line, and the switch goes
// on and shows a configuration that it takes again without a refusal.
func FuzzSession(f *testing.F) {
	for _, seed := range []string{
		"show ports no-refresh\n", "create vlan \"a\"\nconfigure vlan a add ports 1-3 tagged\nshow vlan\nsave\ny\n",
		"enable sharing 1 grouping 1,2 lacp\n\x03\x1b[A\n?\n", "enable\nconfigure terminal\nvlan create 10 type port-mstprstp 0\nexit\nshow running-config\n q",
		"show tech-support all\n \n \nq\n", "\x7f\x7f\x15\x00\xff\n", "configure snmp sysName \"x\x1b[2J\"\n", "unconfigure switch all\ny\n",
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, text []byte, exos bool) {
		if len(text) > 4<<10 {
			return
		}
		platform := sim.PlatformVOSS
		if exos {
			platform = sim.PlatformEXOS
		}
		s, err := sim.New(sim.Config{Platform: platform, RebootTime: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close() //nolint:errcheck // of a test
		s.Serve(&typed{text: text, done: make(chan struct{})}, sim.KindShell)
		again, err := sim.New(sim.Config{Platform: platform, Startup: s.Running()})
		if err != nil {
			t.Fatalf("%v\n%s", err, s.Running())
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	})
}
