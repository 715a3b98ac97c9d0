package result

import (
	"path/filepath"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// CellEntry is one line of a matrix's ledger.ndjson: one attempt at a cell, whatever came of it.
type CellEntry struct {
	Reprise string    `json:"reprise"`
	Prev    string    `json:"prev"` // SHA-256 of the line before, hex; of nothing for the first
	Key     string    `json:"key"`  // of the cell
	Attempt int       `json:"attempt"`
	Lab     int       `json:"lab"`
	Started time.Time `json:"started"`
	// Ledger is the SHA-256 of the ledger of the cell's run, which holds the digests of its trials; empty
	// where nothing was recorded.
	Ledger string `json:"ledger,omitempty"`
	Cell   Cell   `json:"cell"` // what it came to
}

// MatrixLedger is the file of a matrix's ledger, in the matrix's folder.
func MatrixLedger(folder string) string { return filepath.Join(folder, "ledger.ndjson") }

// ReadMatrixLedger reads the ledger of a matrix's folder and checks its chain, as
// [evidence.ReadChained] does.
func ReadMatrixLedger(folder string) ([]CellEntry, error) {
	return evidence.ReadChained(MatrixLedger(folder), func(e CellEntry) string { return e.Prev })
}
