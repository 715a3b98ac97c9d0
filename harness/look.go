package harness

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sirikothe/gotextfsm"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
)

// evaluate turns a stored look into what a window takes: it is all the judge knows of
// a probe, live and offline. before is the look at the same condition before the stimulus.
func (c *Check) evaluate(o evidence.Observation, before *evidence.Observation) sample {
	s := sample{at: o.At, end: o.At + o.Took, err: o.Error}
	if s.err != "" {
		return s
	}
	if o.Truncated {
		s.err = "the answer was longer than its bound and is cut"
		return s
	}
	now, err := c.view(o)
	if err != nil {
		s.err = err.Error()
		return s
	}
	var earlier *scenarios.View
	if before != nil && before.Error == "" {
		v, err := c.view(*before)
		if err != nil {
			s.err = "before the stimulus: " + err.Error()
			return s
		}
		earlier = &v
	}
	if s.value, err = c.predicate.Eval(now, earlier); err != nil {
		s.err = err.Error()
	}
	return s
}

// view gives the look as an expression sees it.
func (c *Check) view(o evidence.Observation) (scenarios.View, error) {
	v := scenarios.View{Text: o.Text, Exit: o.Exit, Count: o.Count, Ports: portsOf(o.Ports, c.interfaces)}
	switch {
	case c.Cond.Core != "":
		if err := json.Unmarshal([]byte(o.Text), &v.Rows); err != nil {
			return v, fmt.Errorf("read recorded deaths: %w", err)
		}
	case c.template != nil:
		rows, err := parseRows(c.template, o.Text)
		if err != nil {
			return v, err
		}
		v.Rows, v.Count = rows, len(rows)
	}
	return v, nil
}

func parseRows(t *gotextfsm.TextFSM, text string) ([]map[string]any, error) {
	rows, err := scenarios.ReadTable(t, text, false)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	return rows, nil
}

// short gives an expression's value for people.
func short(v any) string {
	s := fmt.Sprint(v)
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}
