package spread

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// A question that is larger than one may be is an error at once, and so is one of a node that is not there.
func TestQuestions(t *testing.T) {
	for name, words := range map[string]int{"too large": 300 << 10, "no such node": 10} {
		t.Run(name, func(t *testing.T) {
			near, far := net.Pipe()
			serving, stop := context.WithCancel(t.Context())
			served := make(chan struct{})
			go func() {
				defer close(served)
				_ = Serve(serving, far, nil) // which the end of the test ends
			}()
			t.Cleanup(func() { stop(); <-served })
			s, err := dial(t.Context(), Host{Name: "there", Dial: func(context.Context) (net.Conn, error) { return near, nil }})
			if err != nil {
				t.Fatal(err)
			}
			h := &remoteHost{&remote{session: s}, "n"}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			done := make(chan error, 1)
			go func() {
				_, err := h.Open(ctx, []string{strings.Repeat("x", words)}, false)
				done <- err
			}()
			select {
			case err := <-done:
				if err == nil {
					t.Error("it was answered")
				}
			case <-time.After(time.Minute):
				t.Fatal("it waits beyond its context")
			}
		})
	}
}

// TestFirstQuestions: questions that are asked at once before any was answered are answered over the one connection.
func TestFirstQuestions(t *testing.T) {
	t.Parallel()
	for range 20 {
		near, far := net.Pipe()
		serving, stop := context.WithCancel(t.Context())
		served := make(chan struct{})
		go func() {
			defer close(served)
			_ = Serve(serving, far, nil) // which the end of the test ends
		}()
		s, err := dial(t.Context(), Host{Name: "there", Dial: func(context.Context) (net.Conn, error) { return near, nil }})
		if err != nil {
			t.Fatal(err)
		}
		var asked errgroup.Group
		for range 8 {
			asked.Go(func() error {
				_, err := ask[clockAnswer](t.Context(), s, askClock, nothing{})
				return err
			})
		}
		if err := asked.Wait(); err != nil {
			t.Error(err)
		}
		_ = s.close() // it may have ended
		stop()
		<-served
	}
}
