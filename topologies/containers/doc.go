// Package containers is the provider whose nodes are containers of a local Docker
// engine, started through testcontainers-go and joined by veth pairs.
//
// A node is a container without an engine network (unless the topology asks for one)
// in which nothing runs but an init; the driver starts the switch software. Cables
// run straight between the network namespaces of two containers, so nothing but the
// containers themselves exists outside, and removing them removes the lab. A shared
// segment (kind bridge or ovs-bridge) is a container too, with the bridge inside.
// /run and /tmp are empty at every start, also after a restart: the driver makes the
// folders that its software wants there. Every interface gets the same hardware address in every lab of the same topology,
// and the same place in the kernel's order of interfaces: that of the links.
//
// Cables, and the faults on them, are package cabling's. Frames are dropped where they arrive, by
// an XDP program before every reader, or by rules at the far end where the kernel loads none, and
// a witness behind both counts what arrived all the same.
//
// Images are never pulled. A missing one is a *topologies.MissingError with the
// command that makes or loads it.
//
// A node may be a machine within its container, as vrnetlab packs vendors' disks: it has no
// Host, and is reached over the engine's bridge (Accessor).
//
// A lab belongs to a process. When that ends without a Release, [Provider.GC] of any
// later process removes what is left, by the labels on it.
//
// Wiring takes root's rights. A process without them, whose user may use the engine,
// has it done by a helper container that runs the same executable with the arguments
// in [Options].WireArgs: that command must call [ServeWiring].
package containers
