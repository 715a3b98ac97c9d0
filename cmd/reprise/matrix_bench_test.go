package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/result"
)

// BenchmarkMatrix is how many cells of a matrix are tried in a minute in two labs of namespaces, as suites of several
// protocols come (their fast clocks, labs used again), and how much faster that is than the same cells at speed 1 in a lab that is
// built for each, in two labs too, the two tried one after the other. Both have to come to the same verdicts. The figures promise
// 30 cells a minute, and 5 times. A suite whose clock is 5 cannot come to 5 times by its windows: what is not a window (a node that starts,
// the state of both ends before and after) takes the same time at any speed.
func BenchmarkMatrix(b *testing.B) {
	needSpaces(b)
	var cells int
	var fast, slow time.Duration
	for b.Loop() {
		for _, args := range [][]string{
			{"lldp", "--only", "dut=lldpd@1.0.18,peer=lldpd@1.0.16"},
			{"rstp", "--only", "dut=ovs@3.5.0,peer=ovs@3.1.0"},
			{"ra", "--only", "dut=frr@10.3"},
		} {
			was, tried := matrixOf(b, args...)
			is, again := matrixOf(b, append(args, "--speed", "1", "--fresh")...)
			for key, v := range was {
				if is[key] != v {
					b.Errorf("%s: %s, and %s at speed 1 in a lab of its own", key, v, is[key])
				}
			}
			cells += len(was)
			fast += tried
			slow += again
		}
	}
	b.ReportMetric(float64(cells)/fast.Minutes(), "cells/min")
	b.ReportMetric(float64(slow)/float64(fast), "times-faster")
	b.ReportMetric(0, "ns/op")
}

// matrixOf runs a matrix in two labs, and gives what its cells with trials came to, and how long it took.
func matrixOf(b *testing.B, args ...string) (map[string]result.CellVerdict, time.Duration) {
	b.Helper()
	c := exec.CommandContext(b.Context(), os.Args[0], append([]string{"matrix", "run", "--labs", "2", "--provider", "namespaces", "--dir", b.TempDir(), "--json", "-q"}, args...)...)
	c.Args[0] = "reprise"
	out, err := c.Output()
	var m result.Matrix
	if jsonErr := json.Unmarshal(out, &m); jsonErr != nil {
		b.Fatalf("%v: %v: %s", err, jsonErr, out)
	}
	of := map[string]result.CellVerdict{}
	for _, cell := range m.Cells {
		if cell.Trials > 0 {
			of[cell.Key()] = cell.Verdict
		}
	}
	if len(of) == 0 {
		b.Fatal("no cell was tried")
	}
	return of, m.Took
}
