// Package programs reads which programs a command line of a shell asks for, and which parts of it may fail unseen.
//
// [Of] lists them by the words that stand for them: the first of each simple command, wherever it stands in the line, and
// the one behind a program that runs another (env, timeout, xargs, sh -c, ip netns exec …). Who has a node asks there which of
// them it has. That tells of a program that is not there whatever becomes of the shell's own words about it.
//
// [Hidden] gives the parts of a line that do not decide how it ends, each with a line that runs it once more by itself.
//
// Of names no builtin that every shell has, no word that is made at run time ($x, a pattern), none behind options that it does not know, and none that the line
// asks for itself before it uses it: command -v, which, type, hash, [ -x … ]. Where a line sets PATH, or reads other files
// into the shell, it names paths alone. A line that is no shell's is left as it is.
package programs
