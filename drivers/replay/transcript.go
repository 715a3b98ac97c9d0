package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/reprise-lab/reprise/drivers"
)

// Record is one piece of a recorded session.
type Record struct {
	At      time.Duration // since the recording began
	Channel string
	Dir     drivers.Direction
	Data    []byte
}

// wire is a line of a transcript, as a run directory holds it too.
type wire struct {
	At      time.Duration     `json:"at"`
	Channel string            `json:"channel"`
	Dir     drivers.Direction `json:"dir"`
	Data    string            `json:"data,omitempty"`
	Raw     []byte            `json:"raw,omitempty"`
	Lost    int               `json:"lost,omitempty"`
}

// maxLine bounds a line of a transcript.
const maxLine = 64 << 20

// Load reads a transcript. An error names the line.
func Load(r io.Reader) ([]Record, error) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine)
	var records []Record
	for n := 1; s.Scan(); n++ {
		if len(bytes.TrimSpace(s.Bytes())) == 0 {
			continue
		}
		var w wire
		d := json.NewDecoder(bytes.NewReader(s.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&w); err != nil {
			return nil, fmt.Errorf("read transcript: line %d: %w", n, err)
		}
		if w.Lost > 0 {
			return nil, fmt.Errorf("read transcript: line %d: %d bytes were not kept, what follows cannot be played", n, w.Lost)
		}
		if w.Dir != drivers.In && w.Dir != drivers.Out {
			return nil, fmt.Errorf("read transcript: line %d: direction %q is neither in nor out", n, w.Dir)
		}
		if w.Data != "" && w.Raw != nil {
			return nil, fmt.Errorf("read transcript: line %d: both data and raw", n)
		}
		data := w.Raw
		if data == nil {
			data = []byte(w.Data)
		}
		records = append(records, Record{At: w.At, Channel: w.Channel, Dir: w.Dir, Data: data})
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("read transcript: %w", err)
	}
	return records, nil
}

// Save writes a transcript.
func Save(w io.Writer, records []Record) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, r := range records {
		line := wire{At: r.At, Channel: r.Channel, Dir: r.Dir}
		if utf8.Valid(r.Data) {
			line.Data = string(r.Data)
		} else {
			line.Raw = r.Data
		}
		if err := e.Encode(line); err != nil {
			return fmt.Errorf("write transcript: %w", err)
		}
	}
	return nil
}
