package html

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/reports/diagram"
)

//go:embed page.tmpl
var page string

//go:embed trial.tmpl
var trial string

//go:embed style.css
var style string

//go:embed script.js
var script string

// Write renders the run.
func Write(w io.Writer, r *reports.Run) error {
	t, err := template.New("page").Funcs(functions()).Parse(page)
	if err == nil {
		_, err = t.Parse(trial)
	}
	if err != nil {
		return fmt.Errorf("parse page: %w", err)
	}
	// Into memory first: half a page is worse than none, and its size is bounded.
	var b bytes.Buffer
	if err := t.Execute(&b, newView(r)); err != nil {
		return fmt.Errorf("fill page: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// policy forbids the page everything but its own style and script.
func policy() string {
	return fmt.Sprintf("default-src 'none'; style-src %s %s; script-src %s; img-src data:; base-uri 'none'; form-action 'none'",
		hash(style), hash(diagram.Style), hash(script))
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// view is what the page shows, beside the run itself.
type view struct {
	*reports.Run
	Policy   template.HTMLAttr
	Style    template.CSS
	Script   template.JS
	Diagram  template.HTML
	Bar      template.HTML
	Closing  template.HTML
	Absent   string
	Groups   []group
	Images   []image
	Details  []*reports.Trial
	OpenAt   int     // the trial that is open from the start
	Failed   *failed // why nothing is known, of a run without an answer
	Expected bool
}

// group is one part of the procedure.
type group struct {
	Name       string
	Steps      []evidence.StepInfo
	Conditions []evidence.ConditionInfo
}

// image is one image and the nodes that run it.
type image struct {
	evidence.NodeInfo
	Nodes []string
}

func newView(r *reports.Run) *view {
	v := &view{
		Run:     r,
		Policy:  template.HTMLAttr(`content="` + policy() + `"`),        //nolint:gosec // made of constants
		Style:   template.CSS(style),                                    //nolint:gosec // a file of ours
		Script:  template.JS(script),                                    //nolint:gosec // a file of ours
		Diagram: template.HTML(diagram.SVG(r.Info.Nodes, r.Info.Links)), //nolint:gosec // escapes every word itself
		Bar:     bar(r),
		Closing: closing(r),
		Absent:  reports.Ranges(r.Absent()),
		Groups:  procedure(r.Info.Scenario),
		Images:  images(r.Info.Nodes),
	}
	v.Expected = r.Verdict != nil && r.Verdict.Verdict == r.Info.Expected
	for i := range r.Trials {
		t := &r.Trials[i]
		if t.Detail == nil {
			continue
		}
		v.Details = append(v.Details, t)
		if v.OpenAt == 0 && t.Word() == evidence.Reproduced {
			v.OpenAt = t.Number
		}
	}
	if v.OpenAt == 0 && len(v.Details) > 0 {
		v.OpenAt = v.Details[0].Number
	}
	if r.Verdict == nil || r.Verdict.Verdict == evidence.Inconclusive || r.Verdict.Verdict == evidence.NotApplicable {
		v.Failed = failedOf(v.Details)
		if v.Failed != nil {
			v.OpenAt = v.Failed.Trial
		}
	}
	return v
}

// procedure orders steps and conditions as a trial goes through them.
func procedure(s evidence.ScenarioInfo) []group {
	names := []string{"Baseline", "Stimulus", "Symptom", "Workaround"}
	groups := make([]group, len(names))
	of := func(ref string) *group {
		for i, n := range names {
			if groups[i].Name = n; strings.HasPrefix(ref, strings.ToLower(n)) {
				return &groups[i]
			}
		}
		return &groups[1]
	}
	for _, st := range s.Steps {
		of(st.Ref).Steps = append(of(st.Ref).Steps, st)
	}
	for _, c := range s.Conditions {
		of(c.Ref).Conditions = append(of(c.Ref).Conditions, c)
	}
	var out []group
	for _, g := range groups {
		if len(g.Steps)+len(g.Conditions) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// images puts the nodes with the same software into one row.
func images(nodes []evidence.NodeInfo) []image {
	var out []image
	at := map[string]int{}
	for _, n := range nodes {
		key := n.Platform + "\x00" + n.Kind + "\x00" + n.Image + "\x00" + n.Digest
		if n.Segment {
			key = "segment"
		}
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, image{NodeInfo: n})
		}
		name := n.Name
		if n.Role != "" {
			name += " (" + n.Role + ")"
		}
		out[i].Nodes = append(out[i].Nodes, name)
	}
	return out
}
