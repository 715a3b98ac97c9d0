// Package drivers speaks to network switches: one [Driver] is one session with one
// node. What a platform can do beyond running a command is an ability, a small
// interface that its driver also implements ([Booter], [Configurer], [Sheller] …);
// callers ask for it with [As], which looks through wrappers, and treat its absence as [ErrUnsupported].
//
// Below this package stands one package per platform (frr, bird, ovs, linux, tester, exos, voss; scrapli for peers), the
// session layer they share, a replay of recorded sessions and the contract suite
// that every driver must pass (drivertest). The list of platforms is a [Registry]
// value that drivers/all fills; there is no registration by side effect. What the rest of the
// program says of a platform's software, its names above all, it reads of [Registry.Products].
// README.md in this folder is how a platform is added.
//
// A device that says no is not an error: the answer is an [Exchange] whose
// Rejected holds the device's words. An error means that the answer is not known,
// and after one the session is closed and never used again: a late answer must
// never be taken for the answer to the next command. The drivers here open a fresh
// session for the next command, recorded as another channel (cli, cli#2 …); after
// Close every command fails with [ErrClosed].
//
// Non-goals: drivers do not judge, do not wait for protocols to converge, and do not
// build labs.
package drivers
