package vm

import (
	"crypto/sha256"
	"net"

	"github.com/reprise-lab/reprise/topologies"
)

// address is the hardware address of an endpoint that fixes none: locally administered,
// and the same in every lab of the topology, because elections and tie-breaks depend on it.
func address(topology string, e topologies.Endpoint) string {
	sum := sha256.Sum256([]byte(topology + "\x00" + e.Node + "\x00" + e.Interface))
	mac := net.HardwareAddr(sum[:6])
	mac[0] = 0x02
	return mac.String()
}

// slotAddress is the address that the device in a slot is made with. It says nothing of
// the topology, so that one state serves every node with as many devices.
func slotAddress(slot int) string {
	return net.HardwareAddr{0x52, 0x54, 0x00, 0x72, 0x65, byte(slot)}.String() //nolint:gosec // there are fewer than 64
}
