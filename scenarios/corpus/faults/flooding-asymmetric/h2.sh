ip link set eth1 address 02:00:00:00:00:02
ip addr add 10.0.0.2/24 dev eth1
ip addr add 10.9.0.2/24 dev eth2
