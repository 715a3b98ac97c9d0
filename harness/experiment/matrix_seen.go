package experiment

import (
	"errors"
	"io"
	"os"
	"path"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture/frames"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// maxDecoded bounds the captures that are read for the frames of a matrix, in bytes.
const maxDecoded = 512 << 20

// errFound ends the reading of a capture in which no other frame is looked for.
var errFound = errors.New("all frames are found")

// DecodeDecisive decodes the decisive frames of a matrix that nobody has decoded, from the captures of its runs below
// dir. A link out of dir is not followed. Where a capture is not there, is none, or ends before the frame, that frame
// stays as it is: its number and its words are still told.
func DecodeDecisive(dir string, m *result.Matrix) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // read only
	left := int64(maxDecoded)
	for i := range m.Cells {
		c := &m.Cells[i]
		wanted := map[string]map[int]*result.Decisive{}
		for j := range c.Decisive {
			d := &c.Decisive[j]
			if d.Seen != nil || c.Run == "" {
				continue
			}
			file := path.Join(c.Run, d.Capture)
			if wanted[file] == nil {
				wanted[file] = map[int]*result.Decisive{}
			}
			wanted[file][d.Frame] = d
		}
		for file, of := range wanted {
			left -= decodeIn(root, file, of, left)
		}
	}
	return nil
}

// decodeIn decodes frames of a capture, by their numbers, and gives how much of it was read.
func decodeIn(root *os.Root, file string, wanted map[int]*result.Decisive, most int64) (read int64) {
	f, err := plain.OpenBy(root.OpenFile, file)
	if err != nil {
		return 0
	}
	defer f.Close() //nolint:errcheck // read only
	counted := &io.LimitedReader{R: f, N: most}
	number, found := 0, 0
	// Of a file that is cut off, the frames that are whole.
	_, _ = frames.Read(counted, func(one topologies.Frame) error {
		number++
		d := wanted[number]
		if d == nil {
			return nil
		}
		d.Seen = seenFrame(number, one)
		if found++; found == len(wanted) {
			return errFound
		}
		return nil
	})
	return most - counted.N
}

func seenFrame(number int, one topologies.Frame) *evidence.Frame {
	d := frames.Decode(one.Data)
	f := &evidence.Frame{
		Number: number, Direction: string(one.Way), Length: one.Length, Src: d.Src, Dst: d.Dst, IPSrc: d.IPSrc, IPDst: d.IPDst,
		EtherType: d.EtherType, SPort: d.SPort, DPort: d.DPort, Kind: d.Kind, Message: d.Message, Summary: d.Summary,
	}
	for _, l := range frames.Layout(one.Data) {
		f.Layout = append(f.Layout, evidence.FrameField(l))
	}
	return f
}
