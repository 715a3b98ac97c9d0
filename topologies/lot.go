package topologies

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// LotBits is how many bits a number of [Lot.Draw] has.
const LotBits = 53

// Lot gives each frame of a way a number by which a share of them is picked, whatever acts on them: it
// is computed of the seed, the endpoint that they are on their way to, and their ordinal, and of no frame before.
type Lot uint64

// NewLot makes that of a seed for frames on their way to an endpoint.
func NewLot(seed uint64, to Endpoint) Lot {
	d := sha256.Sum256([]byte(to.String())) // each way has chances of its own
	return Lot(seed ^ binary.BigEndian.Uint64(d[:]))
}

// The numbers of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
// OOPSLA 2014, figure 17), of which an ordinal is the count of steps.
const (
	LotStep   = 0x9e3779b97f4a7c15
	LotFirst  = 0xbf58476d1ce4e5b9
	LotSecond = 0x94d049bb133111eb
)

// Draw gives the number of a frame: below [LotLimit] of a share, it is among those.
func (l Lot) Draw(ordinal uint64) uint64 {
	z := uint64(l) + ordinal*LotStep
	z = (z ^ z>>30) * LotFirst
	z = (z ^ z>>27) * LotSecond
	return (z ^ z>>31) >> (64 - LotBits)
}

// LotLimit is below what number frames are drawn of a share between 0 and 1.
func LotLimit(share float64) uint64 { return uint64(math.Round(share * (1 << LotBits))) }
