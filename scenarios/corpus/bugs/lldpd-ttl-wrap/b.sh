cat > /etc/lldpd.d/lab.conf <<'CONF'
configure system hostname b
configure system interface pattern eth1
CONF
