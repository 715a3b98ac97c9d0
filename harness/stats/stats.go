// Package stats holds the statistics of repeated trials: how often, and how sure.
// Formulas carry their source. Nothing here knows what a trial is.
package stats

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// z95 is the 97.5 % quantile of the standard normal distribution.
const z95 = 1.959963984540054

// Wilson gives the 95 % score interval of a rate of k hits in n trials (Wilson 1927).
// It is meant for display. n = 0 gives [0, 1].
func Wilson(k, n int) [2]float64 {
	if n <= 0 {
		return [2]float64{0, 1}
	}
	kf, nf := float64(k), float64(n)
	centre := (kf + z95*z95/2) / (nf + z95*z95)
	half := z95 / (nf + z95*z95) * math.Sqrt(kf*(nf-kf)/nf+z95*z95/4)
	return [2]float64{max(0, centre-half), min(1, centre+half)}
}

// ClopperPearson gives the exact 95 % interval of a rate of k hits in n trials (Clopper
// and Pearson 1934): its coverage is guaranteed, so it is the one to claim to somebody
// else. n = 0 gives [0, 1].
func ClopperPearson(k, n int) [2]float64 {
	interval := [2]float64{0, 1}
	if n <= 0 {
		return interval
	}
	if k > 0 {
		interval[0] = mathext.InvRegIncBeta(float64(k), float64(n-k+1), 0.025)
	}
	if k < n {
		interval[1] = mathext.InvRegIncBeta(float64(k+1), float64(n-k), 0.975)
	}
	return interval
}
