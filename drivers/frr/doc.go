// Package frr drives FRRouting through vtysh.
//
// The start-up configuration is frr.conf. The daemons follow from its stanzas (router
// bgp → bgpd …) or from Target.Services; zebra always runs, and mgmtd where the
// version has it (FRR 9 and later keep static routes and interfaces there). They run
// in the foreground under the supervisor of package node, without watchfrr. Daemons do
// not read an integrated frr.conf themselves: when all answer on their sockets,
// "vtysh -b" gives it to them, and a line that is refused fails Boot with FRR's words.
//
// One vtysh session is kept open. When a daemon dies vtysh mixes its own messages
// into an answer; they are taken out into Exchange.Notices and the next command uses
// a fresh vtysh. "bgpd is not running" is a refusal, not an answer.
//
// FRR daemons give up root, so that the kernel writes no core file of them unless
// fs.suid_dumpable of the host says so; their backtrace is in their log either way.
//
// A list of lines for Configure begins in configuration mode; the mode is always left.
package frr
