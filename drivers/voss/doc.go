// Package voss drives switches that run Fabric Engine (VOSS), over ssh, telnet or a
// console.
//
// The prompt is name:SLOT, the mode in brackets, and ">" or "#". A session enters the
// privileged mode and switches paging off where the account may; configuration lines are
// sent between "configure terminal" and "end". Every answer of a show command begins with a
// banner that holds the switch's time: it belongs to the answer, and [Driver.Normalise]
// takes it out.
//
// The configuration is brought back by saving it to a file of our own on the internal flash
// and by restarting from that file once, which leaves alone what the switch starts with by
// itself. Which commands do that is general knowledge of the product and not confirmed by a
// public source: a release that does not know them refuses, and a configuration that does
// not come back to the letter is an error.
//
// Non-goals: OpenAPI and RESTCONF; images are never installed.
package voss
