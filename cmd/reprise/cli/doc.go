// Package cli is what the verbs share: streams and the screen, exit status, loading a
// scenario, the place where a provider of labs is opened, completion, words.
//
// provider.go is the one door to a lab, where a foreign scenario is asked what it may have.
package cli
