package tester

import _ "embed"

// failuresYAML is what its failures are called.
//
//go:embed failures.yaml
var failuresYAML []byte
