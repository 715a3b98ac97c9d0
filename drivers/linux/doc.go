// Package linux drives a Linux machine as a network node: a host, a bridge, or any
// daemon that has no driver of its own.
//
// A command, and a configuration line, is a line for the shell. The start-up
// configuration (Target.Config) is a shell script of set-up lines; Boot puts the files
// in place, runs the script with "sh -e" and then starts the services, each in the
// foreground under the supervisor of package node.
//
// [Known] says how well-known daemons are run; a service of another name is run as
// <name> <args…> and must stay in the foreground. Arguments of a known service are
// added to its own.
//
// ResetConfig brings interfaces, addresses and routes back to what they were when the
// script had run, and is ErrUnsupported with services that change those themselves.
package linux
