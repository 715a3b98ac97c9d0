// Package userns starts programs as root of a user namespace of their own: they may mount,
// make networks and own files of many users there, and have no right on this machine beyond
// those of who started them.
//
// A [Mapping] says which users of the machine those of the namespace are. [Find] chooses it:
// an ordinary user is root inside, and the rest are the subordinate ids that /etc/subuid and
// /etc/subgid give; root of the machine is nobody inside, and all of the namespace is a range
// of ids that nothing else has. Were root of the machine root inside, files of the kernel that
// belong to root (/proc/sys/kernel/core_pattern) would be the namespace's to write.
//
// [Mapping.Start] starts the program, which calls [Enter] before it does anything else.
package userns
