# The trunks are slowed so that a storm stays harmless for the machine.
for l in l1 l2; do
  tc qdisc add dev $l root tbf rate 1mbit burst 3000 latency 50ms
done
ip link add br0 type bridge stp_state 1 forward_delay 200 hello_time 100 max_age 600 mcast_snooping 0
for p in l1 l2 p1; do
  [ -e /sys/class/net/$p ] && ip link set $p master br0 || true
done
# b1 is the root, so b2 blocks the second of the two links
if [ "$(hostname)" = b1 ]; then ip link set br0 type bridge priority 4096; fi
ip link set br0 up
