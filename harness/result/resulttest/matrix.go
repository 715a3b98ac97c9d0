// Package resulttest makes matrices for tests, of any size and with every verdict, so that they stay in step with
// the type.
package resulttest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
)

// Areas are what the tests of a matrix are about, in turn.
func Areas() []string { return []string{"adjacency", "routes", "areas", "authentication", "restart"} }

// Matrix is a matrix of two roles with every verdict: so many versions of each of two platforms, each with each,
// in so many tests. It is the same each time. Of every ten tests
//
//	the fourth   fails where the dut is frr, from its third version on; the first of these tests is explained
//	the sixth    is flaky where the peer is bird's second version
//	the seventh  is not applicable where the dut is bird's first version
//	the eighth   is blocked by the fourth where that fails
//	the ninth    is inconclusive where the dut is frr's last version
//	the tenth    passes with a note where the peer is frr's first version
//
// and the last of all is not tested where both are bird.
func Matrix(versions, tests int) *result.Matrix {
	started := time.Date(2026, 11, 29, 10, 15, 0, 0, time.UTC)
	m := &result.Matrix{
		Reprise: result.MatrixFormat, ID: "20261129T101500Z-ospfv2-1f2e", Suite: "ospfv2", Title: "OSPFv2 between FRR and BIRD", Digest: "5f6a",
		Started: started, Ended: started.Add(20 * time.Minute), Took: 20 * time.Minute,
		Tool: evidence.Tool{Name: "reprise", Version: "v1.2.3", Go: "go1.26"}, Host: evidence.HostInfo{OS: "Debian 12", Kernel: "6.1", Arch: "amd64", CPUs: 2},
		Provider: "namespaces", Clock: evidence.Clock{Speed: 10}, Labs: 2, Repeats: 3, Roles: []string{"dut", "peer"},
	}
	for _, platform := range []string{"frr", "bird"} {
		for i := range versions {
			v := fmt.Sprintf("%d.%d", 8+i/2, 1+i%2*4)
			m.Subjects = append(m.Subjects, result.Subject{Name: platform + "@" + v, Platform: platform, Version: v, Image: "reprise/" + platform + ":" + v, Digest: fmt.Sprintf("d%02d", i)})
		}
	}
	for t := range tests {
		id := fmt.Sprintf("test-%02d", t)
		one := result.MatrixTest{ID: id, Title: fmt.Sprintf("What test %d is about", t), Area: Areas()[t%len(Areas())]}
		if t%3 == 0 {
			req := fmt.Sprintf("rfc2328/10.%d", t)
			one.Requirements = []string{req}
			m.Requirements = append(m.Requirements, result.Requirement{ID: req, Document: "RFC 2328", Section: fmt.Sprintf("10.%d", t), Level: "MUST", Text: "A neighbour comes up", Tests: []string{id}})
		}
		if t%10 == 7 {
			one.After = []string{fmt.Sprintf("test-%02d", t-4)}
		}
		m.Tests = append(m.Tests, one)
		for d := range m.Subjects {
			for p := range m.Subjects {
				m.Cells = append(m.Cells, cell(m, t, tests, d, p, versions))
			}
		}
	}
	m.Requirements = append(m.Requirements, result.Requirement{ID: "rfc2328/13-flooding", Document: "RFC 2328", Section: "13", Level: "SHOULD", Text: "Nobody looks at this"})
	m.Counts = m.Count()
	return m
}

