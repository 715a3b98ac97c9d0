package redact_test

import (
	"bytes"
	"slices"
	"testing"
)

// BenchmarkText measures a text that is full of what is replaced, and one that has nothing.
func BenchmarkText(b *testing.B) {
	b.Run("hits", func(b *testing.B) {
		r := newRedactor(b, owner)
		var all []byte
		for _, name := range samples {
			r.Learn(name, read(b, name))
		}
		for _, name := range []string{"device.log", "tech.txt", "exos.cfg", "ios.cfg"} {
			all = append(all, read(b, name)...)
		}
		benchText(b, r.Text, mixed(b, all))
	})
	b.Run("hits-only", func(b *testing.B) {
		r := newRedactor(b, owner)
		var all []byte
		for _, name := range samples {
			r.Learn(name, read(b, name))
			all = append(all, read(b, name)...)
		}
		benchText(b, r.Text, bytes.Repeat(all, 1<<20/len(all)))
	})
	b.Run("no-hits", func(b *testing.B) {
		r := newRedactor(b, owner)
		for _, name := range samples {
			r.Learn(name, read(b, name))
		}
		data := quiet()
		if !bytes.Equal(r.Text("quiet.log", data), data) {
			b.Fatal("the quiet text is not quiet")
		}
		benchText(b, r.Text, data)
	})
}

// BenchmarkCapture measures a capture of all protocols that carry names and addresses.
func BenchmarkCapture(b *testing.B) {
	r := newRedactor(b, owner)
	for _, name := range samples {
		r.Learn(name, read(b, name))
	}
	frames := packets(b)
	data := pcapng(slices.Repeat(frames, 1<<17/len(bytes.Join(frames, nil))))
	r.LearnFile("bench.pcapng", data)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Capture("bench.pcapng", data); err != nil {
			b.Fatal(err)
		}
	}
}

// quiet is a log with times, ports and numbers, but nothing to replace.
func quiet() []byte {
	lines := []byte(`03/23/2026 18:28:44.27 <Noti:HAL.Port.OpticAutoNegEnblByDflt> Auto-Negotiation enabled by default for the transceiver module in port 57.
03/23/2026 18:28:44.31 <Info:vlan.msgs.portLinkStateUp> Port 1:24 link UP at speed 10 Gbps and full-duplex
CP1 [12/04/15 00:33:49.733:UTC] 0x00374589 00000000 GlobalRouter FA INFO Fabric Attach Assignments will be rejected since ISIS is disabled.
    33     33        LACP      L2          33         Y      A        2
`)
	return bytes.Repeat(lines, 2<<20/len(lines))
}

// mixed is a tech-support as they are: of ten lines, one has something to replace.
func mixed(tb testing.TB, hits []byte) []byte {
	tb.Helper()
	calm := bytes.SplitAfter(quiet()[:64<<10], []byte("\n"))
	var out []byte
	for i, line := range bytes.SplitAfter(hits, []byte("\n")) {
		out = append(out, line...)
		for k := range 9 {
			out = append(out, calm[(9*i+k)%len(calm)]...)
		}
	}
	return bytes.Repeat(out, max(1, 1<<20/len(out)))
}

func benchText(b *testing.B, text func(string, []byte) []byte, data []byte) {
	b.Helper()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		text("bench.log", data)
	}
}
