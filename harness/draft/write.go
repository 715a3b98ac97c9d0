package draft

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/harness/infer"
)

// labFile is the topology beside a scenario.
const labFile = "lab.clab.yml"

// printed is a hypothesis's scenario without what names it.
func printed(h Hypothesis) string {
	h.file.ID, h.file.Title, h.file.Problem = "", "", problem{}
	data, err := yaml.Marshal(h.file)
	if err != nil {
		return h.Name
	}
	return string(data)
}

// Files are the folder of a hypothesis: scenario.yaml beside the files of the lab, which are those of
// [infer.Network.Files]. redact replaces secrets in what is not of the lab, the same ones as there.
func (h *Hypothesis) Files(lab []infer.File, redact func(file string, text []byte) []byte) ([]infer.File, error) {
	data, err := yaml.Marshal(h.file)
	if err != nil {
		return nil, fmt.Errorf("write the scenario of %s: %w", h.Name, err)
	}
	files := []infer.File{{Name: "scenario.yaml", Data: redact("scenario.yaml", data)}}
	for name, text := range h.extra {
		files = append(files, infer.File{Name: name, Data: redact(name, []byte(text))})
	}
	for _, f := range lab {
		if strings.HasSuffix(f.Name, ".clab.yml") {
			f.Name = labFile
		}
		if strings.HasSuffix(f.Name, ".conf") || f.Name == labFile {
			files = append(files, f)
		}
	}
	return files, nil
}

// Markdown is a draft for people.
func (d *Draft) Markdown() string {
	var w strings.Builder
	w.WriteString("# Hypotheses\n\nNone is claimed: each is a scenario to be tried, the likeliest first.\n")
	if d.Sentence != "" {
		fmt.Fprintf(&w, "\nThe customer says: %s\n", d.Sentence)
	}
	for _, h := range d.Hypotheses {
		fmt.Fprintf(&w, "\n## %s\n\n%s. A trial takes up to %d s of the lab's time", h.Name, h.Title, h.Seconds)
		if h.Clock != "" {
			fmt.Fprintf(&w, ", and begins at %s", h.Clock)
		}
		fmt.Fprintf(&w, ". Control: %s.\n\n", cmp.Or(h.Control, "none can be had"))
		for _, r := range h.Reasons {
			fmt.Fprintf(&w, "- %s\n", r)
		}
	}
	list := func(head string, lines []string) {
		if len(lines) > 0 {
			fmt.Fprintf(&w, "\n## %s\n\n- %s\n", head, strings.Join(lines, "\n- "))
		}
	}
	list("Broken, by the files", describe(d.Broken))
	list("Broken, by the files, and not to be shown in this lab", describe(d.NotShown))
	list("Healthy, by the files", describe(d.Healthy))
	var changes []string
	for _, c := range d.Changes {
		changes = append(changes, c.reason())
	}
	list("Done, by the files", changes)
	var complaints []string
	for _, c := range d.Complaints {
		complaints = append(complaints, fmt.Sprintf("%s: %s (%s)", c.Node, c.What, c.From))
	}
	list("Complained of since, by the logs", complaints)
	list("Not known", d.Unknown)
	list("To ask for", d.Ask)
	return w.String()
}

// describe writes signs, a line each.
func describe(signs []Sign) (lines []string) {
	for _, s := range signs {
		lines = append(lines, s.String())
	}
	return lines
}

// String says what a sign is of, how it was and is, and which line tells.
func (s Sign) String() string {
	text := s.Node + ": " + s.What
	if s.Was != "" {
		text += ", was " + s.Was
	}
	if s.Is != "" {
		text += ", is " + s.Is
	}
	if !s.Since.IsZero() {
		text += " since " + s.Since.Format(time.DateTime) + " by its clock"
	}
	text += " (" + s.From + ")"
	if s.Why != "" {
		text += ", although " + s.Why
	}
	return text
}
