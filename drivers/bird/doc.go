// Package bird drives the BIRD routing daemon through birdc.
//
// The start-up configuration is bird.conf. Boot runs "bird -f" under the supervisor of
// package node. A configuration that BIRD refuses fails Boot with BIRD's words; one
// that crashes it does not: Boot returns nil and Deaths tells of the signal, because a
// crash is what a scenario may be about.
//
// A list of lines for Configure is appended to bird.conf as one text: "birdc configure
// check" reads it first, and when BIRD refuses it the file is put back and the one
// Exchange has Rejected set. BIRD has no modes and no single-line configuration.
//
// Every line runs as a one-shot birdc in the node's shell, with a time limit of its own:
// at a prompt birdc draws prompts and pages at moments of its own choosing. What it does
// itself there ("exit", "quit", "help") is an error, for a one-shot birdc never ends on
// it. Exchanges have no exit status. A BIRD that does not run is an error.
package bird
