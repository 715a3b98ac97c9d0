package wiring

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/bounded"
)

// ovsStart starts Open vSwitch with a datapath in user space, for any kernel. Its
// arguments are the bridge, whether it forwards BPDUs, and the ports.
const ovsStart = `set -e
bridge=$1 bpdu=$2; shift 2
mkdir -p /run/openvswitch /var/log/openvswitch /etc/openvswitch
db=/etc/openvswitch/conf.db
rm -f "$db"
ovsdb-tool create "$db" /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server "$db" --remote=punix:/run/openvswitch/db.sock --pidfile --detach --log-file
ovs-vsctl --no-wait init
ovs-vswitchd --pidfile --detach --log-file --disable-system
ovs-vsctl --timeout=20 add-br "$bridge" -- set bridge "$bridge" datapath_type=netdev other-config:forward-bpdu="$bpdu"
for port in "$@"; do
	ovs-vsctl --timeout=20 add-port "$bridge" "$port"
done`

// ovsReplug takes a port out of a bridge and puts it back: the switch holds on to an
// interface that is gone.
const ovsReplug = `ovs-vsctl --timeout=20 --if-exists del-port "$1" "$2" && ovs-vsctl --timeout=20 add-port "$1" "$2"`

// ovsPorts prints the ports of a bridge of a switch that runs.
const ovsPorts = `for d in ovsdb-server ovs-vswitchd; do
	kill -0 "$(cat /run/openvswitch/$d.pid)" 2>/dev/null || { echo "$d"; exit 44; }
done
exec ovs-vsctl --timeout=10 list-ports "$1"`

const ovsEnded = 44

// maxPorts bounds the list of a switch's ports, in bytes.
const maxPorts = 1 << 20

// StartSwitch starts Open vSwitch on the node of a segment whose cables are laid.
func StartSwitch(ctx context.Context, h topologies.Host, seg Segment, ports []string) error {
	return inSwitch(ctx, h, ovsStart, append([]string{seg.Name, strconv.FormatBool(seg.Forward != 0)}, ports...)...)
}

// ReplugPort has the switch of a segment take up a cable that was laid anew.
func ReplugPort(ctx context.Context, h topologies.Host, seg Segment, port string) error {
	return inSwitch(ctx, h, ovsReplug, seg.Name, port)
}

// SwitchPorts gives the ports of the switch that was started for a segment, or the name of the
// daemon of it that has ended.
func SwitchPorts(ctx context.Context, h topologies.Host, seg Segment) (ports []string, ended string, err error) {
	out, said := bounded.NewFirst(maxPorts), bounded.NewFirst(bounded.Words)
	exit, err := h.Exec(ctx, []string{"sh", "-c", ovsPorts, "sh", seg.Name}, nil, out, said)
	switch {
	case err != nil:
		return nil, "", err
	case out.Over():
		return nil, "", errors.New("list the ports of the segment: there is no end of them")
	case exit == ovsEnded:
		return nil, out.Trimmed(), nil
	case exit != 0:
		return nil, "", errors.New("list the ports of the segment: " + said.Trimmed())
	default:
		return strings.Fields(out.String()), "", nil
	}
}

// inSwitch runs a script on a segment's node.
func inSwitch(ctx context.Context, h topologies.Host, script string, args ...string) error {
	out := bounded.NewFirst(bounded.Words)
	exit, err := h.Exec(ctx, append([]string{"sh", "-c", script, "sh"}, args...), nil, out, out)
	if err == nil && exit != 0 {
		err = fmt.Errorf("exit status %d: %s", exit, out.Trimmed())
	}
	return err
}
