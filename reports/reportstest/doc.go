// Package reportstest builds run directories for tests of renderings, with the evidence
// package's own writers, so that they stay in step with the format.
package reportstest
