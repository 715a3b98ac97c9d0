package containers

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/topologies"
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

// startSwitches starts the switches of the segments that have one.
func (l *lab) startSwitches(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, n := range l.order {
		if n.Kind == topologies.KindOVSBridge {
			group.Go(func() error { return l.startSwitch(ctx, n) })
		}
	}
	return group.Wait()
}

// ovsReplug takes a port out of a bridge and puts it back: the switch holds on to an
// interface that is gone.
const ovsReplug = `ovs-vsctl --timeout=20 --if-exists del-port "$1" "$2" && ovs-vsctl --timeout=20 add-port "$1" "$2"`

// replugSwitch has the switches at a link's ends take up the new cable. The switch of
// the node named starting is not running yet.
func (l *lab) replugSwitch(ctx context.Context, link topologies.Link, starting string) error {
	for _, e := range []topologies.Endpoint{link.A, link.B} {
		n := l.nodes[e.Node]
		if n.Kind != topologies.KindOVSBridge || n.Name == starting {
			continue
		}
		if err := l.inSwitch(ctx, n, ovsReplug, n.segment.Name, e.Interface); err != nil {
			return fmt.Errorf("replug %s: %w", e, err)
		}
	}
	return nil
}

func (l *lab) startSwitch(ctx context.Context, n *node) error {
	args := append([]string{n.segment.Name, strconv.FormatBool(n.segment.Forward != 0)}, l.topology.Interfaces(n.Name)...)
	if err := l.inSwitch(ctx, n, ovsStart, args...); err != nil {
		return fmt.Errorf("start the switch of node %s: %w", n.Name, err)
	}
	return nil
}

// inSwitch runs a script in a segment's container.
func (l *lab) inSwitch(ctx context.Context, n *node, script string, args ...string) error {
	var out bytes.Buffer
	exit, err := (&host{lab: l, node: n}).Exec(ctx, append([]string{"sh", "-c", script, "sh"}, args...), nil, &out, &out)
	if err == nil && exit != 0 {
		err = fmt.Errorf("exit status %d: %s", exit, strings.TrimSpace(out.String()))
	}
	return err
}
