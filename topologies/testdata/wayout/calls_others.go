//go:build !amd64

package main

// machineCalls are none: the ports of a processor that maps its devices into memory are
// /dev/mem, which files tries.
func machineCalls() []way { return nil }
