// Package procs sees how the processes of containers end, by the kernel's process
// connector: a netlink multicast of every fork, exec, change of name, core dump and exit
// on the machine (linux/cn_proc.h). Nobody's consent is needed and nothing is installed,
// so that a process counts whoever started it and however short it lived.
//
// A [Watcher] is told the ids of containers before they start. A process belongs to the
// container that its control group or its namespace of processes names when it executes a
// program, and to that of its parent when it is forked. What is kept of it is its number inside, its name, and where
// it stood when it began to dump core. The ends that are kept are those by a signal that a
// fault raises (those that dump core, see signal(7)), and kills for want of memory.
//
// Since Linux 6.6 everybody may listen; before, it takes CAP_NET_ADMIN. Either way the
// listener has to be in the machine's first namespaces of processes and users, and its
// socket in that of the network, which [Open] enters where it may. Where events are lost,
// because they came faster than they were read, that is said and never passed over: see
// [Watcher.Ends].
//
// Non-goals: who sent a signal (the kernel does not tell), ends by an ordinary status,
// and core_pattern, which is the machine's own and is never written.
package procs
