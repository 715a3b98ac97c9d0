// Package fleettest has what tests of a fleet, and of who uses one, meet with.
//
// Non-goals. A fleet's own server: see harness/fleet/server.
package fleettest

import (
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
)

// OtherServer is the URL of a NATS server that nobody has made a fleet's, until the test ends. One that stores nothing, for it has no
// JetStream, cannot be.
func OtherServer(tb testing.TB, stores bool) string {
	tb.Helper()
	s, err := natsserver.NewServer(&natsserver.Options{
		Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: stores, StoreDir: tb.TempDir(),
	})
	if err != nil {
		tb.Fatal(err)
	}
	s.Start()
	tb.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		tb.Fatal("the server does not answer")
	}
	return s.ClientURL()
}
