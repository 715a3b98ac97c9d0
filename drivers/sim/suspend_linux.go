package sim

import (
	"net"

	"golang.org/x/sys/unix"
)

// suspend makes a listener refuse connections and keep its port. A port that the kernel chose
// is given back by the shutdown, and taken again at once.
func suspend(l net.Listener) {
	control(l, func(fd int, addr *net.TCPAddr) {
		_ = unix.Shutdown(fd, unix.SHUT_RDWR)
		if ip4 := addr.IP.To4(); ip4 != nil {
			_ = unix.Bind(fd, &unix.SockaddrInet4{Port: addr.Port, Addr: [4]byte(ip4)})
			return
		}
		_ = unix.Bind(fd, &unix.SockaddrInet6{Port: addr.Port, Addr: [16]byte(addr.IP.To16())})
	})
}

// resume lets a suspended listener accept again; on another one it does nothing.
func resume(l net.Listener) {
	control(l, func(fd int, _ *net.TCPAddr) { _ = unix.Listen(fd, unix.SOMAXCONN) })
}

func control(l net.Listener, f func(fd int, addr *net.TCPAddr)) {
	t, ok := l.(*net.TCPListener)
	if !ok {
		return
	}
	addr, ok := t.Addr().(*net.TCPAddr)
	if !ok {
		return
	}
	if raw, err := t.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { f(int(fd), addr) })
	}
}
