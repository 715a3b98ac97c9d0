package main

import "golang.org/x/sys/unix"

// machineCalls are those that only this kind of processor has.
func machineCalls() []way {
	return []way{
		{"iopl", func([]string) (string, error) { return raw(unix.SYS_IOPL, [6]uintptr{3}) }},
		{"ioperm", func([]string) (string, error) { return raw(unix.SYS_IOPERM, [6]uintptr{0x70, 1, 1}) }},
	}
}
