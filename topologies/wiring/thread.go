package wiring

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// OnThread runs f on a thread of its own that ends with it, whatever f has made of it. It is
// never the first of the process, which cannot end and whose namespaces are taken for those of
// the process.
func OnThread(f func() error) error {
	done := make(chan error, 1)
	go onThread(f, done)
	return <-done
}

func onThread(f func() error, done chan<- error) {
	runtime.LockOSThread() // never unlocked
	if unix.Gettid() == unix.Getpid() {
		go onThread(f, done)
		select {} // nobody else gets it either
	}
	defer func() {
		if p := recover(); p != nil {
			done <- fmt.Errorf("%v", p)
		}
	}()
	done <- f()
}
