// Package docs holds what is written about the program as a whole (decisions, glossary,
// figures), and the tests that keep what is written true: sections that are made from the
// code are fresh, and the first case of the README is valid.
//
// "go test ./harness/docs -update" writes the sections anew; "make generate" does it too.
//
// What never happens here: anything that the program needs.
package docs
