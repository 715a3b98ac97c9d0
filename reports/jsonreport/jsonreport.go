// Package jsonreport renders a run as one JSON document for machines. The document's
// types are its documentation; fields are added and never change their meaning under
// one value of [Format].
package jsonreport

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
)

// Format is the version of the document.
const Format = "report/v1"

// Document is the whole report. Texts that came from devices are cleaned and bounded as
// [reports.Clean] says; the run directory holds them as they were.
type Document struct {
	Reprise string               `json:"reprise"`
	Run     evidence.RunInfo     `json:"run"`
	Verdict *evidence.RunVerdict `json:"verdict"` // null: the run was broken off before it was judged
	Rate    *evidence.Rate       `json:"rate"`    // null: it was not computed
	Trials  []Trial              `json:"trials"`
	// Absent are planned trials that left no record.
	Absent []int `json:"absent,omitempty"`
	// Missing says what the run directory should hold and does not.
	Missing []string `json:"missing,omitempty"`
}

// Trial is one trial of the run.
type Trial struct {
	Trial   int                    `json:"trial"`
	Verdict *evidence.TrialVerdict `json:"verdict"` // null: the trial was broken off before it was judged
	// Flows are those of traffic, and what became of each.
	Flows []evidence.Flow `json:"flows,omitempty"`
	// Ledger are the trial's lines of the ledger, one for each attempt.
	Ledger []evidence.Entry `json:"ledger"`
}

// Write renders the run.
func Write(w io.Writer, r *reports.Run) error {
	doc := Document{
		Reprise: Format, Run: r.Info, Verdict: r.Verdict, Rate: r.Rate, Trials: []Trial{},
		Absent: r.Absent(), Missing: r.Missing,
	}
	for _, t := range r.Trials {
		ledger := t.Attempts
		if ledger == nil {
			ledger = []evidence.Entry{}
		}
		one := Trial{Trial: t.Number, Verdict: t.Verdict, Ledger: ledger}
		if t.Detail != nil {
			for _, f := range t.Detail.Flows {
				one.Flows = append(one.Flows, f.Flow)
			}
		}
		doc.Trials = append(doc.Trials, one)
	}
	data, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

// Matrix renders a matrix: matrix.json with what follows from it, a [result.MatrixReport].
func Matrix(w io.Writer, m *reports.Matrix) error {
	data, err := json.MarshalIndent(m.MatrixReport, "", "  ")
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	_, err = w.Write(append(data, '\n'))
	return err
}
