package reports

import (
	"fmt"
	"path"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// Flow is what became of a flow of traffic in a trial.
type Flow struct {
	evidence.Flow
	// Failed says why there is no reading; empty where there is one.
	Failed string
	Series evidence.FlowSeries // empty where it could not be read
}

// mostSpans bounds a series that is shown: no program writes more.
const mostSpans = 10_000

// flows finds what became of the trial's flows.
func (d *Detail) flows(dir evidence.TrialDir) {
	for _, e := range d.Events {
		if e.Flow == nil {
			continue
		}
		f := Flow{Flow: *e.Flow}
		if f.Reading == nil {
			f.Failed = e.Detail
		}
		if f.File != "" {
			name := path.Join("traffic", path.Base(f.File))
			if err := evidence.ReadJSON(dir.File("traffic", path.Base(f.File)), &f.Series); err != nil {
				d.miss("%s: %v", name, err)
			}
		}
		if s := &f.Series; len(s.Sent) > mostSpans || len(s.Sent) != len(s.Received) || s.Span <= 0 {
			*s = evidence.FlowSeries{}
		}
		f.Series.Flow = f.Name
		d.Flows = append(d.Flows, f)
	}
}

// FlowRow is a flow in the words of a table.
type FlowRow struct {
	Flow, Path, Sent, Received, Lost, Gap, Start, P50, P99, Max, Other string
}

// Row gives the flow in the words of a table; what is not known has a dash.
func (f Flow) Row() FlowRow {
	const none = "–"
	row := FlowRow{Flow: f.Name, Path: f.What, Sent: none, Received: none, Lost: none, Gap: none, Start: none, P50: none, P99: none, Max: none, Other: f.Failed}
	r := f.Reading
	if r == nil {
		return row
	}
	row.Sent = fmt.Sprint(r.Sent)
	if l := r.Latency; l != nil {
		row.P50, row.P99, row.Max = milliseconds(l.P50), milliseconds(l.P99), milliseconds(l.Max)
	}
	if row.Other = r.Uncounted; r.Uncounted != "" {
		return row
	}
	row.Received, row.Lost = fmt.Sprint(r.Received), fmt.Sprint(r.Lost)
	if r.Loss != nil && r.Lost > 0 {
		row.Lost += fmt.Sprintf(" (%.2f %%)", 100**r.Loss)
	}
	if g := r.Gap; g != nil {
		row.Gap = g.String()
		if len(r.Gaps) > 0 {
			row.Start = "+" + Clock(seconds(g.Start)) + " s"
		}
	}
	for _, n := range []struct {
		count uint64
		what  string
	}{{r.Duplicated, "duplicated"}, {r.Reordered, "reordered"}, {r.Late, "sent late"}, {r.Refused, "with no way to go"}} {
		if n.count > 0 {
			row.Other = join(row.Other, fmt.Sprintf("%d %s", n.count, n.what))
		}
	}
	if r.Gap == nil {
		row.Other = join(row.Other, "none has ever come")
	}
	return row
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + ", " + b
}

func seconds(f float64) time.Duration { return time.Duration(f * float64(time.Second)) }

func milliseconds(f float64) string { return fmt.Sprintf("%.3g ms", 1000*f) }
