// Package node is what the drivers of software switches share: a node is a Linux
// machine reached through drivers.Host on which daemons run under a small supervisor
// of ours. A [Node] has the abilities that do not depend on the platform (shell, logs,
// deaths, acting on processes, facts) and platform drivers embed it.
//
// The supervisor is a POSIX shell script that Boot writes into the node. It starts a
// daemon in the foreground, in a session and a working directory of its own
// (/var/lib/reprise/cores/<name>, where a core file lands when the kernel's
// core_pattern is relative), appends its output to /var/log/reprise/<name>.log, and
// writes one line at its start and one at its end to /run/reprise/exits. A daemon that
// dies stays dead: nothing restarts it, so that its death is evidence.
//
// What a shell cannot tell: an exit status of 128+n that the daemon chose itself looks
// like death by signal n. Of processes that the supervisor did not start the lab's kernel
// tells, where the lab listens to it (drivers.Target.Ends).
//
// Core files are looked for where the dead process stood and known by the process number
// in them; they end up in /var/lib/reprise/cores. A reader of syslog runs beside the
// daemons and appends to /var/log/reprise/syslog.log, unless the node has one of its own.
//
// Non-goals: this package knows no platform's configuration, and does not build nodes.
package node
