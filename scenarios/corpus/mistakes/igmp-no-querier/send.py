"""Send a multicast stream, a packet a second."""

import socket
import time

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.0.0.2"))
while True:
    s.sendto(b"picture", ("239.1.1.1", 5000))
    time.sleep(1)
