package evidence_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// A symptom that nobody could look at is unknown, and so is all of it, unless another one
// is false.
func ExampleAnd() {
	fmt.Println(evidence.And(evidence.True, evidence.True))
	fmt.Println(evidence.And(evidence.True, evidence.Unknown))
	fmt.Println(evidence.And(evidence.False, evidence.Unknown))
	// Output:
	// true
	// unknown
	// false
}

// Each line of a ledger holds the digest of the line before: one that is taken out shows.
func ExampleDir_Ledger() {
	parent, err := os.MkdirTemp("", "ledger-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(parent) //nolint:errcheck // a temporary folder
	dir, err := evidence.CreateDir(parent, "session-lost", time.Now())
	if err != nil {
		panic(err)
	}
	for n, v := range []evidence.Verdict{evidence.Reproduced, evidence.Inconclusive, evidence.Reproduced} {
		if err := dir.AppendLedger(evidence.Entry{Trial: n + 1, Verdict: v}); err != nil {
			panic(err)
		}
	}
	entries, err := dir.Ledger()
	fmt.Println(len(entries), "attempts, the second", entries[1].Verdict, err)

	data, err := os.ReadFile(filepath.Join(dir.Path, "ledger.ndjson"))
	if err != nil {
		panic(err)
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	if err := os.WriteFile(dir.File("ledger.ndjson"), append(lines[0], lines[2]...), 0o600); err != nil {
		panic(err)
	}
	_, err = dir.Ledger()
	fmt.Println(err)
	// Output:
	// 3 attempts, the second inconclusive <nil>
	// ledger.ndjson:2: the line before was altered or taken out
}

// A secret is cut by its value, wherever it stands, before anything is written.
func ExampleNewRedactor() {
	r := evidence.NewRedactor("hunter2")
	fmt.Println(r.Text("login admin password hunter2"))
	// Output: login admin password «secret»
}
