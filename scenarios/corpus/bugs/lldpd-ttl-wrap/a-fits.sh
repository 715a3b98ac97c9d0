# 3300 s × 4 are 13200 s, which 16 bits hold.
cat > /etc/lldpd.d/lab.conf <<'CONF'
configure system hostname a
configure system interface pattern eth1
configure lldp tx-interval 3300
configure lldp tx-hold 4
CONF
