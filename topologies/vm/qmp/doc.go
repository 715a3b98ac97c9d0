// Package qmp speaks QEMU's machine protocol: one command at a time over a socket, each
// with its answer. Events are read past.
//
// Non-goals: the schema. Callers name commands and arguments; QEMU refuses what is wrong,
// with an [Error].
package qmp
