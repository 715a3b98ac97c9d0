package reports

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// Bounds of a transcript that is shown.
const (
	maxStream    = 48 << 10 // bytes of one channel
	minStream    = 1 << 10
	maxTextLine  = 1 << 10
	lineOverhead = 40 // what showing a line costs besides its text
)

// Control is the channel on which the harness supervises a node. It is shown last.
const Control = "control"

func (d *Detail) transcripts(dir evidence.TrialDir, text *budget) {
	streams := 0
	for _, node := range nodesIn(dir, ".ndjson", "transcripts") {
		t := Transcript{Node: cleanField(node), File: d.Folder + "/transcripts/" + cleanField(node) + ".ndjson"}
		t.Streams, t.Lost = d.streams(dir.File("transcripts", node+".ndjson"))
		streams += len(t.Streams)
		d.Transcripts = append(d.Transcripts, t)
	}
	if len(d.Transcripts) == 0 {
		d.miss("there are no transcripts")
	}
	for i := range d.Transcripts {
		for j := range d.Transcripts[i].Streams {
			s := &d.Transcripts[i].Streams[j]
			text.left -= s.shrink(max(minStream, text.left/streams))
			streams--
		}
	}
}

// streams reads one node's transcript, a stream for each channel.
func (d *Detail) streams(path string) ([]Stream, int) {
	var order []*assembler
	by := map[string]*assembler{}
	lost := 0
	for c, err := range evidence.ReadLines[evidence.Chunk](path) {
		if err != nil {
			d.miss("the rest of a transcript cannot be read: %v", err)
			break
		}
		lost += c.Lost
		data := c.Data
		if c.Raw != nil {
			data = string(c.Raw)
		}
		if data == "" {
			continue
		}
		a := by[c.Channel]
		if a == nil {
			a = &assembler{s: Stream{Channel: cleanField(c.Channel)}}
			by[c.Channel] = a
			order = append(order, a)
		}
		a.add(c.At, c.Dir == "out", data)
	}
	slices.SortStableFunc(order, func(a, b *assembler) int { return rank(a) - rank(b) })
	out := make([]Stream, len(order))
	for i, a := range order {
		a.end()
		out[i] = a.s
	}
	return out, lost
}

func rank(a *assembler) int {
	if a.s.Channel == Control {
		return 1
	}
	return 0
}

// assembler makes lines of chunks. Chunks end anywhere; a line ends at its newline or
// where the other side begins to speak. Blank lines are left out.
type assembler struct {
	s    Stream
	head int // bytes in the first lines
	size int // bytes in the last lines
	full bool

	at    time.Duration
	out   bool
	begun bool
	text  strings.Builder
	over  int // bytes of the line that were not kept
}

func (a *assembler) add(at time.Duration, out bool, data string) {
	if a.begun && a.out != out {
		a.end()
	}
	for {
		part, rest, more := strings.Cut(data, "\n")
		if !a.begun {
			a.begun, a.at, a.out = true, at, out
		}
		keep := min(len(part), max(0, maxTextLine-a.text.Len()))
		a.text.WriteString(part[:keep])
		a.over += len(part) - keep
		if !more {
			return
		}
		if out && strings.TrimSpace(a.text.String()) == "" {
			a.text.WriteString("⏎")
		}
		a.end()
		data = rest
		if data == "" {
			return
		}
	}
}

// end ends the line that is being made.
func (a *assembler) end() {
	if !a.begun {
		return
	}
	text := Clean(strings.Trim(a.text.String(), "\r"))
	if a.over > 0 {
		text += fmt.Sprintf(" … %d bytes of this line not shown", a.over)
	}
	a.begun, a.over = false, 0
	a.text.Reset()
	if strings.TrimSpace(text) == "" {
		return
	}
	a.keep(Line{At: a.at, Out: a.out, Text: text})
}

func (a *assembler) keep(l Line) {
	a.s.Total++
	cost := len(l.Text) + lineOverhead
	if !a.full && a.head+cost <= maxStream/2 {
		a.head += cost
		a.s.Lines = append(a.s.Lines, l)
		a.s.Gap = len(a.s.Lines)
		return
	}
	a.full = true
	a.s.Lines = append(a.s.Lines, l)
	a.size += cost
	if a.size <= maxStream {
		return
	}
	// Many at once, so that a long transcript is not moved line by line.
	n := 0
	for ; a.size > maxStream/2; n++ {
		a.size -= len(a.s.Lines[a.s.Gap+n].Text) + lineOverhead
	}
	a.s.Lines = slices.Delete(a.s.Lines, a.s.Gap, a.s.Gap+n)
	a.s.Left += n
}

// shrink cuts the stream to a number of bytes and gives what it uses.
func (s *Stream) shrink(limit int) int {
	size := 0
	for _, l := range s.Lines {
		size += len(l.Text) + lineOverhead
	}
	if s.Left == 0 {
		s.Gap = (len(s.Lines) + 1) / 2
	}
	for size > limit && len(s.Lines) > 0 {
		// Take out next to the gap, from the longer side.
		i := s.Gap
		if s.Gap > len(s.Lines)-s.Gap {
			i = s.Gap - 1
			s.Gap--
		}
		size -= len(s.Lines[i].Text) + lineOverhead
		s.Lines = slices.Delete(s.Lines, i, i+1)
		s.Left++
	}
	if s.Left == 0 {
		s.Gap = len(s.Lines)
	}
	return size
}
