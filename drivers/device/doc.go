// Package device is one switch behind an access: what the drivers of switches have in
// common, as package node is what drivers of daemons have in common. It opens sessions
// over ssh, telnet or a console with the platform's dialect, knows what the switch says it
// is, waits for it to come back from a restart, and compares configurations.
//
// The contract: nothing is confirmed on the switch that the caller did not ask to confirm;
// an operation that cannot vouch for its result is an error; a switch that calls itself a
// simulator is marked as one by every session ([Device.Marks]).
//
// Non-goals: no platform's commands (the platform's package has them), no leases, no
// journal.
package device
