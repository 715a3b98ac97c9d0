ip addr add 10.0.0.9/24 dev eth1
