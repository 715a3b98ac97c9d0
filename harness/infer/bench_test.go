package infer_test

import "testing"

// BenchmarkInfer is a network of 200 devices, from their files to its links.
func BenchmarkInfer(b *testing.B) {
	texts, truth, _ := made(7, 200)
	names := written(b, texts...)
	for b.Loop() {
		if n := inferred(b, names...); len(n.Links) != len(truth) {
			b.Fatalf("%d links of %d", len(n.Links), len(truth))
		}
	}
}
