// Package scrapli drives peers through the platforms that scrapligo knows: arista_eos,
// cisco_iosxe, juniper_junos and a dozen more, each as platform "scrapli:NAME".
//
// What scrapligo knows of a platform (prompts, levels, how to raise oneself, what switches
// paging off, words of refusal) is turned into a dialect of our own session layer, so that
// the same promises hold: an answer belongs to its command, and an error ends the session.
//
// A peer has run, configure and evidence. Its configuration cannot be brought back, so a
// lab of real devices refuses a scenario that changes it.
//
// Non-goals: checkpoints, tables, tech-support, facts beyond a version.
package scrapli
