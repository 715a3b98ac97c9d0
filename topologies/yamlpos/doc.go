// Package yamlpos reads YAML strictly and remembers where everything stood.
//
// It exists for files that people write: every fault of a file is reported in one
// pass, as file:line:col: message with a hint, and whoever checks the meaning of a
// value later can still say where it was written. The YAML itself is parsed by
// go.yaml.in/yaml/v4; this package walks its nodes into Go values.
//
// A struct field takes the key in its yaml tag; a key that no field has is a fault
// with a suggestion, unless the struct lists it as known but not used ([Ignorer]).
// Bounds: a file of at most [MaxBytes], at most [MaxNodes] nodes after aliases.
package yamlpos
