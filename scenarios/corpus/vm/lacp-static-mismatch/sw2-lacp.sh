ip link add bond0 type bond mode 802.3ad lacp_rate fast miimon 100 xmit_hash_policy layer2+3
for p in eth1 eth2; do
  ip link set $p down
  ip link set $p master bond0
done
ip link set bond0 up
ip addr add 10.0.0.100/24 dev bond0
