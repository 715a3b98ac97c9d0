package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// Custody is one line of custody.ndjson: who did what with the evidence.
type Custody struct {
	At         time.Time `json:"at"`
	Who        string    `json:"who"`
	What       string    `json:"what"`
	Profile    string    `json:"profile,omitempty"` // of the redaction
	Recipients []string  `json:"recipients,omitempty"`
	Prev       string    `json:"prev"` // SHA-256 of the line before, hex; of nothing for the first
}

// AppendCustody adds a line to the custody log of a staged folder.
func AppendCustody(dir string, c Custody) error {
	path := filepath.Join(dir, custodyName)
	data, err := plain.Read(path, plain.Data)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("read custody log: %w", err)
	}
	lines := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	c.Prev = evidence.SHA256(lines[len(lines)-1])
	c.At = c.At.UTC().Round(0)
	line, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode custody line: %w", err)
	}
	return evidence.WriteFile(path, append(append(data, line...), '\n'))
}

// ParseCustody reads a custody log and checks its chain.
func ParseCustody(data []byte) ([]Custody, error) {
	if len(data) == 0 || data[len(data)-1] != '\n' {
		return nil, errors.New("its last line is cut off")
	}
	var out []Custody
	var prev []byte
	for i, line := range bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) {
		var c Custody
		if err := json.Unmarshal(line, &c); err != nil {
			return out, fmt.Errorf("line %d: %w", i+1, err)
		}
		if c.Prev != evidence.SHA256(prev) {
			return out, fmt.Errorf("line %d: the line before was altered or taken out", i+1)
		}
		out = append(out, c)
		prev = line
	}
	return out, nil
}
