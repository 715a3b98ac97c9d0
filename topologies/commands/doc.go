// Package commands does over commands of a node what a provider has no shorter way for: it reads and
// writes the node's files.
package commands
