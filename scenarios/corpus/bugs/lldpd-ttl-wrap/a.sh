# 3300 s × 20 are 66000 s, 464 more than 16 bits hold.
cat > /etc/lldpd.d/lab.conf <<'CONF'
configure system hostname a
configure system interface pattern eth1
configure lldp tx-interval 3300
configure lldp tx-hold 20
CONF
