package frr_test

import (
	"io"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/frr"
)

// BenchmarkLive compares a command on the open session with a bare exec of vtysh.
func BenchmarkLive(b *testing.B) {
	host := drivertest.StartContainer(b, "reprise/debian:bookworm")
	d, err := frr.Factory{}.Open(b.Context(), drivers.Target{Node: "r1", Host: host, Config: []byte(config)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = d.Close(b.Context()) }()
	if err := d.(drivers.Booter).Boot(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Run("session", func(b *testing.B) {
		for b.Loop() {
			if _, err := d.Run(b.Context(), drivers.Command{Line: "show bgp summary json"}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("shell", func(b *testing.B) {
		for b.Loop() {
			if _, err := d.(drivers.Sheller).Shell(b.Context(), drivers.Command{Line: "vtysh -c 'show bgp summary json'"}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("exec", func(b *testing.B) {
		for b.Loop() {
			if _, err := host.Exec(b.Context(), []string{"vtysh", "-c", "show bgp summary json"}, nil, io.Discard, io.Discard); err != nil {
				b.Fatal(err)
			}
		}
	})
}
