# sixty subnets on each of the eight ports
for port in 1 2 3 4 5 6 7 8; do
  for subnet in $(seq 60); do
    echo "addr add 10.$port.$subnet.1/24 dev eth$port"
  done
done | ip -batch -
