package topologies

import (
	"fmt"
	"strings"

	"github.com/docker/go-units"
)

// MemoryBytes reads a node's memory as containerlab writes it: 512MB is decimal, 1GiB binary.
// Zero means that the topology does not say.
func (n Node) MemoryBytes() (int64, error) {
	if n.Memory == "" {
		return 0, nil
	}
	parse := units.FromHumanSize
	if strings.Contains(strings.ToLower(n.Memory), "i") {
		parse = units.RAMInBytes
	}
	bytes, err := parse(n.Memory)
	if err != nil {
		return 0, fmt.Errorf("read memory %q: %w", n.Memory, err)
	}
	if bytes <= 0 {
		return 0, fmt.Errorf("read memory %q: it is none", n.Memory)
	}
	return bytes, nil
}
