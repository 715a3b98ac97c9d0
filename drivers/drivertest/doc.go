// Package drivertest is the contract suite that every driver must pass ([Run]), and
// what tests of drivers need: a host made of local processes or of a container
// ([Host], [StartContainer]), a recorder that keeps what it hears ([Transcript]), and
// streams that misbehave ([Damaged]).
//
// It is for tests only; nothing in the product imports it.
package drivertest
