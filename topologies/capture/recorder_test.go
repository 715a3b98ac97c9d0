package capture_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gopacket/gopacket/pcapgo"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture"
)

// The file of frames that another machine has taken holds them as they were told, the newest of them where it
// is bounded, at shifted times.
func TestRecorder(t *testing.T) {
	t.Parallel()
	begin := time.Now().Truncate(time.Microsecond)
	frame := func(i int) topologies.Frame {
		way := topologies.WayIn
		if i%2 == 1 {
			way = topologies.WayOut
		}
		return topologies.Frame{At: begin.Add(time.Duration(i) * time.Millisecond), Way: way, Length: 1000, Data: bytes.Repeat([]byte{byte(i)}, 500)}
	}
	for name, limit := range map[string]int64{"all": 0, "the newest": 700 << 10} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "x", "far.pcapng")
			var told []time.Time
			r, err := capture.Record(capture.Options{Path: path, Name: "r1:eth1", Max: limit, Shift: time.Hour, Each: func(f topologies.Frame) { told = append(told, f.At) }})
			if err != nil {
				t.Fatal(err)
			}
			const frames = 2000
			r.Mark(begin.Add(time.Hour+1900*time.Millisecond), "late")
			for i := range frames {
				if err := r.Put(frame(i)); err != nil {
					t.Fatal(err)
				}
			}
			far := topologies.Captured{Dropped: 3, Anew: 2}
			by, err := r.Written(far)
			if err != nil || by.Frames+by.Discarded != frames || by.Dropped != 3 || by.Anew != 2 {
				t.Errorf("%+v, %v", by, err)
			}
			held, err := r.Stop(far)
			if err != nil || held.Frames != by.Frames || (held.Discarded > 0) != (limit > 0) || held.Bytes == 0 {
				t.Errorf("%+v, %v", held, err)
			}
			if err := r.Put(frame(0)); err != nil {
				t.Errorf("after its end: %v", err)
			}
			times, marks := readBack(t, path)
			if len(times) != int(held.Frames) || marks != 1 || !slices.Equal(times, told[frames-len(times):]) {
				t.Errorf("%d frames, %d marks; %+v", len(times), marks, held)
			}
			if want := begin.Add(time.Hour + (frames-1)*time.Millisecond); !times[len(times)-1].Equal(want) {
				t.Errorf("the last is of %s, want %s", times[len(times)-1], want)
			}
		})
	}
}

// readBack gives the times of the frames of a file, and how often it says "late".
func readBack(t *testing.T, path string) (times []time.Time, marks int) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	in, err := pcapgo.NewNgReader(bytes.NewReader(data), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	for {
		frame, info, err := in.ReadPacketData()
		if err == io.EOF { //nolint:errorlint // as the reader has it
			return times, bytes.Count(data, []byte("late"))
		}
		if err != nil || len(frame) != 500 || info.Length != 1000 {
			t.Fatalf("%d bytes of %d: %v", len(frame), info.Length, err)
		}
		times = append(times, info.Timestamp.Local())
	}
}
