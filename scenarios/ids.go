package scenarios

import (
	"fmt"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// IDs are the ids of scenarios that are looked at together, and which of them has each.
type IDs map[string]string

// Take notes the id of a scenario, which people know by name. It is a problem where another has
// it: ids are unique.
func (ids IDs) Take(l *Loaded, name string) yamlpos.Problems {
	id := l.Scenario.ID
	other, twice := ids[id]
	ids[id] = name
	if !twice {
		return nil
	}
	return yamlpos.Problems{{File: l.File, Line: l.Line("id"), Col: 1, Message: fmt.Sprintf("the id %q is taken by %s", id, other), Hint: "ids are unique among your scenarios"}}
}
