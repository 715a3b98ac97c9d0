# access switch of the office: host name, subnets, routes and tunables
hostname access-7
sysctl -qw net.ipv4.conf.all.rp_filter=0
sysctl -qw net.ipv6.conf.default.accept_ra=0
for n in $(seq 60); do echo "addr add 10.1.$n.1/24 dev eth1"; done | ip -batch -
for n in $(seq 60); do echo "addr add 10.2.$n.1/24 dev eth2"; done | ip -batch -
for n in $(seq 60); do echo "addr add 10.3.$n.1/24 dev eth3"; done | ip -batch -
for n in $(seq 60); do echo "addr add 10.4.$n.1/24 dev eth4"; done | ip -batch -
for n in $(seq 60); do echo "addr add 10.5.$n.1/24 dev eth5"; done | ip -batch -
for n in $(seq 60); do echo "addr add 10.6.$n.1/24 dev eth6"; done | ip -batch -
for n in $(seq 60); do echo "addr add 10.7.$n.1/24 dev eth7"; done | ip -batch -
for n in $(seq 60); do echo "addr add 10.8.$n.1/24 dev eth8"; done | ip -batch -
ip link set eth1 alias "desk 1"
ip link set eth2 alias "desk 2"
ip link set eth3 alias "desk 3"
ip link set eth4 alias "desk 4"
ip link set eth5 alias "desk 5"
ip link set eth6 alias "desk 6"
ip link set eth7 alias "desk 7"
ip link set eth8 alias "desk 8"
ip route add 172.16.0.0/24 via 10.1.1.2
ip route add 172.16.1.0/24 via 10.2.1.2
ip route add 172.16.2.0/24 via 10.3.1.2
ip route add 172.16.3.0/24 via 10.4.1.2
ip link add uplink type veth peer name spare
ip link set uplink up
ip neigh add 10.1.1.2 lladdr 02:00:00:00:00:02 dev eth1
