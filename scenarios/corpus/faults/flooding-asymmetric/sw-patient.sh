ip link add br0 type bridge ageing_time 30000 mcast_snooping 0
ip link set p1 master br0
ip link set p2 master br0
ip link set p3 master br0
ip link set br0 up
