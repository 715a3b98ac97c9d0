package reports

import (
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// FramesSeen are frames that a look saw, the last of them.
type FramesSeen struct {
	Endpoint string
	File     string        // the capture, within the trial
	From     time.Duration // what their times count from, since the trial began
	Frames   []evidence.Frame
	anchors  map[int]string // of those that no look before it shows, by number
}

// Anchor names the place of a frame in a page; empty where an earlier look has it.
func (f FramesSeen) Anchor(number int) string { return f.anchors[number] }

// FrameAnchor names the place of a frame in the page of a run: of the trial, by the name of its capture and its
// number there.
func FrameAnchor(trial int, capture string, number int) string {
	return fmt.Sprintf("frame-%d-%s-%d", trial, path.Base(capture), number)
}

// anchors gives each frame that a trial's looks show one place in a page.
func (d *Detail) anchors(trial int) {
	taken := map[string]bool{}
	for i := range d.Conditions {
		c := &d.Conditions[i]
		for _, looks := range [][]Look{c.Before, c.Looks} {
			for j := range looks {
				seen := &looks[j].FramesSeen
				seen.anchors = map[int]string{}
				for _, f := range seen.Frames {
					if a := FrameAnchor(trial, seen.File, f.Number); seen.File != "" && !taken[a] {
						seen.anchors[f.Number], taken[a] = a, true
					}
				}
			}
		}
	}
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
	return strings.Join(said, "; "), FramesSeen{Endpoint: f.At, File: f.File, From: f.From, Frames: shown}
}
