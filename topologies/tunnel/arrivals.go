package tunnel

// lookBack is how many numbers behind the highest one that has come are told apart. What comes later than
// that may have come before, and goes on no more.
const lookBack = 4096

// arrivals is what has come of numbered frames.
type arrivals struct {
	high       uint64 // highest number
	told       uint64 // the other end has sent so many
	distinct   uint64
	duplicated uint64
	reordered  uint64 // that came after one that was sent after them (RFC 4737)
	seen       [lookBack / 64]uint64
}

func bit(n uint64) (word, mask uint64) { return n % lookBack / 64, 1 << (n % 64) }

// take takes note of a frame, and says whether it comes for the first time.
func (a *arrivals) take(n uint64) bool {
	word, mask := bit(n)
	switch {
	case n > a.high:
		if n-a.high >= lookBack {
			clear(a.seen[:])
		} else {
			for m := a.high + 1; m < n; m++ {
				word, mask := bit(m)
				a.seen[word] &^= mask
			}
		}
		a.high = n
	case a.high-n >= lookBack || a.seen[word]&mask != 0:
		a.duplicated++
		return false
	default:
		a.reordered++
	}
	a.seen[word] |= mask
	a.distinct++
	return true
}

// tell takes note of how many were sent.
func (a *arrivals) tell(sent uint64) { a.told = max(a.told, sent) }

// upTo is the number up to which frames have come, or are lost unless they were overtaken.
func (a *arrivals) upTo() uint64 { return max(a.high, a.told) }
