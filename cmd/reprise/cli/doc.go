// Package cli is what the verbs share: streams and the screen, exit status, loading a
// scenario, what they ask for labs, completion, words.
//
// It knows labs by an [Opener] and nothing of what they are built of: cmd/reprise/labs does.
package cli
