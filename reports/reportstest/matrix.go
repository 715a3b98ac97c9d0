package reportstest

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/result/resulttest"
)

// SmallMatrix is a matrix with every verdict that fits on a few pages.
func SmallMatrix() *result.Matrix {
	m := resulttest.Matrix(3, 20)
	tests := []string{"test-03", "test-05", "test-06", "test-07", "test-08", "test-09", "test-19"}
	m.Tests = slices.DeleteFunc(m.Tests, func(t result.MatrixTest) bool { return !slices.Contains(tests, t.ID) })
	m.Cells = slices.DeleteFunc(m.Cells, func(c result.Cell) bool {
		return !slices.Contains(tests, c.Test) || c.Subjects["peer"] != "frr@8.1" && c.Subjects["peer"] != "bird@8.5"
	})
	m.Counts = m.Count()
	return m
}

// HostileMatrix is a matrix whose every text is hostile: names, reasons, what is known and what frames say. Its
// words and numbers are those of a matrix still, as it would be read.
func HostileMatrix(tb testing.TB) *result.Matrix {
	tb.Helper()
	m := SmallMatrix()
	was := SmallMatrix()
	fill(reflect.ValueOf(m))
	m.Reprise, m.Roles = was.Reprise, []string{"dut" + Payload, "=peer" + Payload}
	named := func(s string) string { return "=" + s + Payload }
	for i := range m.Subjects {
		m.Subjects[i].Name, m.Subjects[i].Version = named(was.Subjects[i].Name), was.Subjects[i].Version
	}
	for i := range m.Tests {
		m.Tests[i].ID = named(was.Tests[i].ID)
	}
	for i := range m.Requirements {
		m.Requirements[i].ID = named(was.Requirements[i].ID)
	}
	for i := range m.Cells {
		c, old := &m.Cells[i], &was.Cells[i]
		c.Test, c.Verdict = named(old.Test), old.Verdict
		c.Subjects = map[string]string{m.Roles[0]: named(old.Subjects["dut"]), m.Roles[1]: named(old.Subjects["peer"])}
		c.Options = map[string]string{Payload: strings.Repeat(Payload, 3)}
		c.Run, c.Scenario = "javascript:alert(1)", "a b"
		for j := range c.Decisive {
			c.Decisive[j].Capture = "trials/0001/captures/<x7>.pcapng"
		}
		if c.Deviation != nil {
			c.Deviation.Kind, c.Deviation.Expect = "bug", result.Fail
		}
	}
	m.Counts = m.Count()
	if err := m.Check(); err != nil {
		tb.Fatal(err)
	}
	return m
}
