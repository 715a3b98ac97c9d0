package reports

import (
	"fmt"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// FramesSeen are frames that a look saw, the last of them.
type FramesSeen struct {
	Endpoint string
	From     time.Duration // what their times count from, since the trial began
	Frames   []evidence.Frame
}

// maxFrames bounds the frames that are shown of a look.
const maxFrames = 20

// frameWords says in words what a look at frames saw, and gives those that are shown one by one, which
// are the last. What is no such look stays as it is.
func frameWords(text string) (words string, seen FramesSeen) {
	f, err := evidence.ReadFrames(text)
	if err != nil || f.At == "" {
		return text, FramesSeen{}
	}
	of := ""
	if f.Filter != "" {
		of = " of " + f.Filter
	}
	said := []string{fmt.Sprintf("%s%s at %s", Plural(f.Count, "frame"), of, strings.TrimSpace(f.At+" "+f.Direction))}
	add := func(v *float64, format string) {
		if v != nil {
			said = append(said, fmt.Sprintf(format, *v))
		}
	}
	if f.Count > 0 {
		said = append(said, fmt.Sprintf("%d bytes", f.Bytes))
	}
	add(f.First, "the first at %.3f s")
	add(f.Last, "the last at %.3f s")
	add(f.Gap, "the longest gap %.3f s")
	if f.Count > 0 {
		add(f.Rate, "%.3g a second")
	}
	said = append(said, fmt.Sprintf("none since for %.3f s", f.Silence))
	shown := f.Shown()
	shown = shown[max(0, len(shown)-maxFrames):]
	if n := f.Count - len(shown); n > 0 && len(shown) > 0 {
		said = append(said, fmt.Sprintf("%d before these not shown", n))
	}
	return strings.Join(said, "; "), FramesSeen{Endpoint: f.At, From: f.From, Frames: shown}
}
