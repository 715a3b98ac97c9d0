ip link add br0 type bridge group_fwd_mask 0x4000
ip link set p1 master br0
ip link set p2 master br0
ip link set br0 up
