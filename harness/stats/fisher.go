package stats

import "math"

// lnChoose is the logarithm of the binomial coefficient.
func lnChoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

// hypergeometric is the probability of k hits in the first n of n+m trials, when all of
// them together have t.
func hypergeometric(k, n, m, t int) float64 {
	if k < 0 || k > n || t-k < 0 || t-k > m {
		return 0
	}
	return math.Exp(lnChoose(n, k) + lnChoose(m, t-k) - lnChoose(n+m, t))
}

// FisherLess is the one-sided exact p-value (Fisher 1935) for the claim that the second
// sample hits less often than the first: the probability of k2 or fewer of the k1+k2 hits
// falling among the n2 trials, if both hit equally often.
func FisherLess(k1, n1, k2, n2 int) float64 {
	p := 0.0
	for i := 0; i <= k2; i++ {
		p += hypergeometric(k1+k2-i, n1, n2, k1+k2)
	}
	return min(p, 1)
}

// FisherTwoSided is the two-sided exact p-value for k1 of n1 against k2 of n2: the
// probability of every table with the same margins that is no likelier than this one.
func FisherTwoSided(k1, n1, k2, n2 int) float64 {
	total := k1 + k2
	seen := hypergeometric(k1, n1, n2, total)
	p := 0.0
	for i := max(0, total-n2); i <= min(n1, total); i++ {
		if h := hypergeometric(i, n1, n2, total); h <= seen*(1+1e-7) {
			p += h
		}
	}
	return min(p, 1)
}

// MaxCleanRuns bounds CleanRuns: a rate that needs more cannot be shown to be gone.
const MaxCleanRuns = 100000

// CleanRuns is the number of clean trials of a fix that are needed after k hits in n
// trials, so that Fisher's exact test refuses "nothing changed" at the confidence given
// (0.95, 0.99): the smallest m with C(n,k)/C(n+m,k) <= 1-confidence. Unlike a count from
// the point estimate it never calls an unfixed build fixed more often than promised. It
// is 0 for k = 0, where nothing can be shown, and MaxCleanRuns where that many are not enough.
func CleanRuns(k, n int, confidence float64) int {
	if k <= 0 || n < k {
		return 0
	}
	limit := math.Log(1 - confidence)
	for m := 1; m < MaxCleanRuns; m++ {
		if lnChoose(n, k)-lnChoose(n+m, k) <= limit {
			return m
		}
	}
	return MaxCleanRuns
}

// CleanPairs reports whether k hits in n trials against none in n others are enough for
// Fisher's exact test to refuse "no difference" at a confidence: C(n,k)/C(2n,k) <= 1-confidence.
func CleanPairs(k, n int, confidence float64) bool {
	return k > 0 && k <= n && lnChoose(n, k)-lnChoose(2*n, k) <= math.Log(1-confidence)
}
