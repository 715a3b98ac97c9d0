package scenarios

import (
	"fmt"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// exclude refuses conditions of one list of which not all can hold, whatever the network does: all of them have to.
func (c *checker) exclude(list string, cs []Condition) {
	for i, a := range cs {
		for j, b := range cs[:i] {
			if sameLook(a, b) && (deniesWithin(a, b) || deniesWithin(b, a) || bothNever(a, b)) {
				c.refuse(yamlpos.Index(list, i), "one of them, or another look", "%s and %s can never hold together", yamlpos.Index(list, j), yamlpos.Index(list, i))
			}
		}
	}
}

// sameLook reports whether two conditions look at the same, from the same moment on.
func sameLook(a, b Condition) bool {
	looks := func(c Condition) bool {
		return len(c.probes()) == 1 && !c.AfterFalse && c.Hangs == 0 && c.Changes == nil && !c.Follows()
	}
	return looks(a) && looks(b) && a.Node == b.Node && a.Probe().Describe() == b.Probe().Describe() &&
		a.Template == b.Template && fmt.Sprint(a.Exit) == fmt.Sprint(b.Exit)
}

// deniesWithin reports whether one has to become true within a time in which the other is never true, of the same expression.
func deniesWithin(becomes, never Condition) bool {
	by := becomes.Eventually + becomes.Within
	return by > 0 && never.Never >= by && becomes.Predicate() == never.Predicate()
}

// bothNever reports whether neither of two may ever be true, and one of them always is.
func bothNever(a, b Condition) bool {
	if a.Never == 0 || b.Never == 0 {
		return false
	}
	either, err := CompilePredicate("("+a.Predicate()+") or ("+b.Predicate()+")", true)
	return err == nil && either.certain(quantities(a, 0))
}
