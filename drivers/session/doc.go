// Package session holds the two dialogues that drivers lead over a raw byte stream.
//
// A [CLI] drives a command line that shows prompts (vtysh, birdc, a switch's ssh or
// console); scrapligo recognises echo and prompt, this package decides what the
// answer is. A [Shell] drives a POSIX sh without a terminal and frames every command
// with nonces, so that output is exact to the byte and carries its exit status.
//
// Both keep the same promises:
//
//   - every byte is handed to the recorder before it is interpreted, with its time and direction;
//   - an answer belongs to the command it is returned for: it lies between the
//     command's own echo or nonce and a marker that this session made up for this
//     command. Whatever arrives between commands is recorded and otherwise dropped;
//   - any error, a cancelled context and a timeout among them, closes the session
//     for good: later commands fail with drivers.ErrClosed. [Reopening] opens a
//     fresh session for the next command instead;
//   - what is kept of an answer is bounded by Command.Limit, the time by
//     Command.Timeout; a device that talks for ever costs neither more memory nor more time;
//   - no goroutine is left after Close.
//
// Non-goals: this package knows no platform (that is [Dialect], which is data) and
// never repeats a command by itself.
package session
