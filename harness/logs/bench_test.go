package logs_test

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/reprise-lab/reprise/harness/logs"
)

// manyLines are the samples of every format, again and again.
func manyLines(tb testing.TB) (data []byte, lines int) {
	tb.Helper()
	names, err := filepath.Glob("testdata/*.log")
	if err != nil {
		tb.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		data = append(data, text...)
	}
	data = bytes.Repeat(data, 2000)
	return data, bytes.Count(data, []byte("\n"))
}

// BenchmarkLines compares reading, parsing and masking, and finding templates, with a bare reader of
// lines that asks each for one regular expression.
func BenchmarkLines(b *testing.B) {
	data, lines := manyLines(b)
	rate := func(b *testing.B) {
		b.Helper()
		b.ReportMetric(float64(lines*b.N)/b.Elapsed().Seconds(), "lines/s")
	}
	b.Run("bare", func(b *testing.B) {
		see := regexp.MustCompile(`^(\S+ \S+) (?:<(\w+)> )?(\S+?): (.*)$`)
		for b.Loop() {
			for s := bufio.NewScanner(bytes.NewReader(data)); s.Scan(); {
				see.FindSubmatchIndex(s.Bytes())
			}
		}
		rate(b)
	})
	b.Run("parse", func(b *testing.B) {
		for b.Loop() {
			for l, err := range logs.Read(bytes.NewReader(data), "f", logs.Options{Year: march}) {
				if err != nil {
					b.Fatal(err)
				}
				logs.Mask(l.Text)
			}
		}
		rate(b)
	})
	b.Run("template", func(b *testing.B) {
		for b.Loop() {
			set := logs.NewSet(0)
			for l, err := range logs.Read(bytes.NewReader(data), "f", logs.Options{Year: march}) {
				if err != nil {
					b.Fatal(err)
				}
				set.Of(l)
			}
		}
		rate(b)
	})
}
