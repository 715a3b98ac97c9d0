package lab_test

import (
	"testing"

	"github.com/reprise-lab/reprise/topologies/lab"
)

func BenchmarkReserveRelease(b *testing.B) {
	inv, err := lab.Parse(b.TempDir()+"/lab.yaml", []byte("reprise: lab/v1\nname: a\ndevices: {sw1: {platform: exos, kind: vm, access: {address: h}}}"))
	if err != nil {
		b.Fatal(err)
	}
	l, err := lab.Open(b.Context(), inv, lab.Settings{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for b.Loop() {
		h, err := l.Reserve(b.Context(), lab.Order{Request: lab.RequestDevices("sw1")})
		if err != nil {
			b.Fatal(err)
		}
		if err := h.Release(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBusy(b *testing.B) {
	inv, err := lab.Parse(b.TempDir()+"/lab.yaml", []byte("reprise: lab/v1\nname: a\ndevices: {sw1: {platform: exos, kind: vm, access: {address: h}}}"))
	if err != nil {
		b.Fatal(err)
	}
	l, err := lab.Open(b.Context(), inv, lab.Settings{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	h, err := l.Reserve(b.Context(), lab.Order{Request: lab.RequestDevices("sw1")})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := l.Reserve(b.Context(), lab.Order{Request: lab.RequestDevices("sw1")}); err == nil {
			b.Fatal("won")
		}
	}
	_ = h.Release(b.Context())
}
