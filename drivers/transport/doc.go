// Package transport opens the raw byte stream to a switch that an [drivers.Access]
// describes: ssh with its host key checked, telnet (RFC 854) and the line of a terminal
// server. What is said over it is the session layer's.
//
// It resolves credentials where they are used, so that a value lives in memory only, and
// is never part of an error. Legacy ciphers are offered only where the access says so, and
// what was negotiated is in [Conn.Notes].
//
// Non-goals: no command line, no prompts, no retries, no jump hosts.
package transport
