package redact

import "math/bits"

// needles finds which of several short texts stand in a long one, in one pass (Aho and Corasick, 1975).
type needles struct {
	next  [][256]uint16
	found []uint64 // by state, bits of the groups whose needle ends there, two words each
	ends  []bool   // by state: some group has one there
	words int
}

// newNeedles makes the machine of groups of needles.
func newNeedles(groups [][]string) *needles {
	n := &needles{next: make([][256]uint16, 1), words: (len(groups) + 63) / 64}
	n.found = make([]uint64, n.words)
	for g, list := range groups {
		for _, text := range list {
			at := uint16(0)
			for _, c := range []byte(text) {
				if n.next[at][c] == 0 {
					n.next = append(n.next, [256]uint16{})
					n.found = append(n.found, make([]uint64, n.words)...)
					n.next[at][c] = uint16(len(n.next) - 1) //nolint:gosec // a table of a few hundred letters
				}
				at = n.next[at][c]
			}
			n.found[int(at)*n.words+g/64] |= 1 << (g % 64)
		}
	}
	fail := make([]uint16, len(n.next))
	queue := []uint16{}
	for _, to := range n.next[0] {
		if to != 0 {
			queue = append(queue, to)
		}
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		back := fail[at]
		for w := range n.words {
			n.found[int(at)*n.words+w] |= n.found[int(back)*n.words+w]
		}
		for c, to := range n.next[at] {
			if to == 0 {
				n.next[at][c] = n.next[back][c]
				continue
			}
			fail[to] = n.next[back][c]
			queue = append(queue, to)
		}
	}
	n.ends = make([]bool, len(n.next))
	for i := range n.ends {
		for w := range n.words {
			n.ends[i] = n.ends[i] || n.found[i*n.words+w] != 0
		}
	}
	return n
}

// in gives the groups of which a needle stands in the text, each with where its needles end, in order.
func (n *needles) in(data []byte) map[int][]int {
	var seen map[int][]int
	at := uint16(0)
	for i, c := range data {
		if at = n.next[at][c]; !n.ends[at] {
			continue
		}
		if seen == nil {
			seen = map[int][]int{}
		}
		for w := range n.words {
			for set := n.found[int(at)*n.words+w]; set != 0; set &= set - 1 {
				g := w*64 + bits.TrailingZeros64(set)
				seen[g] = append(seen[g], i+1)
			}
		}
	}
	return seen
}
