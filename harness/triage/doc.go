// Package triage says of core files what they tell without anybody's symbols, and whether two crashes
// are the same: [Read] takes a core file's ELF notes apart, for machines of all kinds that switches have,
// [Unwind] asks gdb for the stack where the program's own files are at hand, and [Sign] makes the signature.
//
// A signature is made of what stays the same when the program is loaded elsewhere and run again: names of
// functions, or the module, its build-id and the address in it. An unwinding that stopped early counts
// for one frame: what it lost would make two causes look like one.
//
// What never happens here: a file that is no core file taken for one, a word of the process's memory or
// of its command line in a record, a debugger that runs what it finds beside a core file.
package triage
