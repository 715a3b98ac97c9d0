package wiring

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"strconv"

	"github.com/reprise-lab/reprise/topologies"
)

// defaultBridge is the bridge of a segment that names none.
const defaultBridge = "br0"

// SegmentOf reads what the labels of a segment's node ask for.
func SegmentOf(n topologies.Node) (Segment, error) {
	seg := Segment{Name: defaultBridge}
	if name := n.Labels[topologies.LabelBridgeName]; name != "" {
		seg.Name = name
	}
	if err := CheckName(seg.Name); err != nil {
		return seg, err
	}
	if text := n.Labels[topologies.LabelGroupForward]; text != "" {
		mask, err := strconv.ParseUint(text, 0, 16)
		if err != nil {
			return seg, fmt.Errorf("read label %s: %q is no mask of 16 bits", topologies.LabelGroupForward, text)
		}
		seg.Forward = uint16(mask)
	}
	return seg, nil
}

// CheckLinks says what is wrong with the cables, before any is laid.
func CheckLinks(t topologies.Topology) error {
	var errs []error
	taken := map[string]bool{}
	nodes := map[string]bool{}
	for _, n := range t.Nodes {
		nodes[n.Name] = true
	}
	for _, l := range t.Links {
		for _, e := range []topologies.Endpoint{l.A, l.B} {
			if !nodes[e.Node] {
				errs = append(errs, fmt.Errorf("link %s–%s: there is no node %s", l.A, l.B, e.Node))
			}
			if err := CheckName(e.Interface); err != nil {
				errs = append(errs, fmt.Errorf("link %s–%s: %w", l.A, l.B, err))
			}
			if taken[e.String()] {
				errs = append(errs, fmt.Errorf("two links end at %s", e))
			}
			taken[e.String()] = true
		}
	}
	return errors.Join(errs...)
}

// Address is the hardware address of an endpoint that fixes none: locally administered, and
// the same in every lab of the topology, because elections and tie-breaks depend on it.
func Address(topology string, e topologies.Endpoint) string {
	sum := sha256.Sum256([]byte(topology + "\x00" + e.Node + "\x00" + e.Interface))
	mac := net.HardwareAddr(sum[:6])
	mac[0] = 0x02
	return mac.String()
}

// Sysctls makes a device a router that keeps its addresses when a port goes down, as
// a switch does, and a segment mute. What the node sets itself comes last.
func Sysctls(n topologies.Node) map[string]string {
	settings := map[string]string{"net.ipv4.ip_forward": "1"}
	if n.IsSegment() {
		settings["net.ipv4.ip_forward"] = "0"
	}
	if _, err := os.Stat("/proc/sys/net/ipv6"); err == nil {
		for _, scope := range []string{"all", "default"} {
			prefix := "net.ipv6.conf." + scope + "."
			if n.IsSegment() {
				settings[prefix+"disable_ipv6"] = "1"
				continue
			}
			settings[prefix+"disable_ipv6"] = "0"
			settings[prefix+"forwarding"] = "1"
			settings[prefix+"keep_addr_on_down"] = "1"
		}
	}
	maps.Copy(settings, n.Sysctls)
	return settings
}
