package logs

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/harness/result"
)

// parting is how a failing trial leaves the clean ones.
type parting struct{ failing, clean string }

// divergences finds, for each node, where its log of most failing trials leaves those of all clean ones after
// the stimulus began: behind the longest beginning that it shares with any of them.
func (d *differ) divergences() {
	if d.failing == 0 || d.clean == 0 {
		return
	}
	best := map[string]result.LogDivergence{}
	keys := slices.SortedFunc(maps.Keys(d.sequences), func(a, b sequenceKey) int {
		return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.file, b.file))
	})
	for _, key := range keys {
		found, ok := d.diverge(key)
		old, before := best[key.node]
		if ok && (!before || found.Trials > old.Trials || found.Trials == old.Trials && found.SinceT0 < old.SinceT0) {
			best[key.node] = found
		}
	}
	for _, node := range slices.Sorted(maps.Keys(best)) {
		d.out.Divergences = append(d.out.Divergences, best[node])
	}
}

// diverge is the commonest way in which one file of a node leaves.
func (d *differ) diverge(key sequenceKey) (result.LogDivergence, bool) {
	all := d.sequences[key]
	ways := map[parting]*result.LogDivergence{}
	times := map[parting][]time.Duration{}
	for i := range d.failing {
		common, other := 0, -1
		for j := d.failing; j < d.failing+d.clean; j++ {
			if n := shared(all[i], all[j]); other < 0 || n > common {
				common, other = n, j
			}
		}
		if common == len(all[i]) && common == len(all[other]) {
			continue // the same as a clean one
		}
		way := parting{templateAt(all[i], common), templateAt(all[other], common)}
		if ways[way] == nil {
			ways[way] = &result.LogDivergence{Node: key.node, Common: common, Failing: way.failing, Clean: way.clean}
			if common < len(all[i]) {
				ways[way].Example = all[i][common].place
			}
		}
		ways[way].Trials++
		ways[way].Common = min(ways[way].Common, common)
		switch {
		case common < len(all[i]):
			times[way] = append(times[way], all[i][common].at)
		case common < len(all[other]):
			times[way] = append(times[way], all[other][common].at)
		}
	}
	for _, way := range slices.SortedFunc(maps.Keys(ways), func(a, b parting) int {
		return cmp.Or(cmp.Compare(ways[b].Trials, ways[a].Trials), cmp.Compare(ways[a].Common, ways[b].Common), cmp.Compare(a.failing, b.failing), cmp.Compare(a.clean, b.clean))
	}) {
		ways[way].SinceT0 = median(times[way])
		return *ways[way], true
	}
	return result.LogDivergence{}, false
}

// shared is how many templates two logs begin with alike.
func shared(a, b []step) int {
	for i := range min(len(a), len(b)) {
		if a[i].id.ID != b[i].id.ID {
			return i
		}
	}
	return min(len(a), len(b))
}

func templateAt(s []step, i int) string {
	if i < len(s) {
		return s[i].id.String()
	}
	return ""
}
