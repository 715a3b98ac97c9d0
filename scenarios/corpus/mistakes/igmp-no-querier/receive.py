"""Receive a multicast stream and note when its last packet came. Joins again until the first
has come: the switch may not have been there."""

import os
import socket
import time

GROUP = socket.inet_aton("239.1.1.1") + socket.inet_aton("10.0.0.1")


def note(when):
    with open("/run/last.new", "w") as f:
        f.write(f"{when:.0f}\n")
    os.replace("/run/last.new", "/run/last")


note(0)
first = True
while True:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("239.1.1.1", 5000))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, GROUP)
    if first:
        s.settimeout(30)
    try:
        while True:
            s.recv(100)
            first = False
            s.settimeout(None)
            note(time.time())
    except socket.timeout:
        s.close()