func cell(m *result.Matrix, t, tests, d, p, versions int) result.Cell {
	dut, peer := m.Subjects[d], m.Subjects[p]
	c := result.Cell{
		Test: m.Tests[t].ID, Subjects: map[string]string{"dut": dut.Name, "peer": peer.Name}, Verdict: result.Pass,
		Passed: 3, Valid: 3, Trials: 3, Digest: fmt.Sprintf("%02d%02d%02d", t, d, p), Took: 1500 * time.Millisecond,
	}
	silent := func(v result.CellVerdict, why string) {
		c.Verdict, c.Reason, c.Passed, c.Valid, c.Trials = v, why, 0, 0, 0
	}
	frrFails := dut.Platform == "frr" && d >= 2
	switch kind := t % 10; {
	case kind == 3 && frrFails:
		c.Verdict, c.Passed = result.Fail, 0
		c.Reason = fmt.Sprintf(`"the adjacency with 2.2.2.%d is Full": did not become true within 60s; seen last: Init of %s`, p, peer.Name)
		c.Run = fmt.Sprintf("runs/%s-%d-%d", c.Test, d, p)
		c.Decisive = []result.Decisive{{Capture: "trials/0001/captures/r2-eth1.pcapng", Frame: 130, Words: "OSPF hello with another hello interval", Complains: true, Seen: Frame()}}
		if t == 3 {
			c.Deviation = &result.Deviation{
				ID: "frr-hello", Expect: result.Fail, Kind: "bug", Reason: "Hellos are sent with the interval of before", Reference: "FRRouting/frr pull request 14056",
				Fixed: "11.1", Workaround: "Restart ospfd", Expires: time.Date(2027, 6, 30, 0, 0, 0, 0, time.UTC),
			}
		}
	case kind == 5 && p == versions+1:
		c.Verdict, c.Passed, c.Reason = result.Flaky, 1, fmt.Sprintf("the route to 192.0.2.%d did not come within 60s", d)
	case kind == 6 && d == versions:
		silent(result.NotApplicable, "roles came with a later version")
	case kind == 7 && frrFails:
		silent(result.Blocked, "")
		c.BlockedBy = m.Tests[t-4].ID
	case kind == 8 && d == versions-1:
		silent(result.CellUnknown, "the lab broke: a cable went")
		c.Trials = 3
	case kind == 9 && p == 0:
		c.Verdict, c.Reason = result.PassWithNote, "it needed a second try"
	}
	if t == tests-1 && dut.Platform == "bird" && peer.Platform == "bird" {
		silent(result.NotTested, "the budget was spent")
	}
	if c.Valid > 0 {
		c.Wilson = stats.Wilson(c.Passed, c.Valid)
	}
	return c
}

// Frame is a decoded frame.
func Frame() *evidence.Frame {
	return &evidence.Frame{
		Number: 130, Time: 9.5, Direction: "in", Length: 78, Kind: "ospf", Message: "hello", Summary: "OSPF hello v2 router 1.1.1.1 area 0.0.0.0",
		Layout: []evidence.FrameField{
			{Name: "Version #", Bits: 8, Value: "2"},
			{Name: "Type", Bits: 8, Value: "1 hello"},
			{Name: "Packet length", Bits: 16, Value: "48"},
			{Name: "Router ID", Bits: 32, Value: "1.1.1.1"},
			{Name: "HelloInterval", Bits: 16, Value: "5"},
			{Name: "Options", Bits: 8, Value: "0x02"},
			{Name: "Rtr Pri", Bits: 8, Value: "1"},
		},
	}
}

// Of gives the cell with this key; it is an error of the test where there is none.
func Of(tb testing.TB, m *result.Matrix, key string) *result.Cell {
	tb.Helper()
	for i := range m.Cells {
		if m.Cells[i].Key() == key {
			return &m.Cells[i]
		}
	}
	tb.Fatalf("the matrix has no cell %s", key)
	return nil
}

// Set gives the cell with this key a verdict, with counts that go with it.
func Set(tb testing.TB, m *result.Matrix, key string, v result.CellVerdict) *result.Cell {
	tb.Helper()
	c := Of(tb, m, key)
	c.Verdict, c.Reason, c.Trials, c.Valid, c.Passed = v, "because of "+string(v), 3, 3, 0
	switch v {
	case result.Pass, result.PassWithNote:
		c.Passed = 3
	case result.Flaky:
		c.Passed = 1
	case result.Fail:
	default:
		c.Valid = 0
	}
	c.Wilson = [2]float64{}
	if c.Valid > 0 {
		c.Wilson = stats.Wilson(c.Passed, c.Valid)
	}
	m.Counts = m.Count()
	return c
}

// Write writes a matrix into a folder of the test's.
func Write(tb testing.TB, m *result.Matrix) string {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), m.ID)
	if err := evidence.WriteJSON(filepath.Join(dir, result.MatrixFile), m); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// WriteText writes any text as the matrix of a folder.
func WriteText(tb testing.TB, text []byte) string {
	tb.Helper()
	dir := tb.TempDir()
	if err := os.WriteFile(filepath.Join(dir, result.MatrixFile), text, 0o600); err != nil {
		tb.Fatal(err)
	}
	return dir
}
