//go:build !linux

package sim

import "net"

// suspend does nothing where a listener cannot be stopped without losing its port: its
// connections are accepted and reset.
func suspend(net.Listener) {}

func resume(net.Listener) {}
