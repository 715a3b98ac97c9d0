// Package suite reads test suites (suite.yaml), and makes of every test, for every choice of
// subjects, a cell: a scenario that anybody can run by itself.
//
// A suite says each thing once: a test names roles, a platform says how it configures, looks and
// acts, a value has one default. What a cell is made of is text that was rendered by text/template;
// what comes out is held against the scenario's own rules when it is loaded, like anything that
// a person wrote. The manual is scenarios/suites/README.md.
//
// Non-goals: running cells (harness/experiment), saying what a cell came to (harness/result), and
// values that depend on each other: a template may compute, a value is what is written.
package suite
