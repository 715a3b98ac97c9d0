package speaker

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"
)

// BreakFile is where the daemon of a node writes what ended by its own error. It outlives the daemon, so that one
// which was killed still tells what was before.
const BreakFile = "/run/reprise/tester.breaks"

// Break is something that ended by the tester's own error, and not by what another did.
type Break struct {
	What string // "session o"
	Why  string
	At   time.Time
	Over bool // it was stopped, or begun anew, since
}

// breakLine is a line of BreakFile. One without Why says that what broke before of What is over, and one
// without What that all is: its daemon began anew.
type breakLine struct {
	At   time.Time `json:"at"`
	What string    `json:"what,omitempty"`
	Why  string    `json:"why,omitempty"`
}

// ReadBreaks reads what is in BreakFile, oldest first. A position in the list stays what it is.
func ReadBreaks(data []byte) (list []Break, err error) {
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		var b breakLine
		if err := json.Unmarshal(lines.Bytes(), &b); err != nil {
			return list, fmt.Errorf("line %d: %w", n, err)
		}
		if b.Why != "" {
			list = append(list, Break{At: b.At, What: b.What, Why: b.Why})
			continue
		}
		for i := range list {
			list[i].Over = list[i].Over || b.What == "" || b.What == list[i].What
		}
	}
	return list, lines.Err()
}

// breaks writes BreakFile.
type breaks struct {
	mu     sync.Mutex
	file   *os.File
	failed func(error) // hears that a line could not be written, which nobody would miss otherwise
}

// openBreaks begins to write for a daemon. What broke of the one before is over.
func openBreaks(path string, failed func(error)) (*breaks, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("write what breaks: %w", err)
	}
	b := &breaks{file: f, failed: failed}
	b.note("", nil)
	return b, nil
}

// note writes that something broke, or with nil that this is over.
func (b *breaks) note(what string, why error) {
	line := breakLine{At: time.Now().UTC(), What: what}
	if why != nil {
		line.Why = why.Error()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	data, err := json.Marshal(line)
	if err == nil {
		_, err = b.file.Write(append(data, '\n'))
	}
	if err != nil {
		b.failed(fmt.Errorf("write what breaks: %w", err))
	}
}
