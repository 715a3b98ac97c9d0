// Package suites turns plans into Ginkgo trees: a scenario is a container, a trial is a
// spec, a phase is a By. Labels, timeouts, interrupts, progress reports, JUnit and JSON
// are Ginkgo's own.
//
// A spec passes when its trial's verdict is the one that the scenario declares:
// reproduced, or not-reproduced for the control. A trial that this lab cannot show is
// skipped with the reason. Every other verdict fails the spec with its reason.
//
// [Trials] registers the tree of one plan; "reprise run" calls it in a child process of
// its own binary through [Run]. An own suite in Go calls it too:
//
//	var _ = suites.Trials(plan, env, suites.Whole)
//
//	func TestSuite(t *testing.T) { suites.RunTest(t, "our cases") }
//
// and runs under go test or the ginkgo command; see the example.
package suites
