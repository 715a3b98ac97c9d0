// Package scenarios holds the declared problem: what a customer sees, the lab that
// shows it, what sets it off, and the conditions that tell the failing behaviour
// from a healthy one.
//
// A scenario is one YAML file beside its configurations; its format is described by
// schema.json in this folder, generated from [Scenario]. [Load] reads one strictly:
// every fault of the file, of its topology and between the two is reported in one
// pass as file:line:col: message with a hint. Nothing is started here, and nothing
// outside the scenario's folder is read.
//
// This package is data. It imports topologies, because a scenario contains one; it
// knows no driver and no provider.
package scenarios
