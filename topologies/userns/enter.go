package userns

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Enter waits until the ids of this process are mapped. It has then every capability over its
// namespace, and is still who started it towards files of the machine: what only that user may
// reach is opened now, and [BecomeRoot] called behind it.
func Enter() error {
	f := os.NewFile(gate, "gate")
	if f == nil {
		return errors.New("this process was not started in a user namespace")
	}
	defer f.Close() //nolint:errcheck // read only
	if n, err := f.Read(make([]byte, 1)); n != 1 {
		return fmt.Errorf("wait for ids: %w", err)
	}
	return nil
}

// BecomeRoot makes this process root of its namespace, and nothing else.
func BecomeRoot() error {
	if err := syscall.Setgroups(nil); err != nil && !errors.Is(err, unix.EPERM) { // a mapping of one group forbids it
		return fmt.Errorf("give up groups: %w", err)
	}
	if err := syscall.Setresgid(0, 0, 0); err != nil {
		return fmt.Errorf("become root of the namespace: %w", err)
	}
	if err := syscall.Setresuid(0, 0, 0); err != nil {
		return fmt.Errorf("become root of the namespace: %w", err)
	}
	return nil
}
