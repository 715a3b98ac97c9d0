# printer room
ip link set eth1 alias "from access-7"
ip addr add 10.8.1.9/24 dev eth1
