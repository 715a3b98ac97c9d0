package stats

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/mathext"
)

// Unseen are the rates of a second sample of m trials that Fisher's exact test, two-sided at
// 5 %, would not have told from k hits in n trials with the power given: those between the two.
// A rate below the first, or above the second, would have been told with that power or a larger
// one. 0 and 1 stand for "none would have been": too few trials see no difference on that side.
func Unseen(k, n, m int, power float64) [2]float64 {
	unseen := [2]float64{0, 1}
	if n == 0 || m == 0 {
		return unseen
	}
	// Hits up to which, and from which on, the test tells: it does so on both sides of the same rate,
	// and the more the further away.
	same := k * m / n
	low := sort.Search(same, func(hits int) bool { return !differ(k, n, hits, m) }) - 1
	high := same + 1 + sort.Search(m-same, func(i int) bool { return differ(k, n, same+1+i, m) })
	// The chance of so few hits, or so many, is a regularised incomplete beta function of the rate.
	if low >= 0 {
		unseen[0] = mathext.InvRegIncBeta(float64(low+1), float64(m-low), 1-power)
	}
	if high <= m {
		unseen[1] = mathext.InvRegIncBeta(float64(high), float64(m-high+1), power)
	}
	return unseen
}

// CleanTrials is how many trials without a hit say with a confidence that a rate is below p: the
// chance of none in so many, ceil(ln(1 − confidence) / ln(1 − p)), is then at most the rest.
func CleanTrials(p, confidence float64) int {
	switch {
	case p <= 0:
		return 0
	case p >= 1:
		return 1
	default:
		return int(math.Ceil(math.Log(1-confidence) / math.Log1p(-p)))
	}
}

func differ(k1, n1, k2, n2 int) bool { return FisherTwoSided(k1, n1, k2, n2) < 0.05 }
