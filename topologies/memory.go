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
	bytes, err := ParseBytes(n.Memory)
	if err != nil {
		return 0, fmt.Errorf("read memory %q: %w", n.Memory, err)
	}
	if bytes <= 0 {
		return 0, fmt.Errorf("read memory %q: it is none", n.Memory)
	}
	return bytes, nil
}

// LabelDisk is the node label that has what a node writes be kept on a disk where its lab would keep it
// in memory, so many bytes of it at most: "20GiB". Labs whose nodes are on a disk anyway pass it over.
const LabelDisk = "reprise.disk"

// DiskBytes reads LabelDisk. Zero means that the topology does not say.
func (n Node) DiskBytes() (int64, error) {
	text, ok := n.Labels[LabelDisk]
	if !ok {
		return 0, nil
	}
	bytes, err := ParseBytes(text)
	if err != nil {
		return 0, fmt.Errorf("read label %s %q: %w", LabelDisk, text, err)
	}
	if bytes <= 0 {
		return 0, fmt.Errorf("read label %s %q: it is no disk", LabelDisk, text)
	}
	return bytes, nil
}

// ParseBytes reads a number of bytes as containerlab writes it: 512MB is decimal, 1GiB binary. An
// empty text is 0.
func ParseBytes(text string) (int64, error) {
	switch {
	case text == "":
		return 0, nil
	case strings.Contains(strings.ToLower(text), "i"):
		return units.RAMInBytes(text)
	default:
		return units.FromHumanSize(text)
	}
}
