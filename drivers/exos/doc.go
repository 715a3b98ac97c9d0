// Package exos drives switches that run Switch Engine (ExtremeXOS), over ssh, telnet or a
// console.
//
// The command line has no enable and no configuration mode: configuration lines are
// commands. Its prompt counts commands, carries a marker for unsaved changes and ends in
// ">" on read-only accounts; package session takes the answer from between echo and marker,
// so none of that matters. Paging is switched off where the account may, and turned where
// not; a question that nobody meant to answer is answered with no, and the command counts
// as refused.
//
// The configuration is brought back by saving it under a name of our own beside the one
// that the switch starts with, and by restarting from it: loading a script would only add
// to what is there. What public sources do not confirm of this (the words of the questions)
// is asked of the switch: an unexpected question is a refusal, and a configuration that
// does not come back to the letter is an error.
//
// Non-goals: SNMP and the JSON interface; images are never installed; debug shells are
// never entered.
package exos
