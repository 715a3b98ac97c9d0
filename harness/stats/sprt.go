package stats

import "math"

// Decision of a sequential test. The zero value is invalid.
type Decision string

// Decisions.
const (
	Continue Decision = "continue"
	High     Decision = "high" // the rate is P1 or more
	Low      Decision = "low"  // the rate is P0 or less
)

// SPRT is Wald's sequential probability ratio test (1945) between a low rate P0 and a
// high rate P1. Alpha is the risk of saying High at P0, Beta that of saying Low at P1.
type SPRT struct {
	P0, P1      float64
	Alpha, Beta float64
}

// Score is the log likelihood ratio of P1 against P0 after hits and misses.
func (s SPRT) Score(hits, misses int) float64 {
	return float64(hits)*math.Log(s.P1/s.P0) + float64(misses)*math.Log((1-s.P1)/(1-s.P0))
}

// Decide tells what hits and misses so far say.
func (s SPRT) Decide(hits, misses int) Decision {
	switch score := s.Score(hits, misses); {
	case score >= math.Log((1-s.Beta)/s.Alpha):
		return High
	case score <= math.Log(s.Beta/(1-s.Alpha)):
		return Low
	default:
		return Continue
	}
}

// Misses is the number of misses in a row, after those hits, that lead to Low.
func (s SPRT) Misses(hits int) int {
	return max(0, int(math.Ceil((s.Score(hits, 0)-math.Log(s.Beta/(1-s.Alpha)))/-s.Score(0, 1)-1e-9)))
}
