package result_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/result/resulttest"
	"github.com/reprise-lab/reprise/harness/stats"
)

// A cell that is stored as something else than it was decided counts for nothing, and what lies beside no record says so.
func TestMatrixHeld(t *testing.T) {
	const failing, passing, silent = "test-03[dut=frr@9.1,peer=bird@8.1]", "test-00[dut=frr@8.1,peer=bird@8.1]", "test-06[dut=bird@8.1,peer=frr@8.1]"
	asPass := func(c *result.Cell) {
		c.Verdict, c.Reason, c.Passed, c.Deviation, c.Wilson = result.Pass, "", c.Valid, nil, stats.Wilson(3, 3)
	}
	for _, tt := range []struct {
		name string
		key  string
		edit func(*result.Cell)  // what of matrix.json is edited
		do   func(folder string) // what beside it is
		want string              // of the cell's reason; empty: it is as it was decided
		says string              // of the matrix
	}{
		{name: "as it was decided", key: failing},
		{name: "failed, told as passed", key: failing, edit: asPass, want: "it is stored as pass, which does not agree with its record, so that it counts for nothing: the ledger has it as fail with 0 of 3 passed"},
		{name: "passed, told as failed", key: passing, edit: func(c *result.Cell) { c.Verdict, c.Passed, c.Reason = result.Fail, 0, "it is broken" }, want: "the ledger has it as pass with 3 of 3"},
		{name: "another reason", key: failing, edit: func(c *result.Cell) { c.Reason = "the customer's fault" }, want: "the ledger has another reason: "},
		{name: "told as known", key: "test-13[dut=frr@9.1,peer=bird@8.1]", edit: func(c *result.Cell) {
			c.Deviation = &result.Deviation{ID: "mine", Expect: result.Fail, Kind: "bug", Reason: "it is known"}
		}, want: "it is told as known by mine"},
		{name: "another run", key: failing, edit: func(c *result.Cell) { c.Run = "runs/another" }, want: "the ledger has another run: "},
		{name: "more trials", key: passing, edit: func(c *result.Cell) { c.Passed, c.Valid, c.Trials = 30, 30, 30 }, want: "the ledger has it as pass with 3 of 3"},
		{name: "of another digest", key: failing, edit: func(c *result.Cell) { asPass(c); c.Digest = "another" }, want: "no line of the matrix's ledger tells of it"},
		{name: "failed, told as not tested", key: failing, edit: func(c *result.Cell) {
			c.Verdict, c.Reason, c.Passed, c.Valid, c.Trials, c.Wilson, c.Decisive, c.Deviation = result.NotTested, "no time", 0, 0, 0, [2]float64{}, nil, nil
		}, want: "the ledger has it as fail"},
		{name: "taken over from nowhere", key: failing, edit: func(c *result.Cell) { asPass(c); c.From = "20260101T000000Z-ospfv2-0000" }, want: "it has 3 of 3 passed, in 3 trials, and its run's ledger tells of 3 reproduced"},
		{name: "its run's ledger", key: failing, do: func(folder string) {
			_ = os.RemoveAll(filepath.Join(folder, "runs"))
			writeRun(t, folder, ofCell, evidence.NotReproduced)
		}, want: "is not the ledger that its run had when it was decided"},
		{name: "a rewritten ledger of the matrix", key: failing, edit: asPass, do: func(folder string) {
			_ = os.Remove(result.MatrixLedger(folder))
			m := resulttest.Matrix(3, 14)
			for i := range m.Cells {
				m.Cells[i].Run = ""
			}
			c := resulttest.Of(t, m, failing)
			c.Run = ofCell
			asPass(c)
			writeLedger(t, folder, m)
		}, want: "it has 3 of 3 passed, in 3 trials, and its run's ledger tells of 3 reproduced"},
		{name: "without its runs", key: failing, do: func(folder string) { _ = os.RemoveAll(filepath.Join(folder, "runs")) }, says: "the trials of 1 of 504 cells do not lie beside matrix.json"},
		{name: "without a ledger", key: failing, edit: asPass, do: func(folder string) { _ = os.Remove(result.MatrixLedger(folder)) }, says: "no ledger lies beside matrix.json: its cells are told as they are stored"},
		{name: "not applicable", key: silent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := resulttest.Matrix(3, 14)
			for i := range m.Cells { // of one cell the run is there
				if m.Cells[i].Key() != failing {
					m.Cells[i].Run = ""
				}
			}
			resulttest.Of(t, m, failing).Run = ofCell
			decided := *m
			decided.Cells = append([]result.Cell(nil), m.Cells...)
			if tt.edit != nil {
				tt.edit(resulttest.Of(t, m, tt.key))
			}
			m.Unheld = "nothing to see"
			folder := resulttest.Write(t, m)
			writeRun(t, folder, ofCell, evidence.Reproduced)
			writeLedger(t, folder, &decided)
			if tt.do != nil {
				tt.do(folder)
			}
			got, err := result.ReadMatrix(folder)
			if err != nil {
				t.Fatal(err)
			}
			if got.Unheld != tt.says && (tt.says == "" || !strings.HasPrefix(got.Unheld, tt.says)) {
				t.Errorf("of the matrix: %q, want %q", got.Unheld, tt.says)
			}
			var c result.Cell
			disputed := 0
			for _, cell := range got.Cells {
				if strings.Contains(cell.Reason, "counts for nothing") {
					disputed++
					c = cell
				}
			}
			if tt.want == "" {
				if disputed > 0 {
					t.Errorf("%d cells are disputed: %+v", disputed, c)
				}
				return
			}
			if disputed != 1 || c.Verdict != result.CellUnknown || c.Valid != 0 || !strings.Contains(c.Reason, tt.want) || got.Counts[result.CellUnknown] != decided.Count()[result.CellUnknown]+1 {
				t.Errorf("%d cells are disputed: %+v, want %q", disputed, c, tt.want)
			}
		})
	}
}

// ofCell is the run of the cell that fails.
const ofCell = "runs/of-the-cell"

// writeRun writes the ledger of a run of three trials.
func writeRun(t *testing.T, folder, run string, v evidence.Verdict) {
	t.Helper()
	dir := evidence.Dir{Path: filepath.Join(folder, run)}
	if err := os.MkdirAll(dir.Path, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := dir.AppendLedger(evidence.Entry{Trial: i + 1, Verdict: v}); err != nil {
			t.Fatal(err)
		}
	}
}

// writeLedger writes a line for each cell of a matrix that was tried.
func writeLedger(t *testing.T, folder string, m *result.Matrix) {
	t.Helper()
	var text, last []byte
	for _, c := range m.Cells {
		if c.Trials == 0 {
			continue
		}
		sum := ""
		if data, err := os.ReadFile(filepath.Join(folder, c.Run, "ledger.ndjson")); err == nil {
			sum = evidence.SHA256(data)
		}
		line, err := json.Marshal(result.CellEntry{Reprise: result.MatrixFormat, Prev: evidence.SHA256(last), Key: c.Key(), Attempt: 1, Started: time.Unix(0, 0).UTC(), Ledger: sum, Cell: c})
		if err != nil {
			t.Fatal(err)
		}
		text, last = append(append(text, line...), '\n'), line
	}
	if err := os.WriteFile(result.MatrixLedger(folder), text, 0o600); err != nil {
		t.Fatal(err)
	}
}
